"""The awaited methods of these operations.

Written by docs/generate.py from the operations of the server.
"""

from collections.abc import AsyncIterator
from typing import Unpack

from gatepass.admin.groups import AsyncGroup
from gatepass.admin.operations.arguments import applications as arguments
from gatepass.admin.operations.records.applications import (
    Application,
    ApplicationCertificates,
    ApplicationKeys,
    AuthenticationMethods,
    Credentials,
    Expiring,
    ExpiringCertificate,
    ExpiringKey,
    GeneratedKeyPair,
    ListedApplication,
    Replaced,
    Uses,
)
from gatepass.admin.operations.records.organizations import Refusals, Usage
from gatepass.admin.records import Nothing


class AsyncApplicationOperations(AsyncGroup):
    """The operations `admin.applications`, awaited."""

    def list(self, **given: Unpack[arguments.ApplicationList]) -> AsyncIterator[ListedApplication]:
        """List applications of all organizations or of one, or search them.

        The order is that of their ids.

        limit: integer; objects of a page
        cursor: string; `next_cursor` of the page before, as it was given
        org_id: id or null; only those of this organization
        search: string; a part of the name, or of the client id
        state: active, disabled or null; only those
        """
        return self._each(ListedApplication, "application.list", given)

    async def show(self, **given: Unpack[arguments.ApplicationShow]) -> Application:
        """Return one application; of its secrets only their last four characters.

        client_id: string (needed); its client id, or its id
        """
        return await self._record(Application, "application.show", given)

    async def change(self, **given: Unpack[arguments.ApplicationChange]) -> Application:
        """Change name, contact, token lifetime or networks: all that is given, or nothing.

        client_id: string (needed); its client id, or its id
        name: string or null
        contact: string or null
        token_lifetime: integer or null; seconds
        networks: list of string or null
        dpop_bound_access_tokens: boolean or null; whether it gets no token without a DPoP proof
        (RFC 9449)
        tls_client_certificate_bound_access_tokens: boolean or null; whether its tokens are
        bound to a client certificate (RFC 8705)
        profile: none, fapi2 or null; the security profile that holds for it
        introspection_signed_response_alg: none, ES256, EdDSA, PS256, RS256 or null; by which
        its introspection responses are always signed (RFC 9701)
        """
        return await self._record(Application, "application.change", given)

    async def configure(self, **given: Unpack[arguments.ApplicationConfigure]) -> Application:
        """Change any settings together, scope and quota too: all that is given, or nothing.

        client_id: string (needed); its client id, or its id
        name: string or null
        contact: string or null
        token_lifetime: integer or null; seconds
        networks: list of string or null
        dpop_bound_access_tokens: boolean or null; whether it gets no token without a DPoP proof
        (RFC 9449)
        tls_client_certificate_bound_access_tokens: boolean or null; whether its tokens are
        bound to a client certificate (RFC 8705)
        profile: none, fapi2 or null; the security profile that holds for it
        introspection_signed_response_alg: none, ES256, EdDSA, PS256, RS256 or null; by which
        its introspection responses are always signed (RFC 9701)
        scope: string or null; space-separated
        rate_limit_mode: off, warn, enforce or null
        rate_limit: integer or null; tokens an hour
        """
        return await self._record(Application, "application.configure", given)

    async def set_scope(self, **given: Unpack[arguments.ApplicationSetScope]) -> Application:
        """Set all that its new tokens may allow.

        client_id: string (needed); its client id, or its id
        scope: string (needed); space-separated
        """
        return await self._record(Application, "application.set_scope", given)

    async def set_rate_limit(
        self, **given: Unpack[arguments.ApplicationSetRateLimit]
    ) -> Application:
        """Set its quota: how many tokens an hour, and what happens above that.

        client_id: string (needed); its client id, or its id
        mode: off, warn, enforce (needed)
        limit: integer or null; tokens an hour
        """
        return await self._record(Application, "application.set_rate_limit", given)

    async def set_automatic_rotation(
        self, **given: Unpack[arguments.ApplicationSetAutomaticRotation]
    ) -> Application:
        """Allow an application to rotate its own secret, or forbid it.

        client_id: string (needed); its client id, or its id
        is_on: boolean or null
        days: integer or null
        overlap: 1-hour, 24-hours, 7-days, 30-days or null
        """
        return await self._record(Application, "application.set_automatic_rotation", given)

    async def disable(self, **given: Unpack[arguments.ApplicationDisable]) -> Application:
        """Disable an application: no new tokens; its tokens are revoked permanently.

        client_id: string (needed); its client id, or its id
        """
        return await self._record(Application, "application.disable", given)

    async def enable(self, **given: Unpack[arguments.ApplicationEnable]) -> Application:
        """Enable a disabled application; its earlier tokens stay revoked.

        client_id: string (needed); its client id, or its id
        """
        return await self._record(Application, "application.enable", given)

    async def delete(self, **given: Unpack[arguments.ApplicationDelete]) -> Nothing:
        """Delete an application; its credentials and tokens become invalid.

        client_id: string (needed); its client id, or its id
        """
        return await self._record(Nothing, "application.delete", given)

    async def create(self, **given: Unpack[arguments.ApplicationCreate]) -> Credentials:
        """Register an application; the answer has its client secret, once, unless it has a key.

        org_id: id (needed)
        name: string (needed)
        scope: string or null; space-separated
        token_lifetime: integer; of its tokens, in seconds
        contact: string
        networks: list of string; where its requests may come from; empty: anywhere
        secret_expires_at: moment or null
        public_key: string or null; in place of a secret: a JWK, JWK Set, or PEM
        key_name: string; what people call the key
        key_expires_at: moment or null
        jwks_uri: string or null; in place of a secret: where it publishes its keys
        certificate: string or null; in place of a secret: in PEM, for mutual TLS
        """
        return await self._record(Credentials, "application.create", given)

    async def rotate(self, **given: Unpack[arguments.ApplicationRotate]) -> Credentials:
        """Make a new client secret, in the answer once; the old one works for the overlap.

        client_id: string (needed); its client id, or its id
        overlap: none, 1-hour, 24-hours, 7-days, 30-days or until-used; how long the old secret
        works
        secret_expires_at: moment or null
        """
        return await self._record(Credentials, "application.rotate", given)

    async def set_secret_end(
        self, **given: Unpack[arguments.ApplicationSetSecretEnd]
    ) -> Application:
        """Set when a client secret ends, null for never.

        client_id: string (needed); its client id, or its id
        secret_id: id (needed)
        expires_at: moment or null (needed)
        """
        return await self._record(Application, "application.set_secret_end", given)

    async def revoke_secret(
        self, **given: Unpack[arguments.ApplicationRevokeSecret]
    ) -> Application:
        """Revoke a client secret now; the last one only where a key was used already.

        client_id: string (needed); its client id, or its id
        secret_id: id (needed)
        """
        return await self._record(Application, "application.revoke_secret", given)

    async def replace_leaked_secret(
        self, **given: Unpack[arguments.ApplicationReplaceLeakedSecret]
    ) -> Replaced:
        """Revoke a secret that leaked, and all tokens; where it was the newest, make another.

        client_id: string (needed); its client id, or its id
        secret_id: id (needed)
        """
        return await self._record(Replaced, "application.replace_leaked_secret", given)

    async def revoke_tokens(
        self, **given: Unpack[arguments.ApplicationRevokeTokens]
    ) -> Application:
        """Revoke all tokens that an application has; its secrets keep working.

        client_id: string (needed); its client id, or its id
        """
        return await self._record(Application, "application.revoke_tokens", given)

    async def keys(self, **given: Unpack[arguments.ApplicationKeys]) -> ApplicationKeys:
        """Return the public keys of an application, and how it uses them.

        client_id: string (needed); its client id, or its id
        """
        return await self._record(ApplicationKeys, "application.keys", given)

    async def add_key(self, **given: Unpack[arguments.ApplicationAddKey]) -> ApplicationKeys:
        """Add the public keys in a JWK, a JWK Set or a PEM; its secrets keep working.

        client_id: string (needed); its client id, or its id
        name: string (needed); what people call it
        public_key: string (needed); a JWK, a JWK Set, or PEM
        expires_at: moment or null
        """
        return await self._record(ApplicationKeys, "application.add_key", given)

    async def generate_key(
        self, **given: Unpack[arguments.ApplicationGenerateKey]
    ) -> GeneratedKeyPair:
        """Make a pair of keys and add the public one; the answer has the private one, once.

        client_id: string (needed); its client id, or its id
        name: string (needed); what people call it
        alg: ES256, ES384, ES512, Ed25519, PS256, PS384, PS512, RS256; what it signs with
        expires_at: moment or null
        """
        return await self._record(GeneratedKeyPair, "application.generate_key", given)

    async def change_key(self, **given: Unpack[arguments.ApplicationChangeKey]) -> ApplicationKeys:
        """Rename a key, or set when it ends.

        client_id: string (needed); its client id, or its id
        key_id: id (needed)
        name: string or null
        expires_at: moment or null
        """
        return await self._record(ApplicationKeys, "application.change_key", given)

    async def revoke_key(self, **given: Unpack[arguments.ApplicationRevokeKey]) -> ApplicationKeys:
        """Revoke a key: what it signs is refused. Tokens stay valid.

        client_id: string (needed); its client id, or its id
        key_id: id (needed)
        """
        return await self._record(ApplicationKeys, "application.revoke_key", given)

    async def set_key_settings(
        self, **given: Unpack[arguments.ApplicationSetKeySettings]
    ) -> ApplicationKeys:
        """Set where an application publishes its keys, and which audiences are accepted.

        client_id: string (needed); its client id, or its id
        jwks_uri: string or null
        legacy_audience: boolean or null
        """
        return await self._record(ApplicationKeys, "application.set_key_settings", given)

    async def certificates(
        self, **given: Unpack[arguments.ApplicationCertificates]
    ) -> ApplicationCertificates:
        """Return the certificates of an application, and the subjects that they name.

        client_id: string (needed); its client id, or its id
        """
        return await self._record(ApplicationCertificates, "application.certificates", given)

    async def add_certificate(
        self, **given: Unpack[arguments.ApplicationAddCertificate]
    ) -> ApplicationCertificates:
        """Add a certificate, which is compared whole; secrets and keys keep working.

        client_id: string (needed); its client id, or its id
        name: string (needed); what people call it
        certificate: string (needed); one certificate in PEM, without its key
        """
        return await self._record(ApplicationCertificates, "application.add_certificate", given)

    async def add_certificate_subject(
        self, **given: Unpack[arguments.ApplicationAddCertificateSubject]
    ) -> ApplicationCertificates:
        """Add the subject that a certificate of a trusted authority must name.

        client_id: string (needed); its client id, or its id
        name: string (needed); what people call it
        member: tls_client_auth_subject_dn, tls_client_auth_san_dns, tls_client_auth_san_uri,
        tls_client_auth_san_ip, tls_client_auth_san_email (needed); of the client's metadata
        (RFC 8705 §2.1.2)
        value: string (needed); what the certificate has there
        """
        return await self._record(
            ApplicationCertificates, "application.add_certificate_subject", given
        )

    async def remove_certificate(
        self, **given: Unpack[arguments.ApplicationRemoveCertificate]
    ) -> Nothing:
        """Remove a certificate or a subject: it is refused. Tokens stay valid.

        client_id: string (needed); its client id, or its id
        certificate_id: id (needed)
        """
        return await self._record(Nothing, "application.remove_certificate", given)

    async def methods(self, **given: Unpack[arguments.ApplicationMethods]) -> AuthenticationMethods:
        """Return the secrets and keys of an application, and when each was used last.

        client_id: string (needed); its client id, or its id
        """
        return await self._record(AuthenticationMethods, "application.methods", given)

    async def revoke_secrets(
        self, **given: Unpack[arguments.ApplicationRevokeSecrets]
    ) -> AuthenticationMethods:
        """Revoke all secrets of an application that uses a key, if none was used lately.

        It is refused where no key was used yet. Tokens stay valid.

        client_id: string (needed); its client id, or its id
        unused_for_days: integer; days in which no secret was used
        """
        return await self._record(AuthenticationMethods, "application.revoke_secrets", given)

    async def usage(self, **given: Unpack[arguments.ApplicationUsage]) -> Usage:
        """Return how many tokens an application got, and how many requests were refused.

        client_id: string (needed); its client id, or its id
        period: 24h, 7d, 90d; by hour for 24h, else by day (UTC)
        """
        return await self._record(Usage, "application.usage", given)

    async def refusals(self, **given: Unpack[arguments.ApplicationRefusals]) -> Refusals:
        """Return which requests of an application were refused lately, why, and what to do.

        client_id: string (needed); its client id, or its id
        """
        return await self._record(Refusals, "application.refusals", given)

    async def uses(self, **given: Unpack[arguments.ApplicationUses]) -> Uses:
        """Return when and from where an application's secrets were used in the last 90 days.

        client_id: string (needed); its client id, or its id
        """
        return await self._record(Uses, "application.uses", given)

    def expiring_keys(
        self, **given: Unpack[arguments.ApplicationExpiringKeys]
    ) -> AsyncIterator[ExpiringKey]:
        """List the keys that end soon and that no newer one replaces, the next one first.

        limit: integer; objects of a page
        cursor: string; `next_cursor` of the page before, as it was given
        org_id: id or null; only those of this organization
        days: integer; end within so many days
        """
        return self._each(ExpiringKey, "application.expiring_keys", given)

    def expiring_certificates(
        self, **given: Unpack[arguments.ApplicationExpiringCertificates]
    ) -> AsyncIterator[ExpiringCertificate]:
        """List the certificates that end soon and that no newer one replaces, the next first.

        limit: integer; objects of a page
        cursor: string; `next_cursor` of the page before, as it was given
        org_id: id or null; only those of this organization
        days: integer; end within so many days
        """
        return self._each(ExpiringCertificate, "application.expiring_certificates", given)


class AsyncSecretOperations(AsyncGroup):
    """The operations `admin.secrets`, awaited."""

    def expiring(self, **given: Unpack[arguments.SecretExpiring]) -> AsyncIterator[Expiring]:
        """List the secrets that end soon and that no newer one replaces, the next one first.

        limit: integer; objects of a page
        cursor: string; `next_cursor` of the page before, as it was given
        org_id: id or null; only those of this organization
        days: integer; end within so many days
        """
        return self._each(Expiring, "secret.expiring", given)
