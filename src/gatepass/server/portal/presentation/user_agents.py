"""Programs in words: enough of a User-Agent for its owner to know the session by."""

_PROGRAMS = (  # the first that is named; most name the ones below, too
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
    """Give "Firefox on Linux", or the User-Agent as it is where it is none of the usual ones."""
    program = next((word for sign, word in _PROGRAMS if sign in agent), "")
    system = next((word for sign, word in _SYSTEMS if sign in agent), "")
    return f"{program} on {system}" if program and system else program or agent
