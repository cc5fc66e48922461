"""The steps of a rotation, in an order in which a program that stops locks nobody out.

What the store has always works: it has the old secret until the new one is registered, and the old
one ends only after the new one was read back from the store and has got a token. So a run that
finds a secret that is prepared commits it, and any other begins again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypeVar

from gatepass.client.cli.rotate.endpoint import (
    Endpoint,
    Part,
    RotationRefused,
    Send,
    Status,
)
from gatepass.client.doctor.probes import grant
from gatepass.client.errors import (
    ClientError,
    ConfigurationError,
    TokenRefused,
    TokenUnavailable,
    Unreachable,
    quotable,
)
from gatepass.client.secrets.writing.store import SecretStore
from gatepass.client.settings import ClientSettings
from gatepass.wire.credential import Kind, read
from gatepass.wire.secret import Secret

_ATTEMPTS = 5
_PAUSE = 2.0  # seconds between two attempts
_LONGEST_PAUSE = 90.0  # seconds that the server may ask to wait; a run before has just prepared
_LONGEST_HOLD = 30.0  # seconds from `prepare` to the write: another run may replace it after 60

Value = TypeVar("Value")


class RotationFailed(ClientError):
    """A rotation did not succeed; the message says what the store has now, and what to do."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Monotonic seconds, and how to wait for some."""

    now: Callable[[], float]
    sleep: Callable[[float], None]


class Rotation:
    """Rotates the secret of `store`. `report` gets a sentence after each step that is done."""

    def __init__(
        self,
        store: SecretStore,
        settings: ClientSettings,
        send: Send,
        clock: Clock,
        report: Callable[[str], None],
    ) -> None:
        self._store = store
        self._settings = settings
        self._send = send
        self._clock = clock
        self._report = report
        self._endpoint = Endpoint(settings, send)

    def run(self, *, only_look: bool = False) -> None:
        """Rotate, resume what an earlier run began, or report that it is not time yet.

        With `only_look` it reports what it would do. Raises a ClientError where it fails; what the
        store has then still works.
        """
        with self._store.locked():
            old = self._store.read()
            status = self._ask(lambda: self._endpoint.status(old))
            if status.part is Part.PREVIOUS:
                raise RotationFailed(
                    f"{self._store.where} has a secret that was replaced{_until(status)}: put the "
                    "newer one there, or rotate it in the portal"
                )
            if status.part is Part.PREPARED:
                self._resume(old, only_look=only_look)
            elif status.next_rotation_in:
                self._report(f"not due: the next rotation is possible from {_day(status)}")
            else:
                self._store.check()
                if only_look:
                    self._report(f"would rotate {_shown(old)} in {self._store.where}")
                else:
                    self._rotate(old)

    def _resume(self, new: Secret, *, only_look: bool) -> None:
        if only_look:
            self._report(f"would commit {_shown(new)}, which an earlier run has prepared")
            return
        self._report(f"resumed: an earlier run has put {_shown(new)} into {self._store.where}")
        self._commit(new)

    def _rotate(self, old: Secret) -> None:
        new, held_since = self._prepare(old)
        self._report(f"prepared {_shown(new)}")
        if self._clock.now() - held_since > _LONGEST_HOLD:
            raise RotationFailed(
                "it took too long to get the new secret, so nothing was written: run this again"
            )
        self._store.write(new, old)
        self._report(f"wrote it into {self._store.where}")
        self._read_back(new, old)
        self._report("read it back")
        self._try(new, old)
        self._report("got a token with it")
        self._commit(new)

    def _prepare(self, old: Secret) -> tuple[Secret, float]:
        """Return a new secret, and since when it may exist."""
        started_at = self._clock.now()

        def prepare() -> Secret:
            nonlocal started_at
            started_at = self._clock.now()
            return self._endpoint.prepare(old)

        return self._ask(prepare), started_at

    def _read_back(self, new: Secret, old: Secret) -> None:
        """Wait until the store gives the new secret; some stores take a while."""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._clock.sleep(_PAUSE)
            found = self._store.read()
            if found == new:
                return
            if found != old:
                raise RotationFailed(
                    f"{self._store.where} was written by another program meanwhile: see which, "
                    "then run this again. Nothing was committed"
                )
        raise RotationFailed(
            f"{self._store.where} still gives the old secret, which works: run this again later"
        )

    def _try(self, new: Secret, old: Secret) -> None:
        """Get a token with the new secret; put the old one back where the server refuses it."""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._clock.sleep(_PAUSE)
            try:
                grant(self._settings, new, self._send)
            except TokenRefused as error:
                if error.error != "invalid_client":  # then the secret was right
                    return
            except TokenUnavailable:
                continue
            else:
                return
        status = self._part_of(new)
        if status is not None:
            return
        self._store.write(old, new)
        raise RotationFailed(
            f"the server does not accept the new secret, so the old one is back in "
            f"{self._store.where}: run this again"
        )

    def _part_of(self, new: Secret) -> Part | None:
        """Return which secret the server takes it for; None where it refuses it."""
        try:
            return self._ask(lambda: self._endpoint.status(new)).part
        except RotationRefused as error:
            if error.status == HTTPStatus.UNAUTHORIZED:
                return None
            raise

    def _commit(self, new: Secret) -> None:
        status = self._ask(lambda: self._endpoint.commit(new))
        self._report(f"committed: the old secret works{_until(status) or ' no longer'}")

    def _ask(self, request: Callable[[], Value]) -> Value:
        """Send a request, again where that may help: no response, 429, 5xx.

        A node of the server that has not heard of a new secret yet refuses it, so `invalid_client`
        is tried again, too.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            pause = _PAUSE
            try:
                return request()
            except Unreachable as error:
                failure: ClientError = RotationFailed(
                    f"the server cannot be reached ({quotable(str(error), ())}): check the "
                    "network, then run this again"
                )
            except RotationRefused as error:
                failure = error
                is_unknown = error.status == HTTPStatus.UNAUTHORIZED
                pause = max(pause, error.retry_after)
                if not (error.may_pass or is_unknown) or pause > _LONGEST_PAUSE:
                    raise
            if attempt < _ATTEMPTS:
                self._clock.sleep(pause)
        raise failure


def _shown(secret: Secret) -> str:
    """Return how a secret is shown: by its last four, if it is one of Gatepass."""
    found = read(secret.value)
    is_ours = found is not None and found.kind is Kind.CLIENT_SECRET
    return f"the secret ending in {secret.value[-4:]}" if is_ours else "the secret"


def _until(status: Status) -> str:
    at = status.previous_expires_at
    return f" until {_moment(at)}" if at else ""


def _day(status: Status) -> str:
    return _moment(status.next_rotation_at)


def _moment(seconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        raise ConfigurationError("the response has an invalid time: check the server") from None
