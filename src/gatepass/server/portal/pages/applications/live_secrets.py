"""What the pages of an application say of its secrets, and where their rotation stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

from gatepass.server.domain.applications.keys.methods import operations as methods
from gatepass.server.domain.applications.keys.methods.expiry.model import (
    Validity,
    days_left,
    in_words,
    is_soon,
)
from gatepass.server.domain.applications.model import (
    MOST_LIVE_SECRETS,
    Application,
    ApplicationSecret,
)
from gatepass.server.domain.applications.secrets import operations as secret_operations
from gatepass.server.domain.applications.secrets.automatic_rotation import (
    operations as automatic_rotation,
)
from gatepass.server.domain.applications.secrets.end import last_end
from gatepass.server.domain.applications.secrets.leaks import operations as leaks
from gatepass.server.domain.applications.secrets.leaks.model import REPORTERS, LeakedSecret
from gatepass.server.domain.applications.secrets.uses.model import MOST_KEPT, SecretUse
from gatepass.server.portal.forms import secret_end
from gatepass.server.portal.presentation import snippets
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.durations import ago
from gatepass.translation.message import Message
from gatepass.wire.credential import Kind

_SHORTEST_QUIET = timedelta(hours=24)
_USES_ON_PAGE = 50


@dataclass(frozen=True, slots=True)
class Rotation:
    """Where the rotation of an application's secret stands; read from the secrets themselves.

    `new` has replaced `old`, which still works. Both are as the pages show them.
    """

    new: SimpleNamespace
    old: SimpleNamespace

    @property
    def is_new_used(self) -> bool:
        """Return whether a program authenticates with the new secret."""
        return self.new.last_used_at is not None

    @property
    def is_old_needed(self) -> bool:
        """Return whether some program may still need the old secret."""
        return not self.old.safe_to_end

    @property
    def step(self) -> int:
        """Return the step that comes next: 2 deploy, 3 wait for the last program, 4 revoke."""
        if not self.is_new_used:
            return 2
        return 3 if self.is_old_needed else 4


def credentials(request: PortalRequest, application: Application) -> Mapping[str, object]:
    """Return what the page of the credentials shows."""
    live = application.live_secrets(request.now)
    leaked = leaks.leaked_of(request.context, application.id)
    secrets = [_secret(request, application, each, live, leaked) for each in live]
    longest = secret_operations.longest_lifetime(request.context, application.org_id)
    for shown_one, each in zip(secrets, live, strict=True):
        shown_one.outlives = outlives(each, longest)
    is_prepared = _is_prepared(request, application)
    found = methods.find(request.context, application)
    if is_prepared:
        # What is prepared ends with the current secret, whose leak therefore makes a new one.
        secrets[0].is_newest, secrets[1].is_newest = False, True
    return {
        "secrets": secrets,
        "is_prepared": is_prepared,
        "ended_leaks": [leaked[each] for each in leaked.keys() - {one.id for one in live}],
        "may_rotate": len(live) < MOST_LIVE_SECRETS,
        "has_key": bool(found.others),
        "uses_key": found.last_other is not None,
        "allows_secret": bool(live)
        or secret_operations.allows_first_secret(request.context, application.org_id),
        **(secret_end.choices(request) if request.may_change else {}),
    }


def rotation_page(request: PortalRequest, application: Application) -> Mapping[str, object]:
    """Return what the page of the rotation shows."""
    return {
        "rotation": rotation(request, application),
        "is_prepared": _is_prepared(request, application),
        "secrets": shown(request, application),
        **secret_end.choices(request),
        **snippets.snippets(request.environment, application),
    }


def uses(request: PortalRequest, application: Application) -> Mapping[str, object]:
    """Return where the secrets were used, those that have ended included; the newest use first.

    `page` in the query is the number of the page, from 1 on.
    """
    live = {each.id: each for each in shown(request, application)}
    every = secret_operations.past_uses(request.context, application, request.now)
    asked = request.query.get("page", "1")
    page = int(asked) if asked in map(str, range(1, MOST_KEPT // _USES_ON_PAGE + 2)) else 1
    found: dict[UUID, list[SecretUse]] = {each: [] for each in live if page == 1}
    for use in every[(page - 1) * _USES_ON_PAGE : page * _USES_ON_PAGE]:
        found.setdefault(use.secret_id, []).append(use)
    has_older = len(every) > page * _USES_ON_PAGE
    return {
        "used": [_used(live.get(each), each, places) for each, places in found.items()],
        "older_url": f"{request.path}?page={page + 1}" if has_older else None,
    }


def _used(
    secret: SimpleNamespace | None, secret_id: UUID, places: list[SecretUse]
) -> SimpleNamespace:
    last_four = secret.last_four if secret else places[0].last_four
    return SimpleNamespace(
        id=secret_id,
        name=Message("Secret ending in {last_four}", last_four=last_four)
        if last_four
        else Message("Imported secret"),
        state=secret.state if secret else "ended",
        uses=places,
    )


def rotation(request: PortalRequest, application: Application) -> Rotation | None:
    """Return where a rotation stands; None where there is no replaced secret that still works.

    What a program has prepared has replaced nothing: that rotation is the program's.
    """
    live = shown(request, application)
    is_begun = len(live) == MOST_LIVE_SECRETS and not _is_prepared(request, application)
    return Rotation(*live) if is_begun else None


def _is_prepared(request: PortalRequest, application: Application) -> bool:
    """Return whether a program has prepared the newer one of two live secrets."""
    live = application.live_secrets(request.now)
    prepared = automatic_rotation.find(request.context, application.id).prepared
    return len(live) == MOST_LIVE_SECRETS and live[0].id == prepared


def shown(request: PortalRequest, application: Application) -> list[SimpleNamespace]:
    """Return the live secrets as pages show them, newest first."""
    live = application.live_secrets(request.now)
    leaked = leaks.leaked_of(request.context, application.id)
    return [_secret(request, application, each, live, leaked) for each in live]


def _secret(
    request: PortalRequest,
    application: Application,
    secret: ApplicationSecret,
    live: tuple[ApplicationSecret, ...],
    leaked: Mapping[UUID, LeakedSecret],
) -> SimpleNamespace:
    leak = leaked.get(secret.id)
    successor = next((each for each in live if each.id == secret.ends_on_use_of), None)
    quiet = max(_SHORTEST_QUIET, timedelta(seconds=application.token_lifetime))
    return SimpleNamespace(
        id=secret.id,
        prefix="imported "
        if application.is_imported_secret(secret)
        else f"{Kind.CLIENT_SECRET}_{request.environment.mode}_",
        last_four=secret.last_four,
        created_at=secret.created_at,
        expires_at=secret.expires_at,
        last_used_at=secret.last_used_at,
        last_used_from=secret.last_used_from,
        last_used_agent=secret.last_used_agent,
        ends_with=successor.last_four if successor else "",
        state="ending" if leak or successor or _is_ending(secret, live[0], request.now) else "live",
        reminder="" if leak else reminder(secret, live[0], request.now),
        leak=leak,
        reporter=REPORTERS[leak.channel] if leak else "",
        is_only_live=len(live) == 1,
        is_newest=secret.id == live[0].id,
        safe_to_end=safe_to_end(secret, live[0], quiet, request.now),
    )


def _is_ending(secret: ApplicationSecret, newest: ApplicationSecret, now: datetime) -> bool:
    """Return whether a secret was replaced and ends, or ends soon without having been replaced."""
    is_replaced = secret.id != newest.id and secret.expires_at is not None
    return is_replaced or bool(reminder(secret, newest, now))


def reminder(secret: ApplicationSecret, newest: ApplicationSecret, now: datetime) -> str:
    """Return a sentence where an application's newest secret expires within 90 days, else ""."""
    if secret.id != newest.id or secret.expires_at is None:
        return ""
    if not is_soon(Validity(secret.created_at, secret.expires_at), now):
        return ""
    return Message(
        "It {expires}. Rotate it, and deploy the new secret before that.",
        expires=in_words(days_left(secret.expires_at, now)),
    )


def outlives(secret: ApplicationSecret, longest_days: int | None) -> str:
    """Return a sentence where a secret lives longer than the policies allow new ones, else ""."""
    if longest_days is None:
        return ""
    end = last_end(secret.created_at, longest_days)
    if secret.expires_at is not None and secret.expires_at <= end:
        return ""
    return Message(
        "It is older than the policy, by which a secret lives {days} days at most. Rotate it, or "
        "give it an earlier end.",
        days=longest_days,
    )


def safe_to_end(
    old: ApplicationSecret, new: ApplicationSecret, quiet: timedelta, now: datetime
) -> str:
    """Return a sentence if no program needs the old secret, else an empty string.

    A program requests a token at least once in a token's lifetime. If the new secret is in use
    and the old one was not used for that long (`quiet`), every program has the new secret.
    """
    if old.id == new.id or new.last_used_at is None:
        return ""
    if old.last_used_at is None:
        return Message("Safe to revoke: the new secret is in use, and this one never was.")
    if now - old.last_used_at < quiet:
        return ""
    last = ago(old.last_used_at, now)
    return Message(
        "Safe to revoke: the new secret is in use, and this one was last used {last}.", last=last
    )
