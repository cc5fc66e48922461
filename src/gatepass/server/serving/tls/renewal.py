"""Keeps the TLS contexts of a process up to date with their files."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog

from gatepass.server.configuration.security.tls_settings import TlsSettings
from gatepass.server.observability import metrics
from gatepass.server.serving.tls.contexts import Contexts, TlsFileError, read

CHECK_EVERY = 2.0  # seconds
_FORGET_SESSIONS_EVERY = 300.0  # seconds, of the port that asks for certificates
_WARN_BEFORE = 14  # days before the certificate expires
_WARN_EVERY = 24 * 3600.0  # seconds

log = structlog.get_logger("gatepass.server")

FileState = tuple[int, int, int] | None
"""Inode, size and time of change of a file; None where there is none. It follows links, as
certbot changes these."""


class CurrentContexts:
    """The contexts that connections are made with now.

    Raises TlsFileError where the files are of no use at the start; later the contexts before
    stay, and a warning says why.
    """

    def __init__(self, settings: TlsSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._paths = [
            each
            for each in (settings.certificate, settings.key, settings.client_ca)
            if each is not None
        ]
        self._states = self._read_states()
        self._read_at = clock()
        self._warned_at: float | None = None
        self.now = self._set(read(settings))

    def check(self) -> None:
        """Read the files again if one has changed; warn of a certificate that expires."""
        now, states = self._clock(), self._read_states()
        if states != self._states:
            self._states = states
            self._renew()
        elif self.now.mutual is not None and now - self._read_at > _FORGET_SESSIONS_EVERY:
            # A new context knows no session of TLS 1.2: each certificate is validated again.
            self._renew(is_routine=True)
        self._warn(now)

    def _renew(self, *, is_routine: bool = False) -> None:
        self._read_at = self._clock()
        try:
            self._set(read(self._settings))
        except TlsFileError as error:
            if not is_routine:
                log.warning("tls.renewal_failed", reason=str(error))
            return
        if not is_routine:
            log.info("tls.renewed", ends=self.now.ends.isoformat())
            self._warned_at = None

    def _set(self, contexts: Contexts) -> Contexts:
        self.now = contexts
        metrics.certificate_ends(contexts.ends.timestamp())
        return contexts

    def _warn(self, now: float) -> None:
        if self._warned_at is not None and now - self._warned_at < _WARN_EVERY:
            return
        self._warned_at = now
        left = (self.now.ends - datetime.now(UTC)).days
        if left < _WARN_BEFORE:
            log.warning("tls.certificate_expires", ends=self.now.ends.isoformat(), days=left)

    def _read_states(self) -> list[FileState]:
        return [_state(each) for each in self._paths]


def _state(path: Path) -> FileState:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
