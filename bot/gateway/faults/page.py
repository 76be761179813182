"""Write the tables of failures and kinds as Markdown, for the docs."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bot.gateway.faults.catalogue import KINDS
from bot.gateway.faults.failures import FAILURES
from bot.gateway.faults.keys import ACTION, AT, CLIENT, CONTRACTS, DAILY, OCCASIONS, REF, Key
from bot.gateway.faults.records import Value
from bot.gateway.faults.trouble import Kind

_COMMON = (AT, DAILY, CLIENT, *OCCASIONS, CONTRACTS, ACTION, REF)
_MANY = 8  # choices from which on a list is not written out


def failures_table() -> str:
    """Return the table of failures, each with the kinds that stand for it."""
    lines = ["| | seen of real gateways | kinds |", "| --- | --- | --- |"]
    for number, words in FAILURES.items():
        kinds = ", ".join(f"`{kind.name}`" for kind in KINDS.values() if number in kind.rows)
        lines.append(f"| {number} | {words} | {kinds} |")
    return "\n".join(lines)


def kinds_text() -> str:
    """Return what may be said of every kind, and of each kind."""
    return "\n".join([*_common(), *(line for kind in KINDS.values() for line in _section(kind))])


def _common() -> Iterator[str]:
    yield "What many kinds may be told:"
    yield ""
    yield from _keys(_COMMON)
    yield ""


def _section(kind: Kind) -> Iterator[str]:
    common = {key.name for key in _COMMON}
    yield f"### `{kind.name}`"
    yield ""
    yield kind.words
    shared = [f"`{key.name}`" for key in kind.keys.known if key.name in common]
    yield ""
    yield f"{', '.join(kind.rows)}. Also {', '.join(shared)}."
    yield ""
    own = tuple(key for key in kind.keys.known if key.name not in common)
    if own:
        yield from _keys(own)
        yield ""


def _keys(keys: tuple[Key, ...]) -> Iterator[str]:
    yield "| key | default | means |"
    yield "| --- | --- | --- |"
    for key in keys:
        default = "needed" if key.needed else f"`{_shown(key.default)}`"
        few = 1 < len(key.choices) <= _MANY
        choices = f" ({', '.join(f'`{each}`' for each in key.choices if each)})" if few else ""
        yield f"| `{key.name}` | {default} | {key.words}{choices} |"


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(_shown(each) for each in value)}]"
    if isinstance(value, float):
        return "inf" if math.isinf(value) else f"{value:g}"
    return f'"{value}"' if isinstance(value, str) else str(value)
