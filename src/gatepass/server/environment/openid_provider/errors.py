"""Why somebody cannot come from a provider; never with a code, a token or a secret in it."""


class ProviderError(Exception):
    """A provider said what is not accepted; the message is for the log and for administrators."""


class ProviderAwayError(ProviderError):
    """A provider could not be reached, or did not answer in time."""
