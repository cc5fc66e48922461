"""The address of a PostgreSQL database, in each form that libpq has; it may carry a password."""

from urllib.parse import parse_qsl, urlencode

_PREFIXES = ("postgresql://", "postgres://")
_SECRET = ("password", "sslpassword", "oauth_client_secret")
_WRONG = (
    "is not the address of a PostgreSQL database. Write postgresql://ROLE@HOST:PORT/DATABASE or "
    '"host=HOST port=PORT dbname=DATABASE user=ROLE"; in the first form write the characters '
    "@ : / % of a password as %40 %3A %2F %25"
)


class AddressError(ValueError):
    """Not an address; the message says what is right, and repeats nothing of a password."""


def parse(address: str) -> dict[str, str]:
    """Return the parameters of an address for libpq; raise AddressError, or ImportError."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        found = conninfo_to_dict(_with_one_host_list(address))
    except ProgrammingError:
        raise AddressError(_WRONG) from None
    parameters = {name: str(value) for name, value in found.items()}
    ports = parameters.get("port", "").split(",")
    # an unescaped password's rest is taken for a port, a host or a database
    is_torn = any("@" in parameters.get(name, "") for name in ("host", "dbname"))
    if is_torn or not all(port.isdecimal() or not port for port in ports):
        raise AddressError(_WRONG)
    return parameters


def is_address(text: str) -> bool:
    """Return whether this looks like one of the forms."""
    return text.startswith((*_PREFIXES, "postgresql+psycopg://")) or "=" in text


def without_password(address: str) -> str:
    """Return an address as it may be shown: parameters, without their secrets."""
    try:
        shown = parse(address)
    except (AddressError, ImportError):
        return "PostgreSQL"
    from psycopg.conninfo import make_conninfo

    return make_conninfo(**{name: "***" if name in _SECRET else shown[name] for name in shown})


def _with_one_host_list(address: str) -> str:
    """Return a URL that libpq reads: SQLAlchemy's names a driver, and repeats `host`."""
    url = address.replace("postgresql+psycopg://", "postgresql://", 1)
    start, _, query = url.partition("?")
    options = parse_qsl(query, keep_blank_values=True)
    hosts = [value for name, value in options if name == "host"]
    if not url.startswith(_PREFIXES) or len(hosts) < 2:
        return url
    split = [host.rpartition(":") if ":" in host else (host, "", "") for host in hosts]
    others = [(name, value) for name, value in options if name not in {"host", "port"}]
    lists = [
        ("host", ",".join(host for host, _, _ in split)),
        ("port", ",".join(port for _, _, port in split)),
    ]
    return f"{start}?{urlencode(others + lists, safe=',/')}"
