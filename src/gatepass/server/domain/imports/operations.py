"""Importing applications: all of one owner in one transaction, small owners several in one."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, groupby, islice
from uuid import UUID, uuid4

from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, Entry, entry
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.context import Context
from gatepass.server.domain.imports import store
from gatepass.server.domain.imports.model import (
    ImportedApplication,
    ImportOptions,
    NotImportable,
    Outcome,
    Owner,
    SourceApplication,
    convert,
    name_of,
    new_id,
)
from gatepass.server.domain.imports.store import Imported
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.model import LONGEST_NAME, Organization
from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.domain.organizations.policies.model import OPERATOR
from gatepass.server.domain.token_policy import DEFAULT_LIFETIME
from gatepass.server.storage import deadline
from gatepass.server.storage.database import Connection

NOBODYS = Owner("", "Imported")
"""Whose the applications are that have no owner."""
_AT_ONCE = 10_000  # applications in memory, and of small owners in a transaction

_Admitted = tuple[ImportedApplication, SourceApplication, Organization]


def import_applications(
    context: Context,
    by: Actor,
    found: Iterable[SourceApplication],
    terms: ImportOptions,
    *,
    dry_run: bool,
) -> Iterator[Outcome]:
    """Import the applications that are new; return the outcome of each. A dry run changes nothing.

    Done again it brings what is new there. What is here is never changed by it, and what was
    deleted here does not come back. In `found` the applications of an owner are neighbours. They
    are read and imported only as fast as the outcomes are taken. It does not apply the changes to
    the memory of this process, which may be millions.
    """
    work = _Import(context, by, terms, dry_run=dry_run)
    several: list[SourceApplication] = []  # of owners whose applications are all in it
    for _, members in groupby(found, key=work.owner_key):
        some = list(islice(members, _AT_ONCE + 1))
        if len(several) + len(some) > _AT_ONCE:
            yield from work.bring_several(several)
            several = []
        if len(some) > _AT_ONCE:
            yield from work.bring(chain(some, members))  # noqa: B031 - the rest of them
        else:
            several += some
    yield from work.bring_several(several)


@dataclass(frozen=True, slots=True)
class _Import:
    """How applications come in, some in a transaction: all of an owner or none."""

    context: Context
    by: Actor
    terms: ImportOptions
    dry_run: bool

    def owner(self, each: SourceApplication) -> Owner:
        """Return whose it will be."""
        return each.owner or NOBODYS if self.terms.organization_by == "user" else NOBODYS

    def owner_key(self, each: SourceApplication) -> str:
        """Return what the applications of one owner have in common."""
        return self.owner(each).key

    def bring_several(self, members: Sequence[SourceApplication]) -> Iterator[Outcome]:
        """Import the applications of some owners; those of one that fails hold up no other's."""
        try:
            outcomes = list(self.bring(members))
        except Exception:  # noqa: BLE001 - it comes again
            for _, own in groupby(members, key=self.owner_key):
                yield from list(self.bring(own))
        else:
            yield from outcomes

    def bring(self, members: Iterable[SourceApplication]) -> Iterator[Outcome]:
        """Import applications in one transaction."""
        with ExitStack() as stack:
            if self.dry_run:
                connection = stack.enter_context(self.context.database.read())
            else:
                stack.enter_context(deadline.each(deadline.LONG))
                connection = stack.enter_context(self.context.database.write())
                store.prepare(connection)
            transaction = _Transaction(connection, self.context.now(), self)
            for some in _parts(members):
                yield from transaction.bring(some)
            transaction.end()


def _parts(members: Iterable[SourceApplication]) -> Iterator[list[SourceApplication]]:
    """Return applications in lists, in each of which a client id occurs once."""
    part: dict[str, SourceApplication] = {}
    for each in members:
        if len(part) == _AT_ONCE or each.client_id in part:
            yield list(part.values())
            part = {}
        part[each.client_id] = each
    if part:
        yield list(part.values())


class _Transaction:
    """A transaction; what it adds is written a part at a time, by one statement for each table."""

    def __init__(self, connection: Connection, now: datetime, work: _Import) -> None:
        self._connection = connection
        self._now = now
        self._work = work
        self._source = work.terms.source
        self._organizations: dict[str, Organization] = {}  # by the owners' keys
        self._made: dict[UUID, Organization] = {}  # not stored yet, or never in a dry run
        self._has_imported = False
        self._allowed: dict[UUID, bool] = {}  # whether an organization's may have secrets

    def bring(self, members: Sequence[SourceApplication]) -> list[Outcome]:
        """Store what may come in, and the organizations that do not exist yet."""
        ids = [each.client_id for each in members]
        before = store.find_many(self._connection, self._source, ids)
        here = applications.names(self._connection, ids)
        self._find_organizations({self._work.owner_key(each) for each in members})
        outcomes: list[Outcome] = []
        admitted: list[_Admitted] = []
        for each in members:
            result = self._convert_new(each, before.get(each.client_id), here.get(each.client_id))
            if isinstance(result, ImportedApplication) and not self._may_have_secret(each):
                result = _left_out(each, "by the policy, new applications have a key, no secret")
            if isinstance(result, ImportedApplication):
                organization = self._organization(self._work.owner(each))
                admitted.append((result, each, organization))
                result = self._outcome(result, organization)
            outcomes.append(result)
        if not self._work.dry_run:
            self._add(admitted)
        return outcomes

    def _may_have_secret(self, each: SourceApplication) -> bool:
        """Return whether the policies allow a new application of its owner a secret."""
        known = self._organizations.get(self._work.owner_key(each))
        org_id = known.id if known else OPERATOR  # a new organization states nothing itself
        if org_id not in self._allowed:
            policy = policies.find_in_force(self._work.context.database, self._connection, org_id)
            self._allowed[org_id] = policy.allows_first_secret
        return self._allowed[org_id]

    def end(self) -> None:
        """Tell every process that applications were imported."""
        if self._has_imported:
            changes.record(self._connection, changes.IMPORT, self._source, self._now)

    def _convert_new(
        self, found: SourceApplication, before: Imported | None, name: str | None
    ) -> ImportedApplication | Outcome:
        if before:
            return _already(found, before, name)
        if name is not None:
            return _left_out(found, "another application here has this client id")
        try:
            return convert(found, self._now)
        except NotImportable as reason:
            return _left_out(found, str(reason))

    def _find_organizations(self, owner_keys: set[str]) -> None:
        """Find the organizations that these owners' applications are in already."""
        unknown = owner_keys - self._organizations.keys()
        ids = store.organizations_of(self._connection, self._source, unknown)
        found = organizations.find_many(self._connection, set(ids.values()))
        by_id = {each.id: each for each in found}
        self._organizations |= {
            key: by_id[org_id] for key, org_id in ids.items() if org_id in by_id
        }

    def _organization(self, owner: Owner) -> Organization:
        found = self._organizations.get(owner.key)
        if found is None:
            name = name_of(owner.name, LONGEST_NAME)[0] or f"User {owner.key}"
            found = Organization(uuid4(), name, self._now)
            self._organizations[owner.key] = found
            self._made[found.id] = found
        return found

    def _add(self, admitted: Sequence[_Admitted]) -> None:
        """Store applications, and the organizations made for them, with their audit entries."""
        made = self._made.values()
        organizations.add(self._connection, *made)
        entries = [self._entry("organization.created", each.name, each.id) for each in made]
        self._made = {}
        new = [self._application(*each) for each in admitted]
        applications.add(self._connection, *new)
        store.add(self._connection, *(self._imported(*each) for each in admitted))
        entries += (
            self._entry("application.imported", each.name, each.org_id, client_id=each.client_id)
            for each in new
        )
        audit.record(self._connection, *entries)
        subjects = (str(each.id) for each in new)
        changes.record_many(self._connection, changes.APPLICATION, subjects, self._now)
        self._has_imported |= bool(new)

    def _application(
        self, admitted: ImportedApplication, _found: SourceApplication, organization: Organization
    ) -> Application:
        return Application(
            id=new_id(self._now),
            org_id=organization.id,
            client_id=admitted.client_id,
            name=admitted.name,
            scope=self._work.terms.scope,
            token_lifetime=DEFAULT_LIFETIME,
            created_at=admitted.created_at,
            created_by=self._work.by.name,
            secrets=(admitted.secret,),
            redirect_uris=admitted.redirect_uris,
            imported_from=self._source,
        )

    def _imported(
        self, admitted: ImportedApplication, found: SourceApplication, organization: Organization
    ) -> Imported:
        owner, fingerprint = self._work.owner_key(found), found.fingerprint
        client_id = admitted.client_id
        return Imported(self._source, client_id, owner, organization.id, fingerprint, self._now)

    def _entry(self, action: str, subject: str, org_id: UUID, **detail: str) -> Entry:
        detail["source_system"] = self._source
        return entry(self._work.by, self._now, action, subject, org_id=org_id, **detail)

    def _outcome(self, admitted: ImportedApplication, organization: Organization) -> Outcome:
        is_planned = self._work.dry_run and organization.id in self._made
        return Outcome(
            admitted.client_id,
            admitted.name,
            "imported",
            None if is_planned else organization.id,
            organization.name,
            admitted.way,
            admitted.notes,
        )


def _left_out(found: SourceApplication, reason: str) -> Outcome:
    return Outcome(found.client_id, found.name, "left out", notes=(reason,))


def _already(found: SourceApplication, before: Imported, name: str | None) -> Outcome:
    notes = []
    if name is None:
        notes.append("it was deleted here since, and stays so")
    elif found.fingerprint != before.fingerprint:
        notes.append("its secret was changed there since, and here it was not: rotate it here")
    shown = found.name if name is None else name
    return Outcome(found.client_id, shown, "already there", before.org_id, notes=tuple(notes))
