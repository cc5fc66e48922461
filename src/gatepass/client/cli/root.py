"""The client's commands, for a partner's engineer who tries the credentials."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import click

from gatepass.client import variables as env
from gatepass.client.cli import check, keygen, scan
from gatepass.client.cli.rotate.command import rotate
from gatepass.client.errors import ClientError
from gatepass.client.network.urls import check_url
from gatepass.client.settings import ClientSettings
from gatepass.command_group import example
from gatepass.wire.urls import may_use_proxy

_HTTP_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_DEADLINE = 10.0  # seconds to wait for a token
_STREAM_CHUNK = 64 * 1024  # bytes


@click.group()
def commands() -> None:
    """Collect the client's commands for the command-line root."""


@commands.command(epilog=example("gatepass token --json"))
@click.option("--json", "as_json", is_flag=True, help="Print the whole token response.")
def token(*, as_json: bool) -> None:
    """Print a fresh access token.

    The settings come from GATEPASS_TOKEN_URL, GATEPASS_CLIENT_ID, GATEPASS_CLIENT_SECRET (or
    GATEPASS_CLIENT_SECRET_FILE) or GATEPASS_PRIVATE_KEY_FILE, GATEPASS_SCOPE, GATEPASS_RESOURCE,
    GATEPASS_PARAMETERS and GATEPASS_AUTH_METHOD.
    """
    from gatepass.client.tokens.source import TokenSource  # takes a while to load

    with _one_line_errors():
        settings = ClientSettings.from_env()
        response = TokenSource(settings, deadline=_DEADLINE).token().response
    if settings.dpop and settings.dpop_key is None:
        click.echo(
            "The token is bound to a key that ends with this command, so no API takes it: set "
            f"{env.DPOP_KEY_FILE}, or use gatepass call.",
            err=True,
        )
    if not as_json:
        click.echo(response.access_token.value)
        return
    answer = {
        "access_token": response.access_token.value,
        "expires_in": response.expires_in,
        "scope": response.scope,
        "token_type": response.token_type,
    }
    click.echo(json.dumps(answer))


@commands.command(
    epilog=example("gatepass call https://app.example.com/api/partners/v2.0/org/ORG_ID/users")
)
@click.option("-X", "--request", "method", help="The method; GET, or POST where there is DATA.")
@click.option("-d", "--data", help="The body; JSON unless a Content-Type header says otherwise.")
@click.option("-H", "--header", "headers", multiple=True, help='As "Name: value"; may repeat.')
@click.argument("url")
def call(method: str | None, data: str | None, headers: tuple[str, ...], url: str) -> None:
    """Send a request with an access token and print the response body.

    The settings are those of `gatepass token`. Redirects are not followed. An answer of 400
    or more is exit status 1.
    """
    import httpx2  # takes a while to load

    from gatepass.client.httpx2 import BearerAuth
    from gatepass.client.network.certificate_errors import explain, find_verification_error
    from gatepass.client.tokens.source import TokenSource

    if method is not None and not _HTTP_TOKEN.fullmatch(method):
        raise click.BadParameter("a method is a word like PUT", param_hint="-X")
    fields = [_field(header) for header in headers]
    if data is not None and "content-type" not in {name.lower() for name, _ in fields}:
        fields.append(("Content-Type", "application/json"))
    with _one_line_errors():
        check_url(url, "the URL")
        settings = ClientSettings.from_env()
        source = TokenSource(settings, deadline=_DEADLINE)
        secure = may_use_proxy(url)
        client = httpx2.Client(
            auth=BearerAuth.sharing(source),
            verify=settings.ssl_context() if secure else False,
            trust_env=secure,
        )
    method = method or ("GET" if data is None else "POST")
    with client:
        try:
            with (
                _one_line_errors(),
                client.stream(method, url, headers=fields, content=data) as answer,
            ):
                for chunk in answer.iter_bytes(_STREAM_CHUNK):
                    click.echo(chunk, nl=False)
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            refused = find_verification_error(error)
            if refused is not None:
                why = explain(refused, urlsplit(url).hostname or "")
                raise click.ClickException(f"no answer: {why}") from None
            raise click.ClickException(
                f"no answer ({type(error).__name__}): check the URL"
            ) from None
    if answer.is_error:
        challenge = answer.headers.get("www-authenticate", "")
        wants_proof = "dpop" in challenge.lower() and not settings.dpop
        raise click.ClickException(_advice(answer.status_code, wants_proof=wants_proof))


def _field(header: str) -> tuple[str, str]:
    name, colon, value = header.partition(":")
    name, value = name.strip(), value.strip()
    if (
        not colon
        or not _HTTP_TOKEN.fullmatch(name)
        or not header.isascii()
        or not header.isprintable()
    ):
        raise click.BadParameter('a header is "Name: value"', param_hint="-H")
    if name.lower() == "authorization":
        raise click.BadParameter("the Authorization header is made here", param_hint="-H")
    return name, value


def _advice(status: int, *, wants_proof: bool) -> str:
    if status == 401 and wants_proof:
        return "the answer is 401: the API takes tokens bound to a key; set GATEPASS_DPOP=1"
    advice = {
        401: "the API refuses the token: check that it belongs to the token URL",
        403: "the token does not allow this: check the scope",
        404: "there is nothing at this address: check the URL",
    }.get(status, "see the answer")
    return f"the answer is {status}: {advice}"


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise click.ClickException(str(error)) from None


for _command in (check.check, keygen.keygen, rotate, scan.scan):
    commands.add_command(_command)
