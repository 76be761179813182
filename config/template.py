"""Write the settings down for people: a commented file to begin with, and the table of docs/settings.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import EnumType
from itertools import groupby
from typing import Annotated, Any, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from config.layers import KEYS, plain
from config.settings import ENV_PREFIX, NESTED


def _default(field: FieldInfo) -> str:
    return json.dumps(plain(field.get_default(call_default_factory=True)))


def _marks(field: FieldInfo) -> Iterator[Any]:
    """Yield the limits of a key, or those of the elements of a tuple."""
    yield from field.metadata
    for item in get_args(field.annotation)[:1]:
        if get_origin(item) is Annotated:
            for mark in get_args(item)[1:]:
                yield from getattr(mark, "metadata", [mark])


def allowed(field: FieldInfo) -> str:
    """Say which values a key may take."""
    if isinstance(field.annotation, EnumType):
        return ", ".join(str(member.value) for member in field.annotation)
    if field.annotation is bool:
        return "true, false"
    marks = list(_marks(field))
    low = next((mark.ge for mark in marks if isinstance(mark, Ge)), None)
    high = next((mark.le for mark in marks if isinstance(mark, Le)), None)
    if low is None or high is None:
        kinds = {str: "text", SecretStr: "text", tuple[SecretStr, ...]: "list of texts"}
        return kinds.get(field.annotation, "any")  # type: ignore[arg-type]
    return f"{low:g} to {high:g}"


def _groups() -> Iterator[tuple[str, list[tuple[str, FieldInfo]]]]:
    """Yield each group's dotted name with its keys, in the order of the model."""
    for group, items in groupby(KEYS.items(), key=lambda item: item[0].rpartition(".")[0]):
        yield group, [(key.rpartition(".")[2], field) for key, field in items]


def user_file() -> str:
    """Return a TOML file in which every key stands as a comment with its default, meaning and range."""
    lines = [
        "# Settings of alvh. Every key is optional; what is left out comes from the profile or the default.",
        "# Check this file with: alvh config check --config THIS_FILE",
    ]
    for group, items in _groups():
        lines.append("")
        if group:
            lines.append(f"[{group}]")
        for name, field in items:
            lines.append(f"# {field.description} ({allowed(field)})")
            lines.append(f"# {name} = {_default(field)}")
    return "\n".join(lines) + "\n"


def settings_table() -> str:
    """Return the Markdown tables of every key: name, default, range, meaning."""
    lines = []
    for group, items in _groups():
        lines += [f"### `[{group}]`" if group else "### Top of the file", "", "| key | default | allowed | meaning |"]
        lines.append("| --- | --- | --- | --- |")
        lines += [
            f"| `{name}` | `{_default(field)}` | {allowed(field)} | {field.description} |" for name, field in items
        ]
        lines.append("")
    example = ENV_PREFIX + "policy.sizing.coverage".replace(".", NESTED).upper()
    lines.append(f"As environment variables: `{example}=0.5`, lists as JSON.")
    return "\n".join(lines) + "\n"
