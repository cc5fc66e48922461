"""Output of the demo: each step with its description, its command and the response."""

import shlex
from collections.abc import Callable, Iterable

import httpx2

_WIDTH = 96
_SHOWN = 13  # characters of a secret that are shown: its prefix and a few more
_SHORTEST_SECRET = 8


class Transcript:
    """The output of the demo; registered secrets are shortened in every line."""

    def __init__(self, echo: Callable[[str], None]) -> None:
        self._echo = echo
        self._secrets: dict[str, str] = {}
        self._steps = 0

    def hide(self, secret: str) -> None:
        """Register a secret, which is shortened from now on."""
        if len(secret) >= _SHORTEST_SECRET:
            cut = _SHOWN if secret.startswith("gp") else 3
            self._secrets[secret] = secret[:cut] + "…"

    def title(self, text: str) -> None:
        """Print a heading."""
        self._echo(f"\n━━ {text} {'━' * max(3, _WIDTH - len(text) - 4)}")

    def step(self, text: str) -> None:
        """Print the description of the next step."""
        self._steps += 1
        self._echo(f"\n{self._steps}. {text}")

    def command(self, words: Iterable[str]) -> None:
        """Print the command that does it by hand."""
        line = shlex.join(self._short(word) for word in words)
        self._echo(f"   $ {line}")

    def show(self, lines: Iterable[str]) -> None:
        """Print the response."""
        for line in lines:
            self._echo(f"   {self._short(line)}")

    def show_response(self, response: httpx2.Response, *headers: str) -> None:
        """Print an HTTP response: status, some headers, and a JSON body."""
        status = f"HTTP {response.status_code} {response.reason_phrase}"
        shown = [
            f"{name}: {response.headers[name]}" for name in headers if name in response.headers
        ]
        is_json = "json" in response.headers.get("content-type", "")
        body = [response.text] if is_json else []
        self.show(f"< {line}" for line in (status, *shown, *body))

    def _short(self, text: str) -> str:
        for secret, short in self._secrets.items():
            text = text.replace(secret, short)
        return text
