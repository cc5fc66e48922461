"""Importing applications: all of one owner in one transaction."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from uuid import UUID, uuid4

from gatepass.server.domain.applications import lookup
from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
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
)
from gatepass.server.domain.imports.store import Imported
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.model import LONGEST_NAME, Organization
from gatepass.server.domain.token_policy import DEFAULT_LIFETIME
from gatepass.server.storage import deadline
from gatepass.server.storage.database import Connection

NOBODYS = Owner("", "Imported")
"""Whose the applications are that have no owner."""


def import_applications(
    context: Context,
    by: Actor,
    found: Iterable[SourceApplication],
    terms: ImportOptions,
    *,
    dry_run: bool,
) -> list[Outcome]:
    """Import the applications that are new; return the outcome of each. A dry run changes nothing.

    Done again it brings what is new there. What is here is never changed by it, and what was
    deleted here does not come back.
    """
    outcomes: list[Outcome] = []
    for owner, members in _by_owner(found, terms):
        if dry_run:
            with context.database.read() as connection:
                outcomes += _Group(connection, context, by, terms, owner).plan(members)
        else:
            with deadline.each(deadline.LONG), context.database.write() as connection:
                outcomes += _Group(connection, context, by, terms, owner).bring(members)
    context.refresh()
    return outcomes


def _by_owner(
    found: Iterable[SourceApplication], terms: ImportOptions
) -> Iterator[tuple[Owner, list[SourceApplication]]]:
    def owner(each: SourceApplication) -> Owner:
        return each.owner or NOBODYS if terms.organization_by == "user" else NOBODYS

    def key(each: SourceApplication) -> str:
        return owner(each).key

    for _, members in groupby(sorted(found, key=key), key=key):
        group = list(members)
        yield owner(group[0]), group


class _Group:
    """One owner's applications, in one transaction."""

    def __init__(
        self,
        connection: Connection,
        context: Context,
        by: Actor,
        terms: ImportOptions,
        owner: Owner,
    ) -> None:
        self._connection = connection
        self._now = context.now()
        self._by = by
        self._terms = terms
        self._owner = owner

    def plan(self, members: Sequence[SourceApplication]) -> list[Outcome]:
        """Tell what `bring` would do."""
        organization = self._organization()
        org_id = organization.id if organization else None
        name = organization.name if organization else self._organization_name()
        results = [self._convert_new(each) for each in members]
        return [
            _outcome(each, org_id, name) if isinstance(each, ImportedApplication) else each
            for each in results
        ]

    def bring(self, members: Sequence[SourceApplication]) -> list[Outcome]:
        """Store what may come in, and the organization where there is none yet."""
        outcomes: list[Outcome] = []
        organization = self._organization()
        for found in members:
            results = self._convert_new(found)
            if isinstance(results, ImportedApplication):
                organization = organization or self._new_organization()
                self._add(results, found, organization)
                results = _outcome(results, organization.id, organization.name)
            outcomes.append(results)
        if any(each.state == "imported" for each in outcomes):
            changes.record(self._connection, changes.IMPORT, self._terms.source, self._now)
        return outcomes

    def _convert_new(self, found: SourceApplication) -> ImportedApplication | Outcome:
        before = store.find(self._connection, self._terms.source, found.client_id)
        here = lookup.find_by_client_id(self._connection, found.client_id)
        if before:
            return _already(found, before, here)
        if here:
            return _left_out(found, "another application here has this client id")
        try:
            return convert(found, self._now)
        except NotImportable as reason:
            return _left_out(found, str(reason))

    def _organization(self) -> Organization | None:
        """Return the organization that this owner's applications are in already."""
        org_id = store.organization_of(self._connection, self._terms.source, self._owner.key)
        return organizations.find(self._connection, org_id) if org_id else None

    def _organization_name(self) -> str:
        return name_of(self._owner.name, LONGEST_NAME)[0] or f"User {self._owner.key}"

    def _new_organization(self) -> Organization:
        new = Organization(uuid4(), self._organization_name(), self._now)
        organizations.add(self._connection, new)
        self._record("organization.created", new.name, new.id)
        return new

    def _add(
        self, admitted: ImportedApplication, found: SourceApplication, organization: Organization
    ) -> None:
        new = Application(
            id=uuid4(),
            org_id=organization.id,
            client_id=admitted.client_id,
            name=admitted.name,
            scope=self._terms.scope,
            token_lifetime=DEFAULT_LIFETIME,
            created_at=admitted.created_at,
            created_by=self._by.name,
            secrets=(admitted.secret,),
            redirect_uris=admitted.redirect_uris,
            imported_from=self._terms.source,
        )
        applications.add(self._connection, new)
        remembered = Imported(
            self._terms.source,
            new.client_id,
            self._owner.key,
            organization.id,
            found.fingerprint,
            self._now,
        )
        store.add(self._connection, remembered)
        self._record("application.imported", new.name, organization.id, client_id=new.client_id)
        changes.record(self._connection, changes.APPLICATION, str(new.id), self._now)

    def _record(self, action: str, subject: str, org_id: UUID, **detail: str) -> None:
        detail["source_system"] = self._terms.source
        record = entry(self._by, self._now, action, subject, org_id=org_id, **detail)
        audit.record(self._connection, record)


def _outcome(admitted: ImportedApplication, org_id: UUID | None, organization: str) -> Outcome:
    return Outcome(
        admitted.client_id,
        admitted.name,
        "imported",
        org_id,
        organization,
        admitted.way,
        admitted.notes,
    )


def _left_out(found: SourceApplication, reason: str) -> Outcome:
    return Outcome(found.client_id, found.name, "left out", notes=(reason,))


def _already(found: SourceApplication, before: Imported, here: Application | None) -> Outcome:
    notes = []
    if here is None:
        notes.append("it was deleted here since, and stays so")
    elif found.fingerprint != before.fingerprint:
        notes.append("its secret was changed there since, and here it was not: rotate it here")
    name = here.name if here else found.name
    return Outcome(found.client_id, name, "already there", before.org_id, notes=tuple(notes))
