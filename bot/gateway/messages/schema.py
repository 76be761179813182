"""State the layout of a message as data, so that one statement both parses and builds it in every version.

A layout is a tuple of parts: `Field` (one text field), `Fixed` (a constant such as a message's own version), `When`
(parts that exist only if earlier values say so) and `Each` (a count, then that many records). Values are plain
dictionaries keyed by IB's field names. An unset number is `None`, however the client wrote it. A layout is compiled
once for each version that is spoken, into the pair of functions that reads and writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

from bot.gateway.errors import ProtocolError
from bot.gateway.kept import Rows
from bot.gateway.messages.values import NUL, SHOWN_AS, Values, parse_flag, parse_number, parse_text, parse_whole

_LAST_VERSION = 10_000


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


class Compiled(NamedTuple):
    """Hold a layout at one version as the functions that read and write it.

    `read` takes the fields of a frame, where to begin and the values to fill, and returns where it ended; `write` takes
    values and returns the text of their fields, each ended by NUL.
    """

    read: Callable[[Sequence[str], int, Values], int]
    write: Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Message:
    """Join a message id with its layout."""

    id: int
    name: str
    parts: tuple[Part, ...]
    _compiled: dict[int, Compiled] = field(default_factory=dict, repr=False, compare=False)

    def parse(self, fields: Sequence[str], version: int) -> Values:
        """Return the values of a frame whose first field (the id) is included in `fields`.

        Raises `ProtocolError` when fields are missing, left over or not of their kind.
        """
        values: Values = {}
        end = self._at(version).read(fields, 0, values)
        if end != len(fields):
            raise ProtocolError(f"{self.name} carries {len(fields)} fields, expected {end} at version {version}")
        return values

    def build(self, values: Mapping[str, Any], version: int) -> str:
        """Return the text of a frame, each field ended by NUL, the id first; what is not given is written as unset."""
        return self._at(version).write(values)

    def _at(self, version: int) -> Compiled:
        known = self._compiled.get(version)
        if known is None:
            known = self._compiled[version] = _compile((Fixed(str(self.id)), *self.parts), version, self.name)
        return known


def _compile(parts: Sequence[Part], version: int, name: str) -> Compiled:
    """Compile the parts that exist at `version`: fields and constants run by run, the others one by one."""
    present = [part for part in parts if part.since <= version <= part.until]
    steps: list[Compiled] = []
    for kind, run in groupby(present, key=_kind):
        if kind is Field:
            steps.append(_run([part for part in run if isinstance(part, (Field, Fixed))], version, name))
        else:
            steps += [_group(part, version, name) for part in run if isinstance(part, (When, Each))]
    return steps[0] if len(steps) == 1 else _in_turn(steps)


def _kind(part: Part) -> type:
    return Field if isinstance(part, (Field, Fixed)) else Each


def _in_turn(steps: Sequence[Compiled]) -> Compiled:
    def read(fields: Sequence[str], at: int, values: Values) -> int:
        for step in steps:
            at = step.read(fields, at, values)
        return at

    def write(values: Mapping[str, Any]) -> str:
        return "".join([step.write(values) for step in steps])

    return Compiled(read, write)


def _run(parts: Sequence[Field | Fixed], version: int, name: str) -> Compiled:
    """Compile fields and constants that follow each other."""
    text_of = _writer(parts)
    absent = {part.name: None for part in parts if isinstance(part, Field)}

    def read(fields: Sequence[str], at: int, values: Values) -> int:
        end = at + len(parts)
        if end > len(fields):
            part = parts[max(len(fields) - at, 0)]
            where = part.name if isinstance(part, Field) else "a constant"
            raise ProtocolError(f"{name} ends after {len(fields)} fields, before {where} at version {version}")
        for part, raw in zip(parts, fields[at:end], strict=True):
            if isinstance(part, Field):
                values[part.name] = _converted(part, raw, name)
        return end

    def write(values: Mapping[str, Any]) -> str:
        try:
            return text_of(values)
        except KeyError:  # some are not given
            return text_of({**absent, **values})

    return Compiled(read, write)


def _writer(parts: Sequence[Field | Fixed]) -> Callable[[Mapping[str, Any]], str]:
    """Return the function that writes fields and constants.

    Hundreds of frames are written for each minute of a demo, so a run becomes one f-string, made from the layout the
    way dataclasses make their methods: as fast as if it were written out by hand.
    """
    pieces = []
    for part in parts:
        if isinstance(part, Fixed):
            pieces.append(part.text)
            continue
        given = f"(value := values[{part.name!r}])"
        unset = f"{part.unset!r} if value is None else " if part.unset else ""
        pieces.append(f"{{value if {given}.__class__ is int else {unset}shown[value.__class__](value)}}")
    text = "".join(f"{piece}\\x00" for piece in pieces)
    written: Callable[[Mapping[str, Any]], str] = eval(f'lambda values: f"{text}"', {"shown": SHOWN_AS})
    return written


def _converted(part: Field, raw: str, name: str) -> Any:
    try:
        return part.parse(raw)
    except (ValueError, OverflowError):
        raise ProtocolError(f"{name}.{part.name} is {raw[:40]!r}, expected {part.parse.__name__[6:]}") from None


def _group(part: When | Each, version: int, name: str) -> Compiled:
    return _when(part, version, name) if isinstance(part, When) else _each(part, version, name)


def _when(part: When, version: int, name: str) -> Compiled:
    test, inner = part.test, _compile(part.parts, version, name)

    def read(fields: Sequence[str], at: int, values: Values) -> int:
        return inner.read(fields, at, values) if test(values) else at

    def write(values: Mapping[str, Any]) -> str:
        return inner.write(values) if test(values) else ""

    return Compiled(read, write)


def _each(part: Each, version: int, name: str) -> Compiled:
    key, inner = part.name, _compile(part.parts, version, name)

    def read(fields: Sequence[str], at: int, values: Values) -> int:
        if at >= len(fields):
            raise ProtocolError(f"{name} ends after {len(fields)} fields, before {key} at version {version}")
        count = fields[at] or "0"
        if not count.isascii() or not count.isdigit() or int(count) > len(fields):
            raise ProtocolError(f"{name}.{key} counts {count[:40]!r} records, expected a number that fits the frame")
        records: list[Values] = [{} for _ in range(int(count))]
        at += 1
        for record in records:
            at = inner.read(fields, at, record)
        values[key] = records
        return at

    def write(values: Mapping[str, Any]) -> str:
        records = values.get(key) or ()
        if isinstance(records, Rows):
            return f"{len(records)}{NUL}{records.text(inner.write)}"
        return f"{len(records)}{NUL}" + "".join([inner.write(record) for record in records])

    return Compiled(read, write)
