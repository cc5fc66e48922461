import pytest

from gatepass.server.storage.postgresql.address import AddressError, parse, without_password
from gatepass.server.storage.postgresql.engine import risk_of_network

_TWO = {"host": "db1,db2", "port": "5432,5433", "dbname": "live", "user": "gatepass"}
_FORMS = (
    "postgresql://gatepass@db1:5432,db2:5433/live",
    "postgres://gatepass@db1:5432,db2:5433/live",
    "postgresql+psycopg://gatepass@db1:5432,db2:5433/live",
    "host=db1,db2 port=5432,5433 dbname=live user=gatepass",
    "postgresql://gatepass@/live?host=db1:5432&host=db2:5433",
    "postgresql+psycopg://gatepass@/live?host=db1:5432&host=db2:5433",
)


@pytest.mark.parametrize("form", _FORMS)
def test_several_hosts_may_be_written_in_each_form(form: str) -> None:
    assert parse(form) == _TWO


def test_options_of_libpq_are_kept() -> None:
    address = "postgresql://gatepass:a%40b@db/live?sslmode=verify-full&target_session_attrs=primary"

    assert parse(address) == {
        "host": "db",
        "dbname": "live",
        "user": "gatepass",
        "password": "a@b",
        "sslmode": "verify-full",
        "target_session_attrs": "primary",
    }


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://gatepass:hunter2@db/live",
        "postgresql://gatepass@db/live?password=hunter2",
        "host=db user=gatepass password=hunter2 sslpassword=hunter2",
        "postgresql://gatepass:hunter2@rest@db/live",
    ],
)
def test_an_address_is_shown_without_its_password(address: str) -> None:
    assert "hunter2" not in without_password(address)


def test_an_error_repeats_nothing_of_the_address() -> None:
    with pytest.raises(AddressError) as refused:
        parse("postgresql://gatepass:hunter2%zz@db/live")

    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("host", "sslmode", "is_risk"),
    [
        ("db.example.com", "prefer", True),
        ("db.example.com", "require", True),
        ("db.example.com", "verify-full", False),
        ("db.example.com", "verify-ca", False),
        ("127.0.0.1", "prefer", False),
        ("localhost", "prefer", False),
        ("/run/postgresql", "prefer", False),
        ("10.0.0.5", "disable", True),
    ],
)
def test_a_database_that_is_reached_unverified_is_a_risk(
    host: str, sslmode: str, *, is_risk: bool
) -> None:
    assert bool(risk_of_network(host, sslmode)) is is_risk
