"""The protocol where ours cannot serve (see `uvicorn_compat`); h11 is loaded by it alone."""

from uvicorn.protocols.http.h11_impl import H11Protocol

from gatepass.server.serving.readiness import STOPPING


class FallbackProtocol(H11Protocol):
    """uvicorn's protocol over h11."""

    def shutdown(self) -> None:
        """Begin to end the connection; a request that only waits must not delay that."""
        super().shutdown()
        stopping = self.app_state.get(STOPPING)
        if stopping:
            stopping()
