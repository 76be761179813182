"""Show a run while it happens: a panel that redraws on a terminal, plain lines elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.report.result import dollars
from bot.report.story import Moment, Point, Teller

NEW_YORK = ZoneInfo("America/New_York")
COLOURS = {"demo": "cyan", "dry-run": "bright_black", "paper": "yellow", "live": "red"}
REDRAW_EVERY = 3  # wake-ups between two pictures: a day of the demo passes in seconds
LINE_EVERY_MINUTES = 30
LATEST_MOMENTS = 6
SPARKS = "▁▂▃▄▅▆▇█"


class LiveView:
    """Show what a teller tells; `console` decides whether there is a terminal to draw on."""

    def __init__(self, console: Console, *, mode: str, title: str) -> None:
        self._console = console
        self._mode = mode
        self._title = title
        draws = console.is_terminal and not console.is_dumb_terminal
        self._live = Live(console=console, auto_refresh=False, transient=True) if draws else None
        self._moments_shown = 0
        self._points_shown = 0

    def __enter__(self) -> Self:
        """Start drawing."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing and leave the terminal as it was."""
        if self._live is not None:
            self._live.stop()

    def update(self, teller: Teller) -> None:
        """Show what is new since the last call."""
        points = teller.points
        if len(points) == self._points_shown:
            return
        self._points_shown = len(points)
        if self._live is None:
            self._print_lines(teller, points[-1])
        elif len(points) % REDRAW_EVERY == 0:
            self._live.update(self._panel(teller, points[-1]), refresh=True)

    def _print_lines(self, teller: Teller, point: Point) -> None:
        for moment in teller.moments[self._moments_shown :]:
            self._console.print(f"{_clock(moment)}  {moment.title}", soft_wrap=True, highlight=False, markup=False)
        self._moments_shown = len(teller.moments)
        if point.at.astimezone(NEW_YORK).minute % LINE_EVERY_MINUTES == 0:
            self._console.print(one_line(point), soft_wrap=True, highlight=False, markup=False)

    def _panel(self, teller: Teller, point: Point) -> Panel:
        colour = COLOURS.get(self._mode, "white")
        facts = Table.grid(padding=(0, 2))
        for _ in range(4):
            facts.add_column()
        for row in _facts(point):
            facts.add_row(*(Text.assemble((f"{name}  ", "dim"), value) for name, value in row))
        spark = Text(sparkline([p.vix for p in teller.points], self._console.width - 14), style="red")
        moments = Text("\n".join(f"{_clock(m)}  {m.title}" for m in teller.moments[-LATEST_MOMENTS:]))
        body = Group(facts, Text.assemble(("VIX  ", "dim"), spark), Text(point.summary, style="italic"), moments)
        title = Text(f"{self._mode.upper()}  {self._title}")
        return Panel(body, title=title, subtitle=_clock(point), border_style=colour)


def _facts(point: Point) -> tuple[tuple[tuple[str, str], ...], ...]:
    return (
        (
            ("VIX", number(point.vix)),
            ("VX", number(point.vx)),
            ("breadth", number(point.breadth, sign=True)),
            ("phase", str(point.phase)),
        ),
        (
            ("vega", dollars(point.vega)),
            ("baseline", dollars(point.baseline)),
            ("inflation", "-" if point.inflation is None else f"{point.inflation:+.0%}"),
            ("hedge", point.hedge),
        ),
        (
            ("P&L book", dollars(point.book_pnl)),
            ("P&L hedge", dollars(point.hedge_pnl)),
            ("hedge", f"{dollars(point.hedge_vega)}/pt"),
            ("", ""),
        ),
    )


def one_line(point: Point) -> str:
    """Return one wake-up as one line of text."""
    inflation = "-" if point.inflation is None else f"{point.inflation:+.0%}"
    return (
        f"{_clock(point)}  VIX {number(point.vix)}  {point.vx_name} {number(point.vx)}  "
        f"breadth {number(point.breadth, sign=True)}  "
        f"vega {dollars(point.vega)} (baseline {dollars(point.baseline)}, put side {inflation})  "
        f"hedge {point.hedge}  P&L book {dollars(point.book_pnl)} hedge {dollars(point.hedge_pnl)}  {point.phase}"
    )


def number(value: float | None, *, sign: bool = False) -> str:
    """Return a figure with two decimals, or a dash when it is missing."""
    if value is None:
        return "-"
    return f"{value:+.2f}" if sign else f"{value:.2f}"


def sparkline(values: list[float | None], width: int) -> str:
    """Return the values as a line of bars, the newest at the right; missing ones are blanks."""
    known = [value for value in values if value is not None]
    if not known or width <= 0:
        return ""
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    step = max(1, -(-len(values) // width))
    chosen = values[::-step][::-1]
    return "".join(" " if v is None else SPARKS[int((v - low) / span * (len(SPARKS) - 1))] for v in chosen)


def _clock(moment: Point | Moment) -> str:
    return f"{moment.at.astimezone(NEW_YORK):%a %d %b %H:%M}"
