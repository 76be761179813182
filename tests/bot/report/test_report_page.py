"""The page: one file that asks nothing of any network and cannot be broken out of."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from small_day import SmallDay, buying, decided, hedged_day, market_view

from bot.journal import Kind
from bot.report.page import BANNERS, COLOURS, HEIGHTS, SERIES, draw
from strategies.alvh.explain import explain
from strategies.alvh.records import Phase

EVIL = '</script><script>alert("x")</script><img src=x onerror=alert(1)>'


class Elements(HTMLParser):
    """List the elements of a page with their attributes, and the texts of its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, data: str) -> None:
        if self._open == "script":
            self.scripts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._open = ""


def page_of(day: SmallDay, **changes: str) -> str:
    result = day.result(**changes)
    return draw(result, result.teller, provenance="everything is made up")


def payload_of(page: str) -> dict[str, Any]:
    found = re.search(r"^const story = (.*);$", page, flags=re.MULTILINE)
    assert found is not None
    return json.loads(found[1])


def test_the_page_loads_nothing_from_anywhere(tmp_path: Path) -> None:
    page = page_of(hedged_day(tmp_path))
    elements = Elements(page).found
    assert {tag for tag, _ in elements}.isdisjoint({"link", "iframe", "object", "embed", "img", "base", "form", "a"})
    assert all(not attrs.keys() & {"src", "href", "action", "srcset", "data"} for _, attrs in elements)
    assert "@import" not in page
    own = page.replace(Elements(page).scripts[0], "")  # all but the chart library
    assert "http" not in own.replace("http-equiv", "")
    for word in ("fetch(", "XMLHttpRequest", "WebSocket", "sendBeacon", "importScripts"):
        assert word not in page
    asked = set(re.findall(r"https?://[^\s\"'`$]+", page))
    assert all(address.startswith(("https://www.tradingview.com", "http://www.w3.org", "https://www.apache.org",
                                   "http://www.apache.org")) for address in asked)  # fmt: skip


def test_words_of_a_journal_cannot_leave_their_place_on_the_page(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    bought = buying("b", 1, reason=EVIL)
    view = market_view(30)
    day.wake(view, decided(view, bought, after=Phase.T1, summary=EVIL))
    day.send(30, bought)
    day.fill(30.5, bought, 1, 18.0)
    day.write(Kind.REFUSAL, 31, by=EVIL, why=EVIL, checks=[])
    page = page_of(day, title=EVIL, scenario=EVIL, account=EVIL, journal=EVIL)
    parsed = Elements(page)
    assert [tag for tag, _ in parsed.found].count("script") == 2
    assert "img" not in {tag for tag, _ in parsed.found}
    assert EVIL not in page
    assert payload_of(page)["markers"][0]["title"].endswith(EVIL)  # whole, once it is read as data


def test_every_wakeup_is_a_point_and_every_moment_a_marker_with_its_explanation(tmp_path: Path) -> None:
    day = hedged_day(tmp_path)
    payload = payload_of(page_of(day))
    wakeups = [day.shelf.restore(entry.body) for entry in day.entries() if entry.kind is Kind.WAKEUP]
    assert [point["vix"] for point in payload["points"]] == [wakeup.view.vix.last for wakeup in wakeups]
    texts = [explain(wakeup.decision, everything=True) for wakeup in wakeups]
    assert [marker["text"] for marker in payload["markers"]] == [texts[0], texts[1], texts[2], texts[4]]
    assert [marker["clock"] for marker in payload["markers"]] == ["Mon 10:00", "Mon 10:01", "Mon 10:03", "Mon 10:06"]


def test_a_point_holds_vega_with_the_hedge_only_while_there_is_one_and_the_total_only_with_both(tmp_path: Path) -> None:
    points = payload_of(page_of(hedged_day(tmp_path)))["points"]
    assert [point["net"] for point in points] == [None, None, -2300.0, -1300.0, -1300.0, -1400.0]
    assert points[-1]["total"] == pytest.approx(893.82 - 2000.0)
    assert points[-1]["book"] == pytest.approx(-2000.0)


def test_chart_times_are_new_york_wall_time_in_winter_and_summer(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    day.wake(market_view(30.7))  # 15:00:42 UTC
    summer = datetime(2018, 7, 2, 14, 0, tzinfo=UTC)
    view = market_view(30, now=summer)
    day.wake(view, decided(view))
    winter_time, summer_time = (datetime.fromtimestamp(p["t"], UTC) for p in payload_of(page_of(day))["points"])
    assert winter_time == datetime(2018, 2, 5, 10, 0, tzinfo=UTC)
    assert summer_time == datetime(2018, 7, 2, 10, 0, tzinfo=UTC)


def test_chart_times_strictly_rise_even_when_two_wakeups_share_a_minute(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    for minutes in (30.1, 30.6, 31):
        day.wake(market_view(minutes))
    times = [point["t"] for point in payload_of(page_of(day))["points"]]
    assert times == sorted(set(times))
    assert len(times) == 3


def test_each_mode_has_a_colour_and_a_banner_of_its_own(tmp_path: Path) -> None:
    modes = ("demo", "dry-run", "paper", "live")
    assert len({COLOURS[mode] for mode in modes}) == len(modes)
    for mode in modes:
        page = page_of(SmallDay(folder=tmp_path, mode=mode))
        assert f"--mode:{COLOURS[mode]};" in page
        assert f'<div class="bar">{mode.upper()}<span>{BANNERS[mode]}</span></div>' in page
    assert COLOURS["live"] not in page_of(SmallDay(folder=tmp_path, mode="demo"))


def test_every_series_has_its_figures_and_every_pane_a_height(tmp_path: Path) -> None:
    points = payload_of(page_of(hedged_day(tmp_path)))["points"]
    assert {spec["key"] for spec in SERIES} <= points[0].keys()
    assert {spec["pane"] for spec in SERIES} == set(range(len(HEIGHTS)))


def test_the_tables_say_what_was_bought_and_sold(tmp_path: Path) -> None:
    page = page_of(hedged_day(tmp_path))
    assert '<td>Mon 10:03:00</td><td>buy 1 VX Mar18</td><td class="n">18.500</td>' in page
    assert '<td>sell 1 VXM Mar18</td><td class="n">20.000</td><td>stage 1</td><td>half is back</td>' in page
    assert "Nothing was refused." in page


def test_an_empty_journal_still_makes_a_page(tmp_path: Path) -> None:
    page = page_of(SmallDay(folder=tmp_path))
    assert payload_of(page)["points"] == []
    assert "no wake-up" in page
