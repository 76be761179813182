"""Turn frozen records into plain JSON values and back, exactly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from bot.errors import UsageProblem

Record = TypeVar("Record")


_adapters: dict[type, TypeAdapter[Any]] = {}


def _adapter(record_type: type[Record]) -> TypeAdapter[Record]:
    """Return the adapter of a record type; building one is slow, so each is kept."""
    adapter = _adapters.get(record_type)
    if adapter is None:
        adapter = _adapters[record_type] = TypeAdapter(record_type)
    return adapter


def to_json(record: object) -> dict[str, Any]:
    """Return a frozen dataclass as a dict of JSON values; `canonical` refuses what is not finite in it.

    A whole number where a float is declared passes (hence no warnings): it comes back as the equal float.
    """
    return cast(dict[str, Any], _adapter(type(record)).dump_python(record, mode="json", warnings="none"))


def from_json(record_type: type[Record], values: Mapping[str, Any]) -> Record:
    """Return the record that `to_json` took apart; raise `UsageProblem` when the values do not fit it."""
    try:
        return _adapter(record_type).validate_python(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageProblem(
            f"a journalled {record_type.__name__} has {first['msg'].lower()} at '{where}': "
            "the journal was written by another version or damaged; open it with the version that wrote it"
        ) from error


def canonical(values: Mapping[str, Any]) -> str:
    """Return JSON with sorted keys, no blanks and no NaN; raise `ValueError` on a number that is not finite."""
    return json.dumps(values, sort_keys=True, allow_nan=False, separators=(",", ":"), ensure_ascii=False)


def instant(at: datetime) -> str:
    """Return an aware instant as ISO text in UTC with microseconds, so that text order is time order."""
    if at.tzinfo is None:
        raise ValueError(f"the instant {at} has no time zone: give an aware datetime")
    return at.astimezone(UTC).isoformat(timespec="microseconds")
