"""The blocking methods of these operations.

Written by docs/generate.py from the operations of the server.
"""

from typing import Unpack

from gatepass.admin.groups import Group
from gatepass.admin.operations.arguments import catalogue as arguments
from gatepass.admin.operations.records.catalogue import Resource, Resources, Scope, Scopes
from gatepass.admin.records import Nothing


class ResourceOperations(Group):
    """The operations `admin.resources`."""

    def list(self) -> Resources:
        """List the resources (APIs) that an environment issues tokens for."""
        return self._record(Resources, "resource.list", {})

    def show(self, **given: Unpack[arguments.ResourceShow]) -> Resource:
        """Return one resource.

        uri: string (needed); an absolute URI
        """
        return self._record(Resource, "resource.show", given)

    def add(self, **given: Unpack[arguments.ResourceAdd]) -> Resource:
        """Add an API by its resource URI; then add scopes to it.

        uri: string (needed); an absolute URI
        name: string (needed); shown to partners
        tokens: opaque, jwt or null
        algorithm: ES256, EdDSA, PS256, RS256 or null
        """
        return self._record(Resource, "resource.add", given)

    def change(self, **given: Unpack[arguments.ResourceChange]) -> Resource:
        """Change a resource: all that is given, or nothing. It applies to new tokens.

        uri: string (needed); an absolute URI
        name: string or null
        tokens: opaque, jwt or null
        algorithm: ES256, EdDSA, PS256, RS256 or null
        """
        return self._record(Resource, "resource.change", given)

    def remove(self, **given: Unpack[arguments.ResourceRemove]) -> Nothing:
        """Remove a resource that has no scopes.

        uri: string (needed); an absolute URI
        """
        return self._record(Nothing, "resource.remove", given)


class ScopeOperations(Group):
    """The operations `admin.scopes`."""

    def list(self) -> Scopes:
        """List the scopes, each with its resource and description."""
        return self._record(Scopes, "scope.list", {})

    def show(self, **given: Unpack[arguments.ScopeShow]) -> Scope:
        """Return one scope.

        name: string (needed)
        """
        return self._record(Scope, "scope.show", given)

    def add(self, **given: Unpack[arguments.ScopeAdd]) -> Scope:
        """Add a scope; existing applications do not have it until it is granted to them.

        name: string (needed)
        description: string (needed); for partners: what it allows
        resource: string or null; URI of its resource
        is_default: boolean
        is_restricted: boolean
        """
        return self._record(Scope, "scope.add", given)

    def change(self, **given: Unpack[arguments.ScopeChange]) -> Scope:
        """Change a scope: all that is given, or nothing. Applications keep their scopes.

        name: string (needed)
        description: string or null
        is_default: boolean or null
        is_restricted: boolean or null
        """
        return self._record(Scope, "scope.change", given)

    def remove(self, **given: Unpack[arguments.ScopeRemove]) -> Nothing:
        """Remove a scope that no application has.

        name: string (needed)
        """
        return self._record(Nothing, "scope.remove", given)
