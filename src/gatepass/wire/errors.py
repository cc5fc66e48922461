"""OAuth errors."""

import re

# Error codes of RFC 6749 §5.2, RFC 6750 §3.1, RFC 7009 §2.2.1, RFC 8707 §2 and RFC 9449 §5, each
# with its HTTP status. The last two are of RFC 6749 §4.1.2.1 and say that waiting may help.
STATUS = {
    "invalid_request": 400,
    "invalid_client": 401,
    "invalid_grant": 400,
    "unauthorized_client": 400,
    "unsupported_grant_type": 400,
    "unsupported_token_type": 400,
    "invalid_scope": 400,
    "invalid_target": 400,
    "invalid_token": 401,
    "insufficient_scope": 403,
    "invalid_dpop_proof": 400,
    "use_dpop_nonce": 400,
    "temporarily_unavailable": 503,
    "server_error": 500,
}

# RFC 6749 §5.2: error_description has no quotes, backslashes, controls or non-ASCII.
_FORBIDDEN = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


class OAuthError(Exception):
    """A request that is understood and refused (RFC 6749 §5.2).

    `code` (one of STATUS) and `description` go to the caller, `message`, the same before characters
    that a header forbids are replaced, to a page; `log_detail` to the log and to
    the owner of the application. `reason` is the detail as one word, for counters, where the
    code is not specific enough. `status` overrides the code's HTTP status; `retry_after` is in
    seconds; `client_id` is set where the client is known.
    """

    def __init__(
        self,
        code: str,
        description: str,
        *,
        log_detail: str = "",
        reason: str = "",
        status: int | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {log_detail or description}")
        self.code = code
        self.message = description
        self.description = _FORBIDDEN.sub("?", description)
        self.log_detail = log_detail
        self.reason = reason
        self.status = STATUS[code] if status is None else status
        self.retry_after = retry_after
        self.client_id = ""
