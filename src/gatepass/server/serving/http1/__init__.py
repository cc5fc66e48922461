"""HTTP/1.1 below the application: message framing, size and time limits, open connections.

Every request passes here first. `head` and `body` do no I/O; `protocol` is the connection;
`connections` counts and limits them. This package knows no path and no endpoint.
"""
