"""What the pages name exists: journal kinds, queries, scenarios, settings, anchors."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import builders
import pytest

from bot.gateway.market import scenario_names
from bot.guard.controls import ALWAYS, FUTURES_SIZED, WHEN_OPENING, WHEN_SELLING
from bot.journal import Journal, Kind, Shelf, Wakeup, journal_path, record_wakeup
from config.layers import KEYS
from strategies.alvh.decide import decide
from strategies.alvh.policy import Policy

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def sql_of(text: str) -> list[str]:
    """Return the statements of every SQL block, comments left in."""
    blocks = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    return [statement.strip() for block in blocks for statement in block.split(";") if statement.strip()]


def anchors(text: str) -> set[str]:
    """Return the anchors that the headings of a page get where it is read."""
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.skipif(sqlite3.sqlite_version_info < (3, 38), reason="the queries use ->>, which SQLite has since 3.38")
def test_every_query_of_the_journal_page_runs(tmp_path: Path) -> None:
    place = journal_path(tmp_path, "demo", "DU1")
    journal = Journal.open(place, mode="demo", account="DU1")
    decision = {
        "phase_after": "watch",
        "summary": "No order.",
        "exposure": {"inflation": 0.1, "vega30_usd": -1.0},
        "checks": [{"name": "data: VX", "observed": 1.0, "threshold": 2.0, "passed": False, "why": "old"}],
        "proposals": [{"side": "BUY", "quantity": 1, "trading_class": "VXM", "reason": "spike"}],
    }
    at = datetime(2026, 1, 2, 15, tzinfo=UTC)
    journal.append(Kind.CONTRACTS, {"legs": {"contracts": {"1": {"strike": 2700.0}}}}, at=at)
    book = {"legs": [[1, -1, None, [9.0, 9.2]]]}
    journal.append(Kind.WAKEUP, {"decision": decision, "book": book, "view": {"vix": {"last": 20.0}}}, at=at)
    journal.append(Kind.FILL, {"exec_id": "1", "at": "2026-01-02T15:00:00Z", "ref": "r"}, at=at)
    journal.append(Kind.INTENT, {"ref": "r"}, at=at)
    journal.append(Kind.ALERT, {"why": "look"}, at=at)
    journal.close()
    database = sqlite3.connect(f"file:{place}?mode=ro", uri=True)
    empty = [query for query in sql_of(page("journal.md")) if not database.execute(query).fetchall()]
    database.close()
    assert empty == []


@pytest.mark.skipif(sqlite3.sqlite_version_info < (3, 38), reason="the queries use ->>, which SQLite has since 3.38")
def test_the_query_for_legs_finds_what_the_book_held(tmp_path: Path) -> None:
    place = journal_path(tmp_path, "demo", "DU1")
    journal, shelf = Journal.open(place, mode="demo", account="DU1"), Shelf()
    journal.follow(shelf.apply)
    view, book, state = builders.spike_view(30), builders.book(), builders.state()
    wakeup = Wakeup(view=view, book=book, state=state, decision=decide(view, book, state, Policy()))
    record_wakeup(journal, shelf, wakeup, at=view.now)
    journal.close()
    (query,) = [query for query in sql_of(page("journal.md")) if query.startswith("-- the legs")]
    database = sqlite3.connect(f"file:{place}?mode=ro", uri=True)
    rows = database.execute(query).fetchall()
    database.close()
    legs = [
        (x.trading_class, x.expires_on.isoformat(), x.right, x.strike, x.quantity, x.quote.bid, x.quote.ask)
        for x in book.legs
    ]
    assert legs
    assert sorted(rows) == sorted(legs)


def test_the_query_for_open_tickets_finds_the_one_without_an_answer(tmp_path: Path) -> None:
    place = journal_path(tmp_path, "live", "U1")
    journal = Journal.open(place, mode="live", account="U1")
    at = datetime(2026, 1, 2, 15, tzinfo=UTC)
    for name in ("aaaaaa", "bbbbbb"):
        journal.append(Kind.TICKET, {"id": name, "ref": f"alvh-live-{name}", "proposal": {}}, at=at)
    journal.append(Kind.CONSENT, {"id": "aaaaaa", "ref": "alvh-live-aaaaaa", "verdict": "denied"}, at=at)
    journal.close()
    found = re.search(r'sqlite3 -readonly \S+ "(.*?)"\n', page("guide.md"), re.DOTALL)
    assert found is not None
    database = sqlite3.connect(f"file:{place}?mode=ro", uri=True)
    rows = database.execute(found.group(1)).fetchall()
    database.close()
    assert [row[0] for row in rows] == ["bbbbbb"]


def test_every_kind_of_entry_stands_in_the_journal_page() -> None:
    table = page("journal.md")
    assert [kind for kind in Kind if f"`{kind}`" not in table] == []


def test_every_shipped_scenario_stands_in_the_scenarios_page() -> None:
    table = page("scenarios.md")
    assert [name for name in scenario_names() if f"| `{name}`" not in table] == []


def test_every_setting_named_in_the_method_exists() -> None:
    named = re.findall(
        r"`((?:sizing|tranches|signals|filter|freshness|contract|unwind|liquidity|caps|orders|guard)\.[a-z_0-9]+)`",
        page("method.md"),
    )
    known = {*KEYS, *(key.removeprefix("policy.") for key in KEYS)}
    assert named != []
    assert [key for key in named if key not in known and not key.endswith(".py")] == []


def test_every_pre_trade_control_stands_in_the_guide() -> None:
    source = (ROOT / "bot" / "guard" / "controls.py").read_text(encoding="utf-8")
    names = set(re.findall(r'Check\(\s*name="([^"]+)"', source))
    assert len(names) == len({*ALWAYS, *FUTURES_SIZED, *WHEN_OPENING, *WHEN_SELLING})
    assert sorted(name for name in names if f"`{name}`" not in page("guide.md")) == []


def test_links_to_headings_lead_to_one() -> None:
    dead = []
    for source in PAGES:
        text = source.read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", text):
            if "://" in target:
                continue
            other = source if not target else source.parent / target
            if anchor not in anchors(other.read_text(encoding="utf-8")):
                dead.append(f"{source.name}: {target}#{anchor}")
    assert dead == []
