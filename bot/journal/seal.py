"""Chain the entries: each carries a hash of its own line and of the seal before it, so none changes unnoticed."""

from __future__ import annotations

from hashlib import sha256

FIRST = ""  # stands before the first sealed entry


def line(seq: int, at: str, kind: str, body: str) -> str:
    """Return the canonical line of an entry: everything but `wall`."""
    return f'{{"at":"{at}","body":{body},"kind":"{kind}","seq":{seq}}}'


def seal(before: str, canonical: str) -> str:
    """Return the seal of an entry, given the seal before it and its canonical line."""
    return sha256(f"{before}\n{canonical}".encode()).hexdigest()
