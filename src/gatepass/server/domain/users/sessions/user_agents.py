"""User-Agent headers in words, for the list of sessions."""

from gatepass.translation.message import Message

_PROGRAMS = (  # the first match counts; most User-Agents contain the ones below, too
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl/", "curl"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def words(agent: str) -> str:
    """Return for example "Firefox on Linux", or the header itself if it is unknown."""
    program = next((word for sign, word in _PROGRAMS if sign in agent), "")
    system = next((word for sign, word in _SYSTEMS if sign in agent), "")
    if program and system:
        return Message("{program} on {system}", program=program, system=system)
    return program or agent
