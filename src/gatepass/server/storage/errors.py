"""What a database raises; each message is one line for people."""


class DatabaseError(Exception):
    """A database that cannot be used; the message is one line that says what to do."""


class DatabaseAwayError(Exception):
    """The database did not answer; nothing was changed, and the caller may try again."""


class DatabaseLostError(DatabaseAwayError):
    """The database is not the one that was opened: what is written to it would be lost."""


class NotFoundError(Exception):
    """There is no such thing, or it is another organization's."""


_AWAY = {  # SQLSTATEs (PostgreSQL, Appendix A) that are neither lost connections nor faults of ours
    "25006": "it is read-only",
    "25P03": "the transaction was idle for too long",
    "42P01": "its tables are not those of this version",
    "42703": "its tables are not those of this version",
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
