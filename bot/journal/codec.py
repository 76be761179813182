"""Turn frozen records into plain JSON values and back, exactly."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from bot.errors import UsageProblem

Record = TypeVar("Record")


_encode = json.JSONEncoder(
    sort_keys=True, allow_nan=False, separators=(",", ":"), ensure_ascii=False, check_circular=False
).encode  # made once: `json.dumps` makes a new one at each call
_adapters: dict[Any, TypeAdapter[Any]] = {}


def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Return the adapter of a record type, or of what is made of such; building one is slow, so each is kept."""
    adapter = _adapters.get(kind)
    if adapter is None:
        adapter = _adapters[kind] = TypeAdapter(kind)
    return adapter


def prepare(*record_types: type) -> None:
    """Build what reads and writes these records now, so that no wake-up waits for it."""
    for record_type in record_types:
        _adapter(record_type)


def to_json(record: object, leave_out: Any = None) -> dict[str, Any]:
    """Return a frozen dataclass as a dict of JSON values; `canonical` refuses what is not finite in it.

    `leave_out` names fields as pydantic's `exclude` does. A whole number where a float is declared passes (hence no
    warnings): it comes back as the equal float.
    """
    adapter = _adapter(type(record))
    return cast(dict[str, Any], adapter.dump_python(record, mode="json", exclude=leave_out, warnings="none"))


def from_json(record_type: type[Record], values: Mapping[str, Any]) -> Record:
    """Return the record that `to_json` took apart; raise `UsageProblem` when the values do not fit it."""
    return cast(Record, _read(record_type, _adapter(record_type), values))


def from_json_all(record_type: type[Record], rows: Sequence[Mapping[str, Any]]) -> tuple[Record, ...]:
    """Return many records as `from_json` returns one."""
    several = _adapter(tuple[record_type, ...])  # type: ignore[valid-type]
    return cast(tuple[Record, ...], _read(record_type, several, rows))


def read_cells(record_type: type, types: Sequence[Any], rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Return rows of JSON values as values of these types, which are those of some fields of a record."""
    rows_type = list[tuple[(*types,)]]  # type: ignore[valid-type]
    return cast(list[tuple[Any, ...]], _read(record_type, _adapter(rows_type), rows))


def to_values(kind: Any, value: object) -> Any:
    """Return what is of a type that need not be a record, such as a mapping of records, as JSON values."""
    return _adapter(kind).dump_python(value, mode="json", warnings="none")


def from_values(kind: Any, values: object) -> Any:
    """Return what `to_values` took apart; raise `UsageProblem` when the values do not fit it."""
    return _read(dict, _adapter(kind), values)


def _read(record_type: type, adapter: TypeAdapter[Any], values: object) -> Any:
    try:
        return adapter.validate_python(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageProblem(misfit(record_type, f"{first['msg'].lower()} at '{where}'")) from error


def misfit(record_type: type, what: str) -> str:
    """Say in one line that journalled values do not fit a record, and what to do."""
    return (
        f"a journalled {record_type.__name__} has {what}: "
        "the journal was written by another version or damaged; open it with the version that wrote it"
    )


def fingerprint(record: object) -> str:
    """Return a name that equal records share: 16 digits of a SHA-256 of their content."""
    return sha256(_adapter(type(record)).dump_json(record, warnings="none")).hexdigest()[:16]


def canonical(values: Mapping[str, Any]) -> str:
    """Return JSON with sorted keys, no blanks and no NaN; raise `ValueError` on a number that is not finite.

    Halves of a character that no text can hold (a broken file name has such) are written as JSON's escapes for them.
    """
    text = _encode(values)
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def instant(at: datetime) -> str:
    """Return an aware instant as ISO text in UTC with microseconds, so that text order is time order."""
    if at.tzinfo is None:
        raise ValueError(f"the instant {at} has no time zone: give an aware datetime")
    return at.astimezone(UTC).isoformat(timespec="microseconds")
