"""Credentials ready to paste: a `.env` file, a curl call and three lines of Python."""

from gatepass.server.domain.applications.model import Application
from gatepass.server.environment.environment import Environment
from gatepass.wire.metadata import TOKEN
from gatepass.wire.secret import Secret

PLACEHOLDER = Secret("your-client-secret")

_ENV = """\
GATEPASS_TOKEN_URL={token_url}
GATEPASS_CLIENT_ID={client_id}
GATEPASS_CLIENT_SECRET={secret}
"""
# On standard input, because other users can see a command line in the process list.
_CURL = """\
curl --config - <<'END'
url = "{token_url}"
data = "grant_type=client_credentials"
user = "{client_id}:{secret}"
END"""
_PYTHON = """\
import httpx2, gatepass

api = httpx2.Client(base_url="{api_url}", auth=gatepass.BearerAuth.from_env())
api.get("/org/{org_id}/users").raise_for_status()"""


_CALL = """\
curl {api_url}/org/{org_id} \\
  -H 'Authorization: Bearer {token}'"""


def call(environment: Environment, application: Application, token: Secret) -> str:
    """Return a curl command that calls the API with a token."""
    org_id = str(application.org_id)
    return _CALL.format(api_url=environment.partner_api, org_id=org_id, token=token.value)


def snippets(
    environment: Environment, application: Application, secret: Secret = PLACEHOLDER
) -> dict[str, str]:
    """Return the texts by the names that the templates use."""
    values = {
        "token_url": environment.issuer + TOKEN,
        "api_url": environment.partner_api,
        "client_id": application.client_id,
        "org_id": str(application.org_id),
        "secret": secret.value,
    }
    texts = {"env": _ENV, "curl": _CURL, "python": _PYTHON}
    return {name: text.format_map(values) for name, text in texts.items()}
