"""What backup, restore and copy refuse."""


class BackupError(Exception):
    """A backup, restore or copy that cannot be done; the message is one line."""
