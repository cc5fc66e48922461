"""What a database raises; each message is one line for people."""


class DatabaseError(Exception):
    """A database that cannot be used; the message is one line that says what to do."""


class DatabaseAwayError(Exception):
    """The database did not answer; nothing was changed, and the caller may try again."""


class DatabaseLostError(DatabaseAwayError):
    """The database is not the one that was opened: what is written to it would be lost."""


class NotFoundError(Exception):
    """There is no such thing, or it is another organization's."""
