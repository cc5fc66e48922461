"""Programs that get a token and call the API, with the ids of one application filled in."""

from importlib.resources import files
from typing import NamedTuple


class Program(NamedTuple):
    """A program in one language: its file, and the command that runs it."""

    id: str
    language: str
    file: str
    command: str
    text: str


class Values(NamedTuple):
    """What is filled in."""

    token_url: str
    api_url: str
    org_id: str
    client_id: str


_PROGRAMS = (
    ("curl", "curl and a shell", "call.sh", "sh call.sh"),
    ("python", "Python", "call.py", "pip install gatepass httpx2 && python call.py"),
    ("node", "Node.js 18 or newer", "call.mjs", "node call.mjs"),
    ("go", "Go", "call.go", "go run call.go"),
    ("java", "Java 17 or newer", "Call.java", "java Call.java"),
    ("csharp", "C# (.NET 8 or newer)", "Program.cs", "dotnet run"),
    ("php", "PHP 8 or newer, with curl", "call.php", "php call.php"),
)


def programs(values: Values) -> list[Program]:
    """Return the programs with these values. The secret is read from a variable by each of them."""
    folder = files("gatepass.server.portal.presentation.guide") / "programs"
    return [
        Program(
            name, language, file, command, _filled((folder / f"{file}.txt").read_text(), values)
        )
        for name, language, file, command in _PROGRAMS
    ]


def _filled(text: str, values: Values) -> str:
    for name, value in values._asdict().items():
        text = text.replace(f"@{name.upper()}@", value)
    return text
