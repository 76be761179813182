"""Read typed values out of a table of `session.toml`, and say which table and key are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from bot.gateway.errors import ScenarioError
from bot.gateway.market.tables import day, utc

SESSION_FILE = "session.toml"


class Table:
    """Read typed values out of one TOML table and name the table and key when they are wrong."""

    def __init__(self, name: str, raw: Any, known: set[str]) -> None:
        if not isinstance(raw, Mapping):
            raise ScenarioError(f"{SESSION_FILE}: [{name}] is not a table; write it as one")
        unknown = sorted(set(raw) - known)
        if unknown:
            where = f" in [{name}]" if name else ""
            raise ScenarioError(
                f"{SESSION_FILE}: unknown key {unknown[0]!r}{where}; expected one of {', '.join(sorted(known))}"
            )
        self._name = name
        self._raw = raw

    def _get(self, key: str, default: Any = None) -> Any:
        value = self._raw.get(key, default)
        if value is None:
            raise ScenarioError(f"{SESSION_FILE}: key {self._where(key)} is missing; add it")
        return value

    def _where(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string."""
        value = self._get(key, default)
        if not isinstance(value, str):
            raise ScenarioError(f"{SESSION_FILE}: {self._where(key)} is {value!r}; expected text in quotes")
        return value.strip()

    def number(self, key: str, *, low: float, high: float) -> float:
        """Return a number within [low, high]."""
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ScenarioError(f"{SESSION_FILE}: {self._where(key)} is {value!r}; expected {low:g} to {high:g}")
        return float(value)

    def whole(self, key: str, *, low: int, default: int | None = None) -> int:
        """Return a whole number not below `low`."""
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise ScenarioError(f"{SESSION_FILE}: {self._where(key)} is {value!r}; expected a whole number from {low}")
        return value

    def instant(self, key: str) -> datetime:
        """Return an instant in UTC."""
        return utc(f"{SESSION_FILE}: {self._where(key)}", self.text(key))

    def day(self, key: str) -> date:
        """Return a date."""
        return day(f"{SESSION_FILE}: {self._where(key)}", self.text(key))

    def table(self, key: str) -> Any:
        """Return a sub-table, still to be checked."""
        return self._get(key)

    def tables(self, key: str, known: set[str]) -> list[Table]:
        """Return an array of tables, empty when it is absent."""
        return [Table(f"{key} {n}", item, known) for n, item in enumerate(self._raw.get(key, ()), start=1)]
