"""RSA keys from a chip whose primes could be guessed (ROCA, CVE-2017-15361). Pure."""

from functools import cache

# The flawed generator for 2048 bits took its primes from powers of 65537 modulo the product of
# the primes to 701 (Nemec et al., "The Return of Coppersmith's Attack", 2017); for longer keys
# from a multiple of that. A good key passes for one in fewer than 1 of 2**160 cases.
_GENERATOR = 65537
_LARGEST = 701


def is_vulnerable(modulus: int) -> bool:
    """Return whether a modulus of 2048 bits or more has the fingerprint of the flaw."""
    return all(modulus % prime in powers for prime, powers in _powers().items())


@cache
def _powers() -> dict[int, frozenset[int]]:
    """Return the powers of the generator modulo each odd prime, by the prime."""
    odd = range(3, _LARGEST + 1, 2)
    primes = [number for number in odd if all(number % divisor for divisor in range(3, number, 2))]
    return {
        prime: frozenset(pow(_GENERATOR, exponent, prime) for exponent in range(prime - 1))
        for prime in primes
    }
