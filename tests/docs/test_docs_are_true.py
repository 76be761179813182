"""The docs say what the program says, and the walls hold where the linters cannot see them."""

from __future__ import annotations

import ast
import importlib.util
import re
from dataclasses import replace
from pathlib import Path

import pytest

from config.layers import KEYS

ROOT = Path(__file__).resolve().parents[2]
CLOCK = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "localtime", "gmtime"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "Timestamp": {"now", "today", "utcnow"},
}
SPEC = importlib.util.spec_from_file_location("check_docs", ROOT / "tools" / "check_docs.py")
assert SPEC is not None
assert SPEC.loader is not None
check_docs = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(check_docs)


def sources(*rooms: str) -> list[Path]:
    return [path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]


def clock_reads(source: str) -> list[str]:
    """Return the calls and imports that read a clock, as 'line: what'."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            if node.attr in CLOCK.get(owner, ()):
                found.append(f"{node.lineno}: {owner}.{node.attr}")
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [f"{node.lineno}: {alias.name}" for alias in node.names if alias.name in CLOCK["time"]]
    return found


def test_the_scan_sees_every_way_to_read_a_clock() -> None:
    tricks = (
        "import time\ntime.time()", "from time import monotonic", "from datetime import datetime\ndatetime.now()",
        "import datetime\ndatetime.datetime.utcnow()", "import datetime\ndatetime.date.today()", "x = datetime.now",
        "import pandas as pd\npd.Timestamp.now()",
    )  # fmt: skip
    assert [trick for trick in tricks if not clock_reads(trick)] == []
    assert clock_reads("from datetime import datetime\nclock.now(); datetime.combine(a, b)") == []


def test_only_the_clock_reads_the_time() -> None:
    found = {
        str(path.relative_to(ROOT)): reads
        for path in sources("bot", "config", "strategies")
        if path != ROOT / "bot" / "clock.py" and (reads := clock_reads(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_the_gateway_imports_nothing_of_the_rest_of_the_bot() -> None:
    found = []
    for path in sources("bot/gateway"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found += [
                f"{path.relative_to(ROOT)}: {name}" for name in names if re.match(r"bot(?!\.gateway(\.|$))", name)
            ]
    assert found == []


def test_generated_pages_are_current() -> None:
    assert check_docs.stale_parts() == []


def test_every_setting_stands_in_the_docs() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert [key for key in KEYS if f"| `{key.rpartition('.')[2]}` |" not in page] == []


def test_relative_links_lead_somewhere() -> None:
    assert check_docs.dead_links() == []


def test_every_target_is_listed_by_make_help() -> None:
    assert check_docs.unlisted_targets() == []


def test_locks_name_no_index_and_no_path() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"https?:|file:|^-|^--\w", text, re.MULTILINE), path.name
        pins = re.findall(r"^[\w.-]+==\S+ \\\n((?:    --hash=sha256:[0-9a-f]{64}.*\n)+)", text, re.MULTILINE)
        assert len(pins) == len(re.findall(r"^[\w.-]+==", text, re.MULTILINE)) > 0, path.name


def test_the_table_of_ideas_is_held_to_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = check_docs.ideas.ideas()
    wrong = (
        replace(rows[0], code=("strategies/alvh/condors.py: guess",)),
        replace(rows[1], tests=("tests/strategies/alvh/test_of_nothing.py",)),
        replace(rows[2], settings=(*rows[2].settings, "sizing.coverag")),
        replace(rows[3], settings=rows[3].settings[1:]),
        replace(rows[4], rule=""),
        *rows[5:],
    )
    monkeypatch.setattr(check_docs.ideas, "ideas", lambda: wrong)
    found = "\n".join(check_docs.ideas.faults())
    assert "condors.py: guess does not exist" in found
    assert "test_of_nothing.py does not exist" in found
    assert "there is no setting sizing.coverag" in found
    assert f"no row names the setting {rows[3].settings[0]}" in found
    assert f"'{rows[4].says}' lacks a rule" in found
