"""Draw a story as one self-contained HTML page: no server, no network, nothing beside the file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment
from markupsafe import Markup

from bot.report.result import Result
from bot.report.story import Moment, Point, Teller

NEW_YORK = ZoneInfo("America/New_York")
COLOURS = {"demo": "#14788a", "sim": "#14788a", "dry-run": "#5a6675", "paper": "#a86a00", "live": "#b3261e"}
BANNERS = {
    "demo": "simulated gateway, simulated money",
    "dry-run": "looks only; sends no order",
    "paper": "paper account, simulated money",
    "live": "live account, real money",
}
SERIES = (
    {"key": "vix", "label": "VIX", "colour": "#c0392b", "pane": 0, "width": 2, "precision": 2, "step": False},
    {"key": "vx", "label": "VX", "colour": "#2c5fb3", "pane": 0, "width": 2, "precision": 2, "step": False},
    {"key": "breadth", "label": "breadth", "colour": "#3c7d3e", "pane": 1, "width": 1, "precision": 2, "step": False},
    {"key": "vega", "label": "vega now", "colour": "#7a4fb5", "pane": 2, "width": 2, "precision": 0, "step": False},
    {"key": "baseline", "label": "baseline", "colour": "#a5a0ad", "pane": 2, "width": 1, "precision": 0, "step": False},
    {"key": "net", "label": "with hedge", "colour": "#c98a1b", "pane": 2, "width": 1, "precision": 0, "step": False},
    {"key": "minis", "label": "hedge, minis", "colour": "#14788a", "pane": 3, "width": 2, "precision": 0, "step": True},
    {"key": "total", "label": "P&L", "colour": "#16202b", "pane": 4, "width": 2, "precision": 0, "step": False},
    {"key": "book", "label": "book alone", "colour": "#9aa5b1", "pane": 4, "width": 1, "precision": 0, "step": False},
)
HEIGHTS = (10, 4, 6, 4, 6)  # shares of the chart's height


def draw(result: Result, teller: Teller, *, provenance: str) -> str:
    """Return the page for a finished run."""
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        _asset("templates", "page.html")
    )
    return template.render(
        story=result.page_facts(),
        colour=COLOURS[result.mode],
        banner=BANNERS[result.mode],
        cards=result.cards(),
        legend=[{"label": spec["label"], "colour": spec["colour"]} for spec in SERIES],
        opening=result.opening(),
        why_none=result.why_none(),
        provenance=provenance,
        library=Markup(_asset("assets", "lightweight-charts.standalone.production.js")),  # a vendored asset
        payload=Markup(_script_json(_payload(teller))),  # escaped by _script_json
    )


def _payload(teller: Teller) -> dict[str, Any]:
    return {
        "points": [_point(point, t) for point, t in zip(teller.points, _rising_times(teller.points), strict=True)],
        "markers": [_marker(event) for event in teller.moments],
        "series": SERIES,
        "heights": HEIGHTS,
    }


def _rising_times(points: Iterable[Point]) -> Iterator[int]:
    """Yield the points' chart times, a second apart where a restart put two into one minute: the chart wants order."""
    last = -1
    for point in points:
        last = max(_chart_time(point), last + 1)
        yield last


def _point(point: Point, chart_time: int) -> dict[str, Any]:
    both = point.book_pnl is not None and point.hedge_pnl is not None
    return {
        "t": chart_time,
        "vix": point.vix,
        "vx": point.vx,
        "breadth": point.breadth,
        "vega": point.vega,
        "baseline": point.baseline,
        "net": point.net_vega if point.minis or point.calls else None,
        "minis": point.minis,
        "book": point.book_pnl,
        "total": (point.book_pnl or 0.0) + (point.hedge_pnl or 0.0) if both else None,
    }


def _marker(event: Moment) -> Mapping[str, Any]:
    clock = event.at.astimezone(NEW_YORK)
    return {
        "t": _chart_time(event),
        "kind": event.kind,
        "title": event.title,
        "label": event.label,
        "text": event.text,
        "clock": f"{clock:%a %H:%M}",
    }


def _chart_time(moment: Point | Moment) -> int:
    """Return New York wall time as if it were UTC: the chart library knows no zones and prints what it is given."""
    local = moment.at.astimezone(NEW_YORK)
    offset = local.utcoffset()
    seconds = int(moment.at.timestamp()) + (0 if offset is None else int(offset.total_seconds()))
    return seconds - seconds % 60


def _script_json(payload: Mapping[str, Any]) -> str:
    """Return JSON that is safe inside a script element."""
    return json.dumps(payload, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _asset(folder: str, name: str) -> str:
    return (resources.files("bot.report") / folder / name).read_text(encoding="utf-8")
