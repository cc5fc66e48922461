"""What a database raises; each message is one line for people."""


class DatabaseError(Exception):
    """A database that cannot be used; the message is one line that says what to do."""


class DatabaseAwayError(Exception):
    """The database did not answer; nothing was changed, and the caller may try again.

    `detail` is for the operator alone: it names hosts and roles.
    """

    def __init__(self, reason: str = "", detail: str = "") -> None:
        super().__init__(reason)
        self.detail = detail or reason


class HeldUpError(DatabaseAwayError):
    """Another transaction held up this one, which may be tried again at once."""


class DatabaseLostError(DatabaseAwayError):
    """The database is not the one that was opened: what is written to it would be lost."""


class NotFoundError(Exception):
    """There is no such thing, or it is another organization's."""


_AWAY = {  # SQLSTATEs (PostgreSQL, Appendix A) that are neither lost connections nor faults of ours
    "25006": "it is read-only",
    "53100": "its disk is full",
    "25P03": "the transaction was idle for too long",
    "42P01": "its tables are not those of this version",
    "42703": "its tables are not those of this version",
    "40P01": "another program holds it up",
    "55P03": "another program holds it up",
    "57014": "it did not answer in time",
    "XX001": "it is damaged",
    "XX002": "it is damaged",
    # and apsw's errors
    "BusyError": "another program holds it up",
    "CantOpenError": "the file cannot be opened",
    "CorruptError": "the file is damaged",
    "FullError": "the disk is full",
    "IOError": "the disk cannot be read or written",
    "NotADBError": "the file is no database",
    "ReadOnlyError": "it is read-only",
}


def reason_of(error: BaseException | None) -> str | None:
    """Return why a driver's error means that the database is away; None where it does not."""
    return _AWAY.get(getattr(error, "sqlstate", None) or type(error).__name__)


def is_held_up(error: BaseException | None) -> bool:
    """Return whether a driver's error is a lock of another transaction (or a deadlock with it)."""
    return getattr(error, "sqlstate", None) in {"40P01", "55P03"}


def detail_of(error: BaseException | None) -> str:
    """Return what libpq or the server says of a connection that failed; no password is in it."""
    line = str(error).partition("\n")[0].replace("FATAL:  ", "")
    return line.removeprefix("connection failed: ").removeprefix("connection is bad: ")
