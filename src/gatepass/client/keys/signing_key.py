"""What signs: a key with its algorithm and name, wherever the key itself is. No cryptography."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import TypeAlias

from gatepass.client.errors import ConfigurationError, SecretUnavailable, cleaned

Sign: TypeAlias = Callable[[bytes], bytes] | Callable[[bytes], Awaitable[bytes]]

# Bytes of each of the two numbers of an ECDSA signature (RFC 7518 §3.4).
_HALVES = {"ES256": 32, "ES384": 48, "ES512": 66}
_ED25519 = 64  # bytes of a signature
_RSA = range(2048 // 8, 8192 // 8 + 1)  # as many bytes as the modulus
_ALGORITHMS = (*_HALVES, "Ed25519", "EdDSA", "PS256", "PS384", "PS512", "RS256")
_DER_SEQUENCE, _DER_INTEGER = 0x30, 0x02


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that signs assertions: `sign`, its algorithm `alg` and its name `kid`.

    `sign` takes the bytes and returns the signature as RFC 7518 §3 writes it: for ES256 64 bytes
    and not DER, see `from_der`. It may block, as a request to a key service does, and may be an
    async function, which is awaited by `atoken` and cannot be used by `token`. `atoken` gives up
    after the time that a request may take; `token` waits for as long as the function does, so give
    what it calls a time limit. `alg` is one of
    ES256, ES384, ES512, Ed25519 (old name EdDSA), PS256, PS384, PS512 and RS256. `kid` is the name
    by which the server knows the key, empty to send none. `certificate` is the `x5t#S256` of the
    header (RFC 7515 §4.1.8), for servers that know keys by their certificate.
    """

    sign: Sign
    alg: str
    kid: str = ""
    certificate: str = ""
    is_in_memory: bool = False

    def __post_init__(self) -> None:
        if self.alg not in _ALGORITHMS:
            raise ConfigurationError(
                f"the algorithm {cleaned(self.alg)} of the private key is not known: use one of "
                + ", ".join(_ALGORITHMS)
            )

    def __repr__(self) -> str:
        return f"SigningKey({cleaned(self.alg)!r}, kid={cleaned(self.kid)!r})"

    @property
    def is_async(self) -> bool:
        """Whether `sign` has to be awaited."""
        return iscoroutinefunction(self.sign) or iscoroutinefunction(
            getattr(self.sign, "__call__", None)  # noqa: B004 - an object with an async method
        )

    def signature(self, message: bytes) -> bytes:
        """Call `sign` and check what it returns; raises ConfigurationError."""
        if self.is_async:
            raise ConfigurationError(
                "the signing function is async: await atoken (or use an async client), or give a "
                "function that blocks"
            )
        try:
            signed = self.sign(message)
        except Exception as error:  # noqa: BLE001 - a function of the user may raise anything
            raise _failed(error) from None
        return self._checked(signed)

    async def asignature(self, message: bytes) -> bytes:
        """Await `sign`, which `is_async`, and check what it returns; raises ConfigurationError."""
        try:
            signed = await self.sign(message)  # type: ignore[misc] # is_async
        except Exception as error:  # noqa: BLE001 - the same
            raise _failed(error) from None
        return self._checked(signed)

    def _checked(self, signed: object) -> bytes:
        if isinstance(signed, Coroutine):
            signed.close()
            raise ConfigurationError(
                "the signing function returned a coroutine: write it as async def, or let it block"
            )
        if isinstance(signed, bytearray | memoryview):
            signed = bytes(signed)
        if not isinstance(signed, bytes) or not signed:
            raise ConfigurationError("the signing function returned no bytes: let it return them")
        half = _HALVES.get(self.alg)
        if half is None and not self._has_size(len(signed)):
            raise ConfigurationError(
                f"the signing function returned {len(signed)} bytes, which is no signature by "
                f"{self.alg}: let it return the signature as bytes, not encoded"
            )
        if half is not None and len(signed) != 2 * half:
            raise ConfigurationError(
                f"the signing function returned {len(signed)} bytes, {self.alg} has {2 * half}: "
                "turn a signature in DER into it with gatepass.client.keys.from_der"
            )
        return signed

    def _has_size(self, size: int) -> bool:
        """Return whether a signature by Ed25519 or RSA may have so many bytes."""
        if self.alg in {"Ed25519", "EdDSA"}:
            return size == _ED25519
        return size in _RSA


def from_der(signature: bytes, alg: str) -> bytes:
    """Return an ECDSA signature in DER as JWTs have it: two numbers (RFC 7518 §3.4).

    AWS KMS, Google Cloud KMS and many HSMs sign in DER. `alg` is ES256, ES384 or ES512. Raises
    ValueError for what is no such signature.
    """
    half = _HALVES[alg]
    content = _element(signature, 0, _DER_SEQUENCE)
    if content.stop != len(signature):
        raise ValueError("the signature has bytes after its end")
    first = _element(signature, content.start, _DER_INTEGER)
    second = _element(signature, first.stop, _DER_INTEGER)
    if second.stop != len(signature):
        raise ValueError("the signature is not two numbers")
    numbers = [int.from_bytes(signature[each.start : each.stop]) for each in (first, second)]
    try:
        return b"".join(number.to_bytes(half) for number in numbers)
    except OverflowError:
        raise ValueError(f"a number of the signature is too large for {alg}") from None


def _element(der: bytes, at: int, tag: int) -> range:
    """Return where the content of the element at `at` is (ITU-T X.690 §8.1)."""
    head = der[at : at + 3]
    if len(head) < 3 or head[0] != tag:
        raise ValueError("the signature is not in DER")
    start, length = at + 2, head[1]
    if length == 0x81:  # one more byte has the length; ES512 has such a sequence
        start, length = at + 3, head[2]
    elif length > 0x80:
        raise ValueError("the signature is not in DER")
    if not length or start + length > len(der):
        raise ValueError("the signature is not in DER, or it is cut")
    return range(start, start + length)


def _failed(error: Exception) -> ConfigurationError:
    if isinstance(error, ConfigurationError):
        return error
    # Its message could quote what it signs with; a service may be back soon.
    return SecretUnavailable(
        f"the signing function failed with {type(error).__name__}: see the log of the key service"
    )
