"""What a program with a private key needs, ready to paste: a `.env` file, curl and Python."""

from gatepass.server.domain.applications.model import Application
from gatepass.server.environment.environment import Environment
from gatepass.wire.metadata import TOKEN

_ENV = """\
GATEPASS_TOKEN_URL={token_url}
GATEPASS_CLIENT_ID={client_id}
GATEPASS_AUTH_METHOD=private_key_jwt
GATEPASS_PRIVATE_KEY_FILE=private.pem
GATEPASS_PRIVATE_KEY_ID={kid}
GATEPASS_PRIVATE_KEY_ALG={alg}
"""
# The key and what it signs stay out of the process list: other users can see command lines.
_CURL = """\
b64() {{ openssl base64 -A | tr '+/' '-_' | tr -d '='; }}
head='{{"alg":"{alg}","kid":"{kid}","typ":"client-authentication+jwt"}}'
body=$(printf '{{"iss":"%s","sub":"%s","aud":"%s","jti":"%s","exp":%s}}' \\
  '{client_id}' '{client_id}' '{issuer}' \\
  "$(openssl rand -hex 16)" "$(($(date +%s) + 60))")
part="$(printf %s "$head" | b64).$(printf %s "$body" | b64)"
signature=$({sign} | b64)
curl --config - <<END
url = "{token_url}"
data = "grant_type=client_credentials"
data = "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
data = "client_assertion=$part.$signature"
END"""
# openssl writes an ECDSA signature as DER; a JWT has its two numbers (RFC 7518 §3.4).
_ECDSA = """\
printf %s "$part" | openssl dgst -sha{bits} -sign private.pem |
  openssl asn1parse -inform DER | awk -F: '/INTEGER/ {{
    n = $4; while (length(n) < {digits}) n = "0" n; printf "%s", n }}' | xxd -r -p"""
_EDDSA = """\
{ f=$(mktemp) && printf %s "$part" > "$f" &&
  openssl pkeyutl -sign -rawin -inkey private.pem -in "$f" && rm "$f"; }"""
_RSA = 'printf %s "$part" | openssl dgst -sha{bits} -sign private.pem'
_PSS = " -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest"
_PYTHON = """\
# pip install gatepass; it reads the variables above and signs by itself
import httpx2, gatepass

api = httpx2.Client(base_url="{api_url}", auth=gatepass.BearerAuth.from_env())
api.get("/org/{org_id}/users").raise_for_status()"""
_DIGITS = {"ES256": 64, "ES384": 96, "ES512": 132}


def key_snippets(
    environment: Environment, application: Application, kid: str, alg: str
) -> dict[str, str]:
    """Return the texts by the names that the templates use, for a key in private.pem."""
    values = {
        "token_url": environment.issuer + TOKEN,
        "issuer": environment.issuer,
        "api_url": environment.partner_api,
        "client_id": application.client_id,
        "org_id": str(application.org_id),
        "kid": kid,
        "alg": alg,
        "sign": _sign(alg),
    }
    texts = {"env": _ENV, "curl": _CURL, "python": _PYTHON}
    return {name: text.format_map(values) for name, text in texts.items()}


def _sign(alg: str) -> str:
    """Return the command that signs `$part`."""
    bits = alg[-3:]
    if alg in _DIGITS:
        return _ECDSA.format(bits=bits, digits=_DIGITS[alg])
    if alg.startswith(("RS", "PS")):
        return _RSA.format(bits=bits) + (_PSS if alg.startswith("PS") else "")
    return _EDDSA
