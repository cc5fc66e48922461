"""The settings of the client: the token endpoint, the credentials, what is requested."""

from gatepass.client.settings.model import BASIC as BASIC
from gatepass.client.settings.model import CLIENT_CREDENTIALS as CLIENT_CREDENTIALS
from gatepass.client.settings.model import POST as POST
from gatepass.client.settings.model import PRIVATE_KEY_JWT as PRIVATE_KEY_JWT
from gatepass.client.settings.model import SELF_SIGNED_TLS as SELF_SIGNED_TLS
from gatepass.client.settings.model import TLS as TLS
from gatepass.client.settings.model import TOKEN_ENDPOINT as TOKEN_ENDPOINT
from gatepass.client.settings.model import ClientSecret as ClientSecret
from gatepass.client.settings.model import ClientSettings as ClientSettings
from gatepass.client.settings.model import KeySource as KeySource
from gatepass.client.settings.model import PrivateKey as PrivateKey
