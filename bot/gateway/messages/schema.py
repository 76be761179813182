"""State the layout of a message as data, so that one statement both parses and builds it in every version.

A layout is a tuple of parts: `Field` (one text field), `Fixed` (a constant such as a message's own version), `When`
(parts that exist only if earlier values say so) and `Each` (a count, then that many records). Values are plain
dictionaries keyed by IB's field names. An unset number is `None`, however the client wrote it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.gateway.errors import ProtocolError

Values = dict[str, Any]

UNSET_DOUBLE = "1.7976931348623157E308"
UNSET_INTEGER = 2147483647
_LARGEST = 1.7976931348623157e308
_LARGEST_PLAIN_INTEGER = 1e15
_LAST_VERSION = 10_000


def parse_text(text: str) -> str:
    """Return the text as it is."""
    return text


def parse_whole(text: str) -> int | None:
    """Return an integer; `None` when it is empty or IB's largest integer (both mean unset)."""
    if not text:
        return None
    value = int(float(text)) if "." in text or "e" in text.lower() else int(text)
    return None if value == UNSET_INTEGER else value


def parse_number(text: str) -> float | None:
    """Return a number; `None` when it is empty or the largest double (both mean unset)."""
    if not text:
        return None
    if text in ("Infinite", "Infinity"):
        return math.inf
    value = float(text)
    if math.isnan(value):
        raise ValueError("NaN is no number here")
    return None if value == _LARGEST else value


def parse_flag(text: str) -> bool:
    """Return a truth value; clients write 1, 0, True, False or nothing."""
    return text in ("1", "true", "True")


def show(value: object) -> str:
    """Write a value as TWS does: flags 1/0, whole numbers without a point, unset as nothing.

    A text loses the character that ends a field.
    """
    if isinstance(value, str):
        return value.replace("\0", " ") if "\0" in value else value
    if isinstance(value, float):
        return _show_float(value)
    if value is None:
        return ""
    if value is True:
        return "1"
    if value is False:
        return "0"
    return str(value)


def _show_float(value: float) -> str:
    if -_LARGEST_PLAIN_INTEGER < value < _LARGEST_PLAIN_INTEGER:
        return str(int(value)) if value.is_integer() else repr(value)
    if value == math.inf:
        return "Infinity"
    if value == _LARGEST:
        return UNSET_DOUBLE
    return repr(value)


@dataclass(frozen=True, slots=True)
class Field:
    """Lay out one text field, present in the versions `since` to `until`; `unset` is how a missing value is written."""

    name: str
    parse: Callable[[str], Any] = parse_text
    since: int = 0
    until: int = _LAST_VERSION
    unset: str = ""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Lay out a constant: written as it is, skipped when read."""

    text: str
    since: int = 0
    until: int = _LAST_VERSION


@dataclass(frozen=True, slots=True)
class When:
    """Lay out parts that exist only when the values read or given so far say so."""

    test: Callable[[Mapping[str, Any]], bool]
    parts: tuple[Part, ...]
    since: int = 0
    until: int = _LAST_VERSION


@dataclass(frozen=True, slots=True)
class Each:
    """Lay out a count followed by that many records, kept under `name` as a list of dictionaries."""

    name: str
    parts: tuple[Part, ...]
    since: int = 0
    until: int = _LAST_VERSION


Part = Field | Fixed | When | Each


def text(*names: str, since: int = 0, until: int = _LAST_VERSION) -> tuple[Field, ...]:
    """Lay out text fields."""
    return tuple(Field(name, parse_text, since, until) for name in names)


def whole(*names: str, since: int = 0, until: int = _LAST_VERSION, unset: str = "") -> tuple[Field, ...]:
    """Lay out integers."""
    return tuple(Field(name, parse_whole, since, until, unset) for name in names)


def number(*names: str, since: int = 0, until: int = _LAST_VERSION, unset: str = "") -> tuple[Field, ...]:
    """Lay out numbers."""
    return tuple(Field(name, parse_number, since, until, unset) for name in names)


def flag(*names: str, since: int = 0, until: int = _LAST_VERSION) -> tuple[Field, ...]:
    """Lay out truth values; a missing one is written as 0."""
    return tuple(Field(name, parse_flag, since, until, "0") for name in names)


def filled(name: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return the test that a value is there and not empty."""
    return lambda values: bool(values.get(name))


def equals(name: str, *wanted: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return the test that a value is one of some texts."""
    return lambda values: values.get(name) in wanted


@dataclass(frozen=True, slots=True)
class Message:
    """Join a message id with its layout."""

    id: int
    name: str
    parts: tuple[Part, ...]
    _layouts: dict[int, tuple[Part, ...]] = field(default_factory=dict, repr=False, compare=False)

    def parse(self, fields: Sequence[str], version: int) -> Values:
        """Return the values of a frame whose first field (the id) is included in `fields`.

        Raises `ProtocolError` when fields are missing, left over or not of their kind.
        """
        values: Values = {}
        end = _parse(self._layout(version), fields, 1, values, version, self.name)
        if end != len(fields):
            raise ProtocolError(f"{self.name} carries {len(fields)} fields, expected {end} at version {version}")
        return values

    def build(self, values: Mapping[str, Any], version: int) -> list[str]:
        """Return the text fields of a frame, the id first; values that are not given are written as unset."""
        fields = [str(self.id)]
        _build(self._layout(version), values, fields, version)
        return fields

    def _layout(self, version: int) -> tuple[Part, ...]:
        layout = self._layouts.get(version)
        if layout is None:
            layout = tuple(part for part in self.parts if part.since <= version <= part.until)
            self._layouts[version] = layout
        return layout


def _present(parts: tuple[Part, ...], version: int) -> list[Part]:
    return [part for part in parts if part.since <= version <= part.until]


def _parse(parts: Sequence[Part], fields: Sequence[str], at: int, values: Values, version: int, name: str) -> int:
    for part in parts:
        if isinstance(part, When):
            if part.test(values):
                at = _parse(_present(part.parts, version), fields, at, values, version, name)
            continue
        if at >= len(fields):
            raise ProtocolError(f"{name} ends after {len(fields)} fields, before {part} at version {version}")
        if isinstance(part, Field):
            values[part.name] = _converted(part, fields[at], name)
            at += 1
        elif isinstance(part, Fixed):
            at += 1
        else:
            at = _parse_each(part, fields, at, values, version, name)
    return at


def _converted(part: Field, raw: str, name: str) -> Any:
    try:
        return part.parse(raw)
    except (ValueError, OverflowError):
        raise ProtocolError(f"{name}.{part.name} is {raw[:40]!r}, expected {part.parse.__name__[6:]}") from None


def _parse_each(part: Each, fields: Sequence[str], at: int, values: Values, version: int, name: str) -> int:
    count = fields[at] or "0"
    if not count.isascii() or not count.isdigit() or int(count) > len(fields):
        raise ProtocolError(f"{name}.{part.name} counts {count[:40]!r} records, expected a number that fits the frame")
    at += 1
    records: list[Values] = []
    for _ in range(int(count)):
        record: Values = {}
        at = _parse(_present(part.parts, version), fields, at, record, version, name)
        records.append(record)
    values[part.name] = records
    return at


def _build(parts: Sequence[Part], values: Mapping[str, Any], fields: list[str], version: int) -> None:
    for part in parts:
        if isinstance(part, Field):
            value = values.get(part.name)
            if type(value) is int:  # the most frequent kind; a flag is not of this type
                fields.append(str(value))
            else:
                fields.append(part.unset if value is None else show(value))
        elif isinstance(part, Fixed):
            fields.append(part.text)
        elif isinstance(part, When):
            if part.test(values):
                _build(_present(part.parts, version), values, fields, version)
        else:
            records = values.get(part.name) or ()
            fields.append(str(len(records)))
            for record in records:
                _build(_present(part.parts, version), record, fields, version)
