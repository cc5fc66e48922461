"""Challenges: the value of a WWW-Authenticate header (RFC 9110 §11.6.1, RFC 6750 §3)."""


def write(scheme: str, **parameters: str) -> str:
    """Give `scheme` with its parameters as quoted strings; empty ones are left out."""
    given = [f'{name}="{_escaped(value)}"' for name, value in parameters.items() if value]
    return f"{scheme} {', '.join(given)}" if given else scheme


def _escaped(value: str) -> str:
    printable = "".join(char if " " <= char <= "~" else "?" for char in value)
    return printable.replace("\\", "\\\\").replace('"', '\\"')
