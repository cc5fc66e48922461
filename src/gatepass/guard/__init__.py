"""Runs in an API: says who calls and what they may do, or refuses (RFC 6750, RFC 7662).

`expectation`, `principal` and the flow in `lookup` are pure. `introspector` and
`over_httpx2` reach the authorization server; `fastapi` is the face to an API.
"""
