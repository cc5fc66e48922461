"""Telling: each step says what is done, how to do it by hand, and what came back."""

import shlex
from collections.abc import Callable, Iterable

import httpx2

_WIDTH = 96
_SHOWN = 13  # characters of a secret that are shown: its prefix, and little more
_SHORTEST_SECRET = 8


class Story:
    """What the demo prints. Secrets that it was told of are shortened wherever they stand."""

    def __init__(self, echo: Callable[[str], None]) -> None:
        self._echo = echo
        self._secrets: dict[str, str] = {}
        self._steps = 0

    def hide(self, secret: str) -> None:
        """Shorten this text from now on."""
        if len(secret) >= _SHORTEST_SECRET:
            cut = _SHOWN if secret.startswith("gp") else 3
            self._secrets[secret] = secret[:cut] + "…"

    def title(self, text: str) -> None:
        """Begin a part."""
        self._echo(f"\n━━ {text} {'━' * max(3, _WIDTH - len(text) - 4)}")

    def step(self, text: str) -> None:
        """Say what is done next."""
        self._steps += 1
        self._echo(f"\n{self._steps}. {text}")

    def command(self, words: Iterable[str]) -> None:
        """Show how it is done by hand."""
        line = shlex.join(self._short(word) for word in words)
        self._echo(f"   $ {line}")

    def came(self, lines: Iterable[str]) -> None:
        """Show what came back."""
        for line in lines:
            self._echo(f"   {self._short(line)}")

    def answered(self, response: httpx2.Response, *headers: str) -> None:
        """Show an answer: its status, some headers, and its body where that is JSON."""
        status = f"HTTP {response.status_code} {response.reason_phrase}"
        shown = [
            f"{name}: {response.headers[name]}" for name in headers if name in response.headers
        ]
        is_json = "json" in response.headers.get("content-type", "")
        body = [response.text] if is_json else []
        self.came(f"< {line}" for line in (status, *shown, *body))

    def _short(self, text: str) -> str:
        for secret, short in self._secrets.items():
            text = text.replace(secret, short)
        return text
