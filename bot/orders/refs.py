"""Name orders so that the same intent always has the same name, at the broker and in the journal."""

from __future__ import annotations

from hashlib import sha256

LONGEST = 40  # characters of orderRef that survive every broker message


def order_ref(mode: str, account: str, key: str) -> str:
    """Return the orderRef of the intent `key`: at most 40 characters, different for every mode, account and key."""
    digest = sha256(f"{mode}\n{account}\n{key}".encode()).hexdigest()[:20]
    return f"alvh-{mode}-{digest}"


def is_ours(ref: str, mode: str) -> bool:
    """Say whether an orderRef found at the broker was made by this program in this mode."""
    return ref.startswith(f"alvh-{mode}-")
