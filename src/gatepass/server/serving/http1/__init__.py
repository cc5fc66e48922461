"""HTTP/1.1 below the application: message framing, bounds, time limits, open connections.

Whatever comes from a stranger passes here first. `head` and `body` are pure; `protocol` is the
connection; `connections` counts and bounds them all. No path and no endpoint is known here.
"""
