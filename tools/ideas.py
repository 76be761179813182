"""Hold the table of the source's ideas to the code: each row's rule, settings, functions and tests must exist."""

from __future__ import annotations

import ast
import json
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from config.layers import KEYS, plain

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "docs" / "ideas.toml"
PREFIX = "policy."
UNITS = (
    ("_minutes", "minutes"),
    ("_days", "days"),
    ("_dte", "days"),
    ("dte", "days"),
    ("_dte_last", "days"),
    ("_bars", "bars"),
    ("_points", "points"),
    ("_ticks", "ticks"),
    ("_ticks_max", "ticks"),
    ("_minis", "minis"),
    ("_usd", "$"),
    ("_pct", "%"),
    ("_pct_per_vix", "% per point"),
    ("_s", "s"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Idea:
    """Hold one row: what the source says, the rule, its settings, where it runs and what tests it."""

    says: str
    rule: str
    settings: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    decoration: str = ""


def ideas() -> tuple[Idea, ...]:
    """Return the rows in the order of the source."""
    rows = tomllib.loads(DATA.read_text(encoding="utf-8"))["idea"]
    return tuple(
        Idea(**{name: _names(value) if isinstance(value, list) else value for name, value in row.items()})
        for row in rows
    )


def policy_keys() -> dict[str, str]:
    """Return every setting of the method with its default as JSON."""
    return {
        key.removeprefix(PREFIX): json.dumps(plain(field.get_default(call_default_factory=True)))
        for key, field in KEYS.items()
        if key.startswith(PREFIX)
    }


def unit(key: str) -> str:
    """Return the unit that a setting's name says; a pure number has none."""
    return max(
        ((len(end), name) for end, name in UNITS if key.endswith(end)), default=(0, ""), key=lambda found: found[0]
    )[1]


def table() -> str:
    """Return the Markdown table of all ideas."""
    defaults = policy_keys()
    lines = ["| # | the source says | the rule | settings | code | tests |", "| --- | --- | --- | --- | --- | --- |"]
    for number, idea in enumerate(ideas(), start=1):
        rule = idea.rule or f"*decoration, no rule:* {idea.decoration}"
        settings = "<br>".join(_setting(key, defaults) for key in idea.settings)
        code, tests = ("<br>".join(f"`{name}`" for name in names) for names in (idea.code, idea.tests))
        lines.append(f"| {number} | {idea.says} | {rule} | {settings} | {code} | {tests} |")
    return "\n".join(lines) + "\n"


def faults() -> list[str]:
    """Return everything that is wrong with the rows, one line each."""
    found = list(ideas())
    known, named = policy_keys(), Counter(key for idea in found for key in idea.settings)
    wrong = [f"docs/ideas.toml: there is no setting {key}" for key in named if key not in known]
    wrong += [f"docs/ideas.toml: no row names the setting {key}" for key in known if key not in named]
    wrong += [f"docs/ideas.toml: {key} stands in {times} rows" for key, times in named.items() if times > 1]
    for idea in found:
        wrong += [f"docs/ideas.toml: {name} does not exist" for name in idea.code if not _defines(name)]
        wrong += [f"docs/ideas.toml: {name} does not exist" for name in idea.tests if not (ROOT / name).exists()]
        if not idea.decoration and not (idea.rule and idea.code and idea.tests):
            wrong.append(f"docs/ideas.toml: '{idea.says}' lacks a rule, its code or its tests")
    return wrong


def _names(listed: list[str]) -> tuple[str, ...]:
    """Return the names with "group.*" spelt out."""
    return tuple(
        key
        for name in listed
        for key in ([key for key in policy_keys() if key.startswith(name[:-1])] if name.endswith(".*") else [name])
    )


def _setting(key: str, defaults: dict[str, str]) -> str:
    measured = unit(key)
    return f"`{key}` {defaults.get(key, '?')}{f' {measured}' if measured else ''}"


def _defines(name: str) -> bool:
    """Say whether "folder/file.py: thing" names a function or class at the top of that file."""
    path, _, thing = name.partition(": ")
    file = ROOT / path
    if not file.exists():
        return False
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == thing
        for node in tree.body
    )
