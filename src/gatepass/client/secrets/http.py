"""One bounded HTTP exchange with a secret store."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from time import monotonic
from typing import NamedTuple

from gatepass.client.errors import ConfigurationError, SecretUnavailable, cleaned
from gatepass.client.network import route
from gatepass.client.network.certificate_authorities import trusted
from gatepass.client.network.certificate_errors import find_verification_error
from gatepass.wire.flow import JSON_HEADERS
from gatepass.wire.urls import may_use_proxy

LONGEST_RESPONSE = 1024 * 1024  # bytes
_TIMEOUT = 5.0  # seconds, for each of connecting, writing and reading a chunk


class Response(NamedTuple):
    """The response of a store."""

    status: int
    body: bytes


def exchange(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    store: str,
    ca_file: str = "",
    timeout: float = 15.0,
) -> Response:
    """Send a request and return the response; redirects are not followed, as secrets are sent.

    `store` names the store in messages, `ca_file` the certificates to trust in place of the
    system's; reading ends after `timeout` seconds or the next chunk after them. Raises
    SecretUnavailable where no whole response comes. Does NOT check the scheme of the URL.
    """
    import httpx2  # takes a while to load

    from gatepass.client.network.proxy import usable_proxy

    secure = may_use_proxy(url)
    verify = trusted(ca_file) if secure else False
    headers = {**JSON_HEADERS, "user-agent": "gatepass", **headers}
    deadline = monotonic() + timeout
    with _readable_errors(store):
        httpx2.URL(url)  # before its host is looked up
        with usable_proxy():
            client = httpx2.Client(verify=verify, trust_env=secure, timeout=_TIMEOUT)
        client.timeout = httpx2.Timeout(_TIMEOUT, connect=route.connect_timeout(url, _TIMEOUT))
        with client, client.stream(method, url, headers=headers, content=body) as response:
            content = b""
            for chunk in response.iter_raw():
                content += chunk
                if len(content) > LONGEST_RESPONSE or monotonic() > deadline:
                    raise SecretUnavailable(
                        f"{store} answers without end: check that its address is right"
                    )
            return Response(response.status_code, content)


@contextmanager
def _readable_errors(store: str) -> Iterator[None]:
    """Raise ConfigurationError for an unusable address, SecretUnavailable for a failed exchange."""
    import httpx2

    try:
        yield
    except (httpx2.InvalidURL, UnicodeError):
        raise ConfigurationError(f"{store} has an unusable address: correct it") from None
    except OSError as error:  # of a name that was not found
        raise SecretUnavailable(
            f"{store} cannot be reached ({cleaned(str(error))}): check its address"
        ) from None
    except httpx2.RequestError as error:
        refused = find_verification_error(error)
        if refused is not None:
            why = cleaned(refused.verify_message)
            raise SecretUnavailable(
                f"{store} has a certificate that is refused ({why}): name its authority's file"
            ) from None
        # Only why a connection failed is safe to repeat: other errors may quote what was sent.
        why = f": {cleaned(str(error))}" if isinstance(error, httpx2.ConnectError) else ""
        raise SecretUnavailable(
            f"{store} cannot be reached ({type(error).__name__}{why}): check its address and that "
            "it runs"
        ) from None


def refusal(status: int, where: str, store: str, advice: str) -> ConfigurationError:
    """Return the error for a response of `store` with `status`; `where` names the secret."""
    answer = f"{where} is not given, {store} answered {status}"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return SecretUnavailable(f"{answer}: try again")
    return ConfigurationError(f"{answer}: {advice}")
