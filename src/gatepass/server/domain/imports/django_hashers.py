"""Client secrets as Django hashes them: which way, and whether a secret is the right one.

Pure, and slow by design: call `verify` off the event loop.
"""

import base64
import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Callable, Sequence

from gatepass.wire.secret import Secret

PLAIN = "plain"
SHORT = 20  # characters; of a shorter secret the last four would tell too much

_B64 = "[A-Za-z0-9+/]"
_FORMS = {
    name: re.compile(f"{name}{form}")
    for name, form in {
        "pbkdf2_sha256": rf"\$([1-9][0-9]{{0,7}})\$([^$]+)\$({_B64}{{43}}=)",
        "pbkdf2_sha1": rf"\$([1-9][0-9]{{0,7}})\$([^$]+)\$({_B64}{{27}}=)",
        "bcrypt": r"\$(\$2[aby]\$([0-9][0-9])\$[./A-Za-z0-9]{53})",
        "bcrypt_sha256": r"\$(\$2[aby]\$([0-9][0-9])\$[./A-Za-z0-9]{53})",
        "argon2": (
            r"(\$argon2(?:id|i|d)(?:\$v=[0-9][0-9])?"
            rf"\$m=([0-9]{{1,7}}),t=([0-9]{{1,3}}),p=([0-9]{{1,3}})\${_B64}+\${_B64}+)"
        ),
        "scrypt": rf"\$([0-9]{{1,7}})\$([^$]+)\$([0-9]{{1,2}})\$([0-9]{{1,2}})\$({_B64}{{86}}==)",
    }.items()
}
_WEAK = frozenset({"md5", "sha1", "unsalted_md5", "unsalted_sha1", "crypt"})
_NAMED = re.compile(r"(?:[a-z][a-z0-9_]*|\$[a-z0-9-]+)\$.*\$", re.DOTALL)
_RAW_BCRYPT = re.compile(r"\$2[aby]\$[0-9][0-9]\$[./A-Za-z0-9]{53}")
_UNSALTED_MD5 = re.compile(r"[0-9a-f]{32}")

# Beyond these one verification would take seconds or hundreds of megabytes.
_MOST_ITERATIONS = 5_000_000
_MOST_ROUNDS = 15  # the logarithm of them
_MOST_MEMORY = 256 * 1024  # KiB
_MOST_PASSES = 16
_MOST_LANES = 16
_BCRYPT_READS = 72  # bytes of a secret; the algorithm never looked at more


def in_djangos_form(encoded: str) -> str:
    """Return a hash of bcrypt or Argon2 as the library writes it (`$2a$...`) with Django's name."""
    if _RAW_BCRYPT.fullmatch(encoded):
        return f"bcrypt${encoded}"
    return f"argon2{encoded}" if encoded.startswith("$argon2") else encoded


def kind(encoded: str, *, was_hashed: bool | None = None) -> str | None:
    """Name the way of hashing, `plain` where there is none; None for what is not verified here.

    That is a weak or unknown hash, a malformed one, or one that is too costly. `was_hashed` is
    what its owner says of it, if anything: a plain secret may look like an unknown hash.
    """
    encoded = in_djangos_form(encoded)
    name = encoded.partition("$")[0]
    if "$" in encoded and name in _FORMS:
        form = _FORMS[name].fullmatch(encoded)
        return name if form and _is_affordable(name, form) else None
    if "$" in encoded and name in _WEAK:
        return None
    if was_hashed is False:
        return PLAIN
    if _NAMED.match(encoded) or (was_hashed and _UNSALTED_MD5.fullmatch(encoded)):
        return None
    return PLAIN


def verify(encoded: str, secret: Secret) -> bool:
    """Return whether `secret` is the one of `encoded`; False for what `kind` does not know."""
    name = encoded.partition("$")[0]
    form = _FORMS[name].fullmatch(encoded) if name in _FORMS else None
    if form is None or not _is_affordable(name, form):
        return False
    try:
        return _VERIFIERS[name](form, secret.value.encode())
    except ValueError:
        return False


def last_four(secret: Secret) -> str:
    """Return the characters that identify a secret, none where it is too short to show any."""
    return secret.value[-4:] if len(secret.value) >= SHORT else ""


def most_common(encoded: Sequence[str]) -> str | None:
    """Return one secret of the kind that is there most, None where there is none."""
    samples = {each.partition("$")[0]: each for each in encoded}
    counts = Counter(each.partition("$")[0] for each in encoded)
    return samples[counts.most_common(1)[0][0]] if counts else None


def _is_affordable(name: str, form: re.Match[str]) -> bool:
    if name.startswith("pbkdf2"):
        return int(form[1]) <= _MOST_ITERATIONS
    if name.startswith("bcrypt"):
        return int(form[2]) <= _MOST_ROUNDS
    if name == "argon2":
        memory, passes, lanes = int(form[2]), int(form[3]), int(form[4])
        return memory <= _MOST_MEMORY and passes <= _MOST_PASSES and lanes <= _MOST_LANES
    blocks, size, lanes = int(form[1]), int(form[3]), int(form[4])
    return blocks * size // 8 <= _MOST_MEMORY and size > 0 and 0 < lanes <= _MOST_LANES


def _pbkdf2(form: re.Match[str], secret: bytes, algorithm: str) -> bool:
    made = hashlib.pbkdf2_hmac(algorithm, secret, form[2].encode(), int(form[1]))
    return _is_same(made, form[3])


def _bcrypt(form: re.Match[str], secret: bytes) -> bool:
    import bcrypt  # seldom needed

    return bcrypt.checkpw(secret[:_BCRYPT_READS], form[1].encode())


def _bcrypt_sha256(form: re.Match[str], secret: bytes) -> bool:
    return _bcrypt(form, hashlib.sha256(secret).hexdigest().encode())


def _argon2(form: re.Match[str], secret: bytes) -> bool:
    import argon2  # seldom needed

    try:
        return argon2.PasswordHasher().verify(form[1], secret)
    except (argon2.exceptions.Argon2Error, argon2.exceptions.InvalidHashError):
        return False


def _scrypt(form: re.Match[str], secret: bytes) -> bool:
    blocks, size, lanes = int(form[1]), int(form[3]), int(form[4])
    made = hashlib.scrypt(
        secret,
        salt=form[2].encode(),
        n=blocks,
        r=size,
        p=lanes,
        maxmem=128 * size * (blocks + lanes + 4),  # what the algorithm needs, and a little
        dklen=64,
    )
    return _is_same(made, form[5])


def _is_same(made: bytes, kept: str) -> bool:
    return hmac.compare_digest(base64.b64encode(made), kept.encode())


_VERIFIERS: dict[str, Callable[[re.Match[str], bytes], bool]] = {
    "pbkdf2_sha256": lambda form, secret: _pbkdf2(form, secret, "sha256"),
    "pbkdf2_sha1": lambda form, secret: _pbkdf2(form, secret, "sha1"),
    "bcrypt": _bcrypt,
    "bcrypt_sha256": _bcrypt_sha256,
    "argon2": _argon2,
    "scrypt": _scrypt,
}
