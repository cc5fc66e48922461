"""A partner as its engineer sees it."""

from typing import NamedTuple

from server_process import Credentials


class Partner(NamedTuple):
    """What a partner's engineer has been given, and the addresses from the documentation."""

    credentials: Credentials
    issuer: str
    api_url: str
    org_id: str

    @property
    def client_id(self) -> str:
        return self.credentials.client_id

    @property
    def secret(self) -> str:
        return self.credentials.client_secret

    @property
    def token_url(self) -> str:
        return self.credentials.token_url

    @property
    def revoke_url(self) -> str:
        return self.issuer + "/oauth2/revoke_token/"

    @property
    def introspect_url(self) -> str:
        return self.issuer + "/oauth2/introspect/"
