"""Keep bars and surfaces once, so that a wake-up's record only names them.

A view carries hundreds of bars and several surfaces that are the same minute after minute. Before a wake-up is
written, what is new goes into entries of its own; the wake-up then says "the last 500 bars of SPX up to 15:35". The
shelf is the fold over those entries: it writes the short form and gives back the identical view.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from bot.errors import Bug
from bot.journal.codec import canonical, from_json, to_json
from bot.journal.entry import Entry, Kind
from bot.journal.store import Journal
from strategies.alvh.records import (
    Bar,
    Book,
    BreadthBar,
    Decision,
    HedgeState,
    MarketView,
    Memory,
    Surface,
    SurfaceSource,
)

AnyBar = Bar | BreadthBar
LONGEST = 5000  # bars kept of a series; no view shows more
ELSEWHERE = Surface(
    taken_at=datetime.fromtimestamp(0, UTC), session_day=date(1970, 1, 1), source=SurfaceSource.STORED, smiles=()
)  # stands in a record where a surface is named by its digest instead


@dataclass(frozen=True, slots=True, kw_only=True)
class Wakeup:
    """Hold what one wake-up was given and what it decided."""

    view: MarketView
    book: Book
    state: HedgeState
    decision: Decision


class Shelf:
    """Hold every bar and surface that the journal has written so far."""

    def __init__(self) -> None:
        self._series: dict[str, list[AnyBar]] = {}
        self._seen: dict[str, tuple[AnyBar, ...]] = {}
        self._surfaces: dict[str, Surface] = {}
        self._digests: dict[int, tuple[Surface, str]] = {}

    def apply(self, entry: Entry) -> None:
        """Take in one journal entry; kinds other than bars and surfaces change nothing."""
        if entry.kind is Kind.BARS:
            for name, change in entry.body["series"].items():
                held = [] if change["from_start"] else self._series.setdefault(name, [])
                held.extend(_bar(name, row) for row in change["rows"])
                self._series[name] = held[-LONGEST:]
        elif entry.kind is Kind.SURFACE:
            digest = entry.body["digest"]
            if digest not in self._surfaces:
                self._surfaces[digest] = from_json(Surface, entry.body["surface"])
        elif entry.kind is Kind.WAKEUP:
            self._forget(entry.body)

    def news(self, wakeup: Wakeup) -> list[tuple[Kind, dict[str, Any]]]:
        """Return the entries that must be written before this wake-up so that it can be restored."""
        new: list[tuple[Kind, dict[str, Any]]] = []
        series = {name: change for name, bars in _series(wakeup.view).items() if (change := self._change(name, bars))}
        if series:
            new.append((Kind.BARS, {"series": series}))
        needed = [*_surfaces(wakeup.state.memory).values(), *_surfaces(wakeup.decision.memory).values()]
        for digest, surface in {self._digest(surface): surface for surface in needed}.items():
            if digest not in self._surfaces:
                new.append((Kind.SURFACE, {"digest": digest, "surface": to_json(surface)}))
        return new

    def body(self, wakeup: Wakeup) -> dict[str, Any]:
        """Return the short form of a wake-up."""
        view = wakeup.view
        bare = replace(
            view,
            spx_bars=(),
            vix_bars=(),
            breadth_bars=(),
            futures=tuple(replace(future, bars=()) for future in view.futures),
        )
        state, decision = wakeup.state, wakeup.decision
        return {
            "view": to_json(bare),
            "bars": {name: [len(bars), bars[-1].end.isoformat()] for name, bars in _series(view).items() if bars},
            "book": to_json(wakeup.book),
            "state": to_json(replace(state, memory=_bare(state.memory))),
            "decision": to_json(replace(decision, memory=_bare(decision.memory))),
            "surfaces": {"state": self._names(state.memory), "decision": self._names(decision.memory)},
        }

    def restore(self, body: Mapping[str, Any]) -> Wakeup:
        """Return the wake-up whose short form this is; every entry before it must have been applied."""
        bare = from_json(MarketView, body["view"])
        bars: dict[str, Any] = {name: self._last(name, count, end) for name, (count, end) in body["bars"].items()}
        view = replace(
            bare,
            spx_bars=bars.get("spx", ()),
            vix_bars=bars.get("vix", ()),
            breadth_bars=bars.get("breadth", ()),
            futures=tuple(replace(future, bars=bars.get(f"future-{future.con_id}", ())) for future in bare.futures),
        )
        state = from_json(HedgeState, body["state"])
        decision = from_json(Decision, body["decision"])
        return Wakeup(
            view=view,
            book=from_json(Book, body["book"]),
            state=replace(state, memory=self.memory(state.memory, body["surfaces"]["state"])),
            decision=replace(decision, memory=self.memory(decision.memory, body["surfaces"]["decision"])),
        )

    def memory(self, bare: Memory, names: Mapping[str, str]) -> Memory:
        """Return a memory with the surfaces that its record names by digest."""
        episode = bare.episode
        if episode is not None:
            episode = replace(episode, baseline=self._surface(names["episode"]))
        return replace(
            bare,
            episode=episode,
            baseline=self._surface(names["baseline"]) if "baseline" in names else None,
            closing_surface=self._surface(names["closing"]) if "closing" in names else None,
        )

    def _change(self, name: str, bars: tuple[AnyBar, ...]) -> dict[str, Any] | None:
        """Return what must be added to a series so that it ends with `bars`; `None` when it already does."""
        if self._seen.get(name) is bars or not bars:
            return None
        self._seen[name] = bars
        held = self._series.get(name, [])
        known = len(bars)
        while known and (not held or bars[known - 1].end > held[-1].end):
            known -= 1
        if known <= len(held) and tuple(held[len(held) - known :]) == bars[:known]:
            fresh = bars[known:]
            return {"from_start": False, "rows": [_row(bar) for bar in fresh]} if fresh else None
        return {"from_start": True, "rows": [_row(bar) for bar in bars]}

    def _last(self, name: str, count: int, end: str) -> tuple[AnyBar, ...]:
        held = self._series.get(name, [])
        if len(held) < count or held[-1].end.isoformat() != end:
            raise Bug(
                f"the journal holds {len(held)} bars of {name}, a wake-up names {count} up to {end}: "
                "feed the shelf with every entry before it"
            )
        return tuple(held[len(held) - count :])

    def _surface(self, digest: str) -> Surface:
        if digest not in self._surfaces:
            raise Bug(f"no earlier entry holds the surface {digest}: feed the shelf every entry before the wake-up")
        return self._surfaces[digest]

    def _forget(self, body: Mapping[str, Any]) -> None:
        """Drop surfaces that this wake-up no longer names; one that returns is written again."""
        named = {digest for names in body["surfaces"].values() for digest in names.values()}
        self._surfaces = {digest: surface for digest, surface in self._surfaces.items() if digest in named}
        self._digests = {key: pair for key, pair in self._digests.items() if pair[1] in named}

    def _digest(self, surface: Surface) -> str:
        known = self._digests.get(id(surface))
        if known is None or known[0] is not surface:
            digest = sha256(canonical(to_json(surface)).encode()).hexdigest()[:16]
            known = self._digests[id(surface)] = (surface, digest)
        return known[1]

    def _names(self, memory: Memory) -> dict[str, str]:
        return {name: self._digest(surface) for name, surface in _surfaces(memory).items()}


def _surfaces(memory: Memory) -> dict[str, Surface]:
    named = {
        "baseline": memory.baseline,
        "closing": memory.closing_surface,
        "episode": memory.episode.baseline if memory.episode else None,
    }
    return {name: surface for name, surface in named.items() if surface is not None}


def _bare(memory: Memory) -> Memory:
    episode = memory.episode
    if episode is not None:
        episode = replace(episode, baseline=ELSEWHERE)
    return replace(memory, baseline=None, closing_surface=None, episode=episode)


def _series(view: MarketView) -> dict[str, tuple[AnyBar, ...]]:
    series: dict[str, tuple[AnyBar, ...]] = {"spx": view.spx_bars, "vix": view.vix_bars, "breadth": view.breadth_bars}
    return series | {f"future-{future.con_id}": future.bars for future in view.futures}


def _row(bar: AnyBar) -> list[Any]:
    if isinstance(bar, BreadthBar):
        return [bar.end.isoformat(), bar.advancers, bar.decliners]
    return [bar.end.isoformat(), bar.open, bar.high, bar.low, bar.close]


def _bar(name: str, row: list[Any]) -> AnyBar:
    end = datetime.fromisoformat(row[0])
    if name == "breadth":
        return BreadthBar(end=end, advancers=row[1], decliners=row[2])
    return Bar(end=end, open=row[1], high=row[2], low=row[3], close=row[4])


def record_wakeup(
    journal: Journal, shelf: Shelf, wakeup: Wakeup, *, at: datetime, wall: Mapping[str, Any] | None = None
) -> int:
    """Write a wake-up and what it needs, and return its `seq`; the journal must be followed by `shelf.apply`."""
    for kind, body in shelf.news(wakeup):
        journal.append(kind, body, at=at)
    return journal.append(Kind.WAKEUP, shelf.body(wakeup), at=at, wall=wall)
