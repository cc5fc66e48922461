"""The ways to prove again who one is: how the page offers each method, and how it is checked.

One entry for each method, the strongest first. A person is asked for the first one that they have.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from gatepass.server.domain.users.factors import checks
from gatepass.server.domain.users.factors.checks import Claimant, PasskeyAnswer, Proof
from gatepass.server.domain.users.factors.model import Factors
from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.domain.users.sessions.linked import operations as linked
from gatepass.server.domain.users.sessions.operations import Login
from gatepass.server.domain.users.sessions.proofs.model import SECOND_FACTORS, Method
from gatepass.server.domain.users.single_sign_on import connections
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.portal import redirects
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

Check = Callable[[PortalRequest], Steps[None]]
"""Checks the proof in a form; raises OAuthError where it is wrong."""


class Elsewhere(NamedTuple):
    """Another place where a proof is given, while the page keeps the form that waits for it."""

    url: str
    why: str
    button: str
    not_yet: str


class Way(NamedTuple):
    """A method of proof, as the page `verify.html` has it.

    `field` is the form's field with the proof, empty where the proof is given elsewhere; `missing`
    is what the page says while it is empty, and `instead` the button that chooses this way.
    """

    method: Method
    is_offered: Callable[[PortalRequest, Factors], bool]
    check: Check
    field: str = ""
    label: str = ""
    missing: str = ""
    instead: str = ""
    context: Callable[[PortalRequest], Mapping[str, object]] = lambda _: {}

    @property
    def error_field(self) -> str:
        """Return the field that errors are shown at; the page as a whole for a passkey."""
        return "" if self.method == "passkey" else self.field


def factors_of(request: PortalRequest) -> Factors:
    """Return the second factors of the user."""
    context, login = _accounts(request).context, _own_login(request)
    with context.database.read() as connection:
        return checks.factors_of(context, connection, login.user)


def of(request: PortalRequest) -> Sequence[Way]:
    """Return the ways that a person may choose from, and first the one they are asked for.

    The strongest alone counts; a recovery code does in place of a second factor that is lost.
    """
    factors = factors_of(request)
    strongest, *others = [way for way in WAYS if way.is_offered(request, factors)] or [PASSWORD]
    if strongest.method not in SECOND_FACTORS:
        return [strongest]
    return [strongest, *(way for way in others if way.method == "recovery_code")]


def chosen(request: PortalRequest) -> Way:
    """Return the way that the form has chosen, else the strongest."""
    offered, method = of(request), request.form.get("choose") or request.form.get("way")
    return next((way for way in offered if way.method == method), offered[0])


def elsewhere(request: PortalRequest, way: Way, next_path: str) -> Elsewhere | None:
    """Return where the proof is given, if not on this page; `next_path` is opened after it.

    Without a `next_path` a form waits here, and the other place is opened in a tab of its own.
    """
    if request.accounts:
        return Elsewhere(
            request.accounts.issuer + redirects.PROVE,
            Message("The sandbox uses production's accounts, so you confirm it there."),
            Message("Confirm in production"),
            Message(
                "You have not confirmed it in production yet. Do so in the other tab, then go on "
                "here."
            ),
        )
    if way.method != "single_sign_on":
        return None
    next_path = next_path or redirects.ACCOUNT
    return Elsewhere(
        f"{redirects.PROVE_BY_PROVIDER}?{urlencode({'next': next_path})}",
        Message("You log in through your company, so you confirm it there."),
        Message("Log in again at your company"),
        Message(
            "You have not logged in at your company again. Do so in the other tab, then go on here."
        ),
    )


def _comes_from_provider(request: PortalRequest, _: Factors) -> bool:
    return connections.proves_by_provider(_accounts(request).context, _own_login(request))


def _is_given_elsewhere(_: PortalRequest) -> Steps[None]:
    yield from ()
    raise OAuthError("invalid_request", Message("This proof is given elsewhere."))


def _offers(method: Method) -> Callable[[PortalRequest, Factors], bool]:
    return lambda request, factors: (
        method in checks.offered(factors, _accounts(request).relying_party)
    )


def _accounts(request: PortalRequest) -> ServedEnvironment:
    """Return the environment that has the user's account, with its factors."""
    return request.accounts or request.environment


def _own_login(request: PortalRequest) -> Login:
    """Return the login in that environment: for a sandbox without accounts, that in production."""
    login = request.current_login
    if request.accounts is None:
        return login
    settings = request.environment.session_settings
    in_production = linked.find_in_production(
        request.context, request.accounts.context, settings, login
    )
    return in_production or login


def _has_password(request: PortalRequest, _: Factors) -> bool:
    return connections.has_own_password(_accounts(request).context, _own_login(request).user)


def _check_password(request: PortalRequest) -> Steps[None]:
    yield from request.check_password()


def _checks(read: Callable[[PortalRequest], Proof]) -> Check:
    """Return the check of a second factor; it needs no password hash, so it waits for nothing."""

    def check(request: PortalRequest) -> Steps[None]:
        yield from ()
        digest = request.current_login.session.id_digest
        claimant = Claimant(request.user, request.visitor.source, digest)
        checks.check(request.context, claimant, read(request))

    return check


def _passkey_answer(request: PortalRequest) -> PasskeyAnswer:
    party = request.environment.relying_party
    digest = request.current_login.session.id_digest
    return PasskeyAnswer.read(request.form.get("credential", ""), party, digest)


def _passkey_context(request: PortalRequest) -> dict[str, object]:
    party, digest = request.environment.relying_party, request.current_login.session.id_digest
    factors = factors_of(request)
    options = checks.begin_assertion(request.context, party, factors, digest)
    return {"passkey_options": options}


PASSKEY = Way(
    method="passkey",
    field="credential",
    label=Message("Passkey"),
    missing=Message("No passkey was used. Try again."),
    instead=Message("Use a passkey instead"),
    is_offered=_offers("passkey"),
    check=_checks(_passkey_answer),
    context=_passkey_context,
)
TOTP = Way(
    method="totp",
    field="code",
    label=Message("Code of the app"),
    missing=Message("Enter the code that the app shows."),
    instead=Message("Use the authenticator app instead"),
    is_offered=_offers("totp"),
    check=_checks(lambda request: checks.TotpCode(request.secret("code"))),
)
PASSWORD = Way(
    method="password",
    field="current_password",
    label=Message("Your current password"),
    missing=Message("Enter your current password."),
    instead=Message("Use your password instead"),
    is_offered=_has_password,
    check=_check_password,
)
RECOVERY_CODE = Way(
    method="recovery_code",
    field="recovery_code",
    label=Message("Recovery code"),
    missing=Message("Enter one of your recovery codes."),
    instead=Message("Use a recovery code instead"),
    is_offered=_offers("recovery_code"),
    check=_checks(lambda request: checks.RecoveryCode(request.secret("recovery_code"))),
)
SINGLE_SIGN_ON = Way(
    method="single_sign_on", is_offered=_comes_from_provider, check=_is_given_elsewhere
)
WAYS: tuple[Way, ...] = (PASSKEY, TOTP, SINGLE_SIGN_ON, PASSWORD, RECOVERY_CODE)
