"""State a fault as flat data, and what one did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Scalar = str | int | float | bool
Value = Scalar | tuple[Scalar, ...]
Values = tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Hold one fault: its kind, and what is said beyond the kind's defaults, as pairs in the order of their names.

    A dot in a name is a table in a file: `where.status` is the key `status` of the table `where`. Two faults that say
    the same are equal and hash alike.
    """

    kind: str
    values: Values = ()

    @classmethod
    def of(cls, kind: str, **values: Value | list[Scalar]) -> Fault:
        """Return a fault; two underscores in a name stand for the dot (`where__status="Filled"`)."""
        named = {name.replace("__", "."): value for name, value in values.items()}
        return cls(kind, _sorted(named))

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Fault:
        """Return the fault that `as_dict` or a TOML table states; nothing is checked but the shape."""
        flat: dict[str, Any] = {}
        for name, value in raw.items():
            if isinstance(value, Mapping):
                flat |= {f"{name}.{inner}": each for inner, each in value.items()}
            else:
                flat[name] = value
        kind = flat.pop("kind", "")
        return cls(kind if isinstance(kind, str) else repr(kind), _sorted(flat))

    def as_dict(self) -> dict[str, Any]:
        """Return the fault as a plain dictionary, dotted names as inner ones."""
        plain: dict[str, Any] = {"kind": self.kind}
        for name, value in self.values:
            shown = list(value) if isinstance(value, tuple) else value
            outer, dot, inner = name.partition(".")
            if dot:
                plain.setdefault(outer, {})[inner] = shown
            else:
                plain[name] = shown
        return plain

    def but(self, **values: Value | list[Scalar]) -> Fault:
        """Return the fault with some values said otherwise."""
        named = {name.replace("__", "."): value for name, value in values.items()}
        return Fault(self.kind, _sorted({**dict(self.values), **named}))

    def without(self, name: str) -> Fault:
        """Return the fault with one value left to the kind's default."""
        return Fault(self.kind, tuple(pair for pair in self.values if pair[0] != name))

    def __str__(self) -> str:
        said = [f"{name}={list(value) if isinstance(value, tuple) else value!r}" for name, value in self.values]
        return " ".join([self.kind, *said])


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultNote:
    """Say what a fault did: when, to whom (-1: to nobody in particular), with which frame (empty: none)."""

    at: datetime
    fault: Fault
    client_id: int
    frame: str
    what: str

    def __str__(self) -> str:
        whom = f" client {self.client_id}" if self.client_id >= 0 else ""
        frame = f" {self.frame}" if self.frame else ""
        return f"{self.at:%Y-%m-%d %H:%M:%S} fault {self.fault.kind}:{whom}{frame} {self.what}"


def _sorted(values: Mapping[str, Any]) -> Values:
    return tuple(sorted((name, tuple(value) if isinstance(value, list) else value) for name, value in values.items()))
