"""The Admin API: every operation that an application may do, over HTTP."""
