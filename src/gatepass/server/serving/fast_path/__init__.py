"""The fast path: answers plain OAuth requests without ASGI."""
