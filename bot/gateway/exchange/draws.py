"""Draw numbers that depend on names alone, so that the same run gives the same fills on any machine."""

from __future__ import annotations

from hashlib import blake2b

_SCALE = float(1 << 64)


def draw(*parts: object) -> float:
    """Return a number in [0, 1) that is a fixed function of `parts` (their text), the same in every process."""
    digest = blake2b("|".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / _SCALE
