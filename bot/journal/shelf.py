"""Keep what stays the same once, so that a wake-up's record holds only what moved.

A view carries hundreds of bars, a chain and a book whose contracts are the same minute after minute, and a memory that
the wake-up before left. Before a wake-up is written, what is new of these goes into entries of its own; the wake-up
then says "the last 500 bars of SPX up to 15:35", "contract 17" or "the memory that entry 812 left". The shelf is the
fold over those entries: it writes the short form and gives back the identical records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bot.errors import Bug
from bot.journal.codec import fingerprint, from_json, from_json_all, prepare, to_json
from bot.journal.contracts import Contracts
from bot.journal.entry import Entry, Kind
from bot.journal.series import SAMPLES, Ended, Series, names
from bot.journal.store import Journal
from strategies.alvh.records import (
    Book,
    ChainQuote,
    Decision,
    HedgeState,
    MarketView,
    Memory,
    OptionLeg,
    Sample,
    Surface,
    SurfaceSource,
)

ELSEWHERE = Surface(
    taken_at=datetime.fromtimestamp(0, UTC), session_day=date(1970, 1, 1), source=SurfaceSource.STORED, smiles=()
)  # stands in a record where a surface is named by its digest instead
ENDED = timedelta(days=30)  # after its last bar a series is forgotten
CHAINS = ("chain", "vix_chain")  # the fields of a view that hold listed options
SERIES = ("spx_bars", "vix_bars", "breadth_bars")
LISTS = {"legs": True, "vix_options": True}
SHELVED = dict.fromkeys((*CHAINS, *SERIES), True) | {"futures": {"__all__": {"bars": True}}}

Draft = tuple[Kind, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wakeup:
    """Hold what one wake-up was given and what it decided."""

    view: MarketView
    book: Book
    state: HedgeState
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class _Left:
    """Hold what a journalled decision left, not yet read: its bare memory, and what that names."""

    bare: Mapping[str, Any]
    surfaces: Mapping[str, Surface]
    samples: tuple[Any, ...] | None

    def read(self) -> Memory:
        memory = _dressed(from_json(Memory, self.bare), self.surfaces)
        return memory if self.samples is None else replace(memory, samples=self.samples)


class Shelf:
    """Hold every bar, sample, contract and surface that the journal has written so far, and the last memories."""

    def __init__(self) -> None:
        self._series = Series()
        self._contracts = Contracts()
        self._surfaces: dict[str, Surface] = {}
        self._digests: dict[int, tuple[Surface, str]] = {}
        self._memories: dict[int, _Left | Memory] = {}  # of the last two wake-ups, by `seq`

    def apply(self, entry: Entry) -> None:
        """Take in one journal entry; kinds of which a wake-up names nothing change nothing."""
        match entry.kind:
            case Kind.BARS:
                self._series.apply(entry.body["series"])
            case Kind.CONTRACTS:
                self._contracts.apply(entry.body)
            case Kind.SURFACE:
                digest = entry.body["digest"]
                if digest not in self._surfaces:
                    self._surfaces[digest] = from_json(Surface, entry.body["surface"])
            case Kind.WAKEUP:
                self._leave(entry)
                self._forget(entry.body)

    def tell(self) -> dict[str, Any]:
        """Return everything the shelf holds, as JSON values."""
        memories = {str(seq): self._memory(seq) for seq in self._memories}
        held = [*self._surfaces.items()]
        held += [(self._digest(s), s) for memory in memories.values() for s in _surfaces(memory).values()]
        return {
            "series": self._series.tell(),
            "contracts": self._contracts.tell(),
            "surfaces": {digest: to_json(surface) for digest, surface in held},
            "named": [*self._surfaces],
            "memories": {
                seq: {
                    "bare": to_json(replace(_bare(memory), samples=())),
                    "surfaces": self._names(memory),
                    "samples": [to_json(sample) for sample in memory.samples],
                }
                for seq, memory in memories.items()
            },
        }

    def know(self, told: Mapping[str, Any]) -> None:
        """Take over what another shelf told."""
        surfaces = {digest: from_json(Surface, values) for digest, values in told["surfaces"].items()}
        self._series.know(told["series"])
        self._contracts.know(told["contracts"])
        self._surfaces = {digest: surfaces[digest] for digest in told["named"]}
        self._memories = {
            int(seq): _Left(
                bare=memory["bare"],
                surfaces={name: surfaces[digest] for name, digest in memory["surfaces"].items()},
                samples=from_json_all(Sample, memory["samples"]),
            )
            for seq, memory in told["memories"].items()
        }

    @staticmethod
    def prepare() -> None:
        """Do what the first wake-up would otherwise wait for."""
        prepare(MarketView, Book, HedgeState, Decision, Memory, Surface, OptionLeg, ChainQuote, Sample)

    def left(self) -> Memory | None:
        """Return the memory that the last wake-up left; `None` before the first."""
        return self._memory(max(self._memories)) if self._memories else None

    def drafts(self, wakeup: Wakeup) -> list[Draft]:
        """Return the entries that record a wake-up: first what must be there for it to be restored, itself last."""
        body = self._body(wakeup)
        new: list[Draft] = []
        series = self._series.news(_series(wakeup.view) | {SAMPLES: wakeup.decision.memory.samples})
        if series:
            new.append((Kind.BARS, {"series": series}))
        contracts = self._contracts.news(wakeup.view.now)
        if contracts:
            new.append((Kind.CONTRACTS, contracts))
        needed = [*_surfaces(wakeup.decision.memory).values()]
        if "left_by" not in body["state"]["memory"]:
            needed += _surfaces(wakeup.state.memory).values()
        for digest, surface in {self._digest(surface): surface for surface in needed}.items():
            if digest not in self._surfaces:
                self._surfaces[digest] = surface  # so that `apply` need not read back what it is
                new.append((Kind.SURFACE, {"digest": digest, "surface": to_json(surface)}))
        return [*new, (Kind.WAKEUP, body)]

    def wakeup(self, entry: Entry) -> Wakeup:
        """Return the wake-up of an entry that is just written or, with every entry up to it applied, was read."""
        return entry.record if isinstance(entry.record, Wakeup) else self.restore(entry.body)

    def restore(self, body: Mapping[str, Any]) -> Wakeup:
        """Return the wake-up whose short form this is; every entry before it must have been applied."""
        bare, book = self.look(body)
        bars: dict[str, Any] = {name: self._series.last(name, *newest) for name, newest in body["bars"].items()}
        view = replace(
            bare,
            spx_bars=bars.get("spx", ()),
            vix_bars=bars.get("vix", ()),
            breadth_bars=bars.get("breadth", ()),
            futures=tuple(replace(future, bars=bars.get(f"future-{future.con_id}", ())) for future in bare.futures),
        )
        decision = from_json(Decision, {**body["decision"], "memory": {}})
        return Wakeup(
            view=view,
            book=book,
            state=self._state(body),
            decision=replace(decision, memory=self._left(body).read()),
        )

    def look(self, body: Mapping[str, Any]) -> tuple[MarketView, Book]:
        """Return the view, without bars, and the book of a wake-up's short form."""
        view, book = body["view"], body["book"]
        chains: Any = {name: self._contracts.chain.read(view[name]) for name in CHAINS if name in view}
        legs: Any = {name: self._contracts.legs.read(book[name]) for name in LISTS}
        return (
            replace(from_json(MarketView, {**view, **dict.fromkeys((*chains, *SERIES), ())}), **chains),
            replace(from_json(Book, {**book, **dict.fromkeys(LISTS, ())}), **legs),
        )

    def legs_in(self, body: Mapping[str, Any]) -> tuple[int, ...]:
        """Return the con_ids of the legs in a wake-up's short form."""
        return self._contracts.legs.con_ids(body["book"]["legs"])

    def _body(self, wakeup: Wakeup) -> dict[str, Any]:
        """Return the short form of a wake-up."""
        view, book, state, decision = wakeup.view, wakeup.book, wakeup.state, wakeup.decision
        chain, legs = self._contracts.chain, self._contracts.legs
        held = to_json(book, leave_out=LISTS)
        shown = names(_series(view) | {SAMPLES: decision.memory.samples})
        memory, surfaces = self._recalled(state.memory)
        return {
            "view": to_json(view, leave_out=SHELVED) | {name: chain.write(getattr(view, name)) for name in CHAINS},
            "bars": shown,
            "book": held | {"legs": legs.write(book.legs), "vix_options": legs.write(book.vix_options)},
            "state": to_json(state, leave_out={"memory"}) | {"memory": memory},
            "decision": to_json(replace(decision, memory=replace(_bare(decision.memory), samples=()))),
            "surfaces": {"state": surfaces, "decision": self._names(decision.memory)},
        }

    def _recalled(self, memory: Memory) -> tuple[dict[str, Any], dict[str, str]]:
        """Return how a wake-up's record tells the memory it was given, and the surfaces that this names."""
        if self._memories and memory == self.left():
            return {"left_by": max(self._memories)}, {}
        return to_json(_bare(memory)), self._names(memory)

    def _state(self, body: Mapping[str, Any]) -> HedgeState:
        told = body["state"]["memory"]
        if "left_by" in told:
            memory = self._memory(told["left_by"])
        else:
            memory = _dressed(from_json(Memory, told), self._named(body["surfaces"]["state"]))
        return replace(from_json(HedgeState, {**body["state"], "memory": {}}), memory=memory)

    def _memory(self, seq: int) -> Memory:
        if seq not in self._memories:
            raise Bug(f"the wake-up {seq} is not the last but one: feed the shelf every entry up to the wake-up")
        left = self._memories[seq]
        if isinstance(left, _Left):
            left = self._memories[seq] = left.read()
        return left

    def _leave(self, entry: Entry) -> None:
        before = max(self._memories, default=None)
        kept = {} if before is None else {before: self._memories[before]}
        just_written = entry.record.decision.memory if isinstance(entry.record, Wakeup) else None
        self._memories = kept | {entry.seq: just_written or self._left(entry.body)}

    def _left(self, body: Mapping[str, Any]) -> _Left:
        newest = body["bars"].get(SAMPLES)
        return _Left(
            bare=body["decision"]["memory"],
            surfaces=self._named(body["surfaces"]["decision"]),
            samples=None if newest is None else self._series.last(SAMPLES, *newest),
        )

    def _named(self, digests: Mapping[str, str]) -> dict[str, Surface]:
        unknown = set(digests.values()) - self._surfaces.keys()
        if unknown:
            raise Bug(f"no earlier entry holds the surfaces {sorted(unknown)}: feed the shelf every entry before it")
        return {name: self._surfaces[digest] for name, digest in digests.items()}

    def _forget(self, body: Mapping[str, Any]) -> None:
        """Drop surfaces that this wake-up no longer names and series long ended; one that returns is written again."""
        self._series.forget(datetime.fromisoformat(body["view"]["now"]) - ENDED)
        named = {digest for digests in body["surfaces"].values() for digest in digests.values()}
        self._surfaces = {digest: surface for digest, surface in self._surfaces.items() if digest in named}
        self._digests = {key: pair for key, pair in self._digests.items() if pair[1] in named}

    def _digest(self, surface: Surface) -> str:
        known = self._digests.get(id(surface))
        if known is None or known[0] is not surface:
            known = self._digests[id(surface)] = (surface, fingerprint(surface))
        return known[1]

    def _names(self, memory: Memory) -> dict[str, str]:
        return {name: self._digest(surface) for name, surface in _surfaces(memory).items()}


def _surfaces(memory: Memory) -> dict[str, Surface]:
    named = {
        "baseline": memory.baseline,
        "closing": memory.closing_surface,
        "episode": memory.episode.baseline if memory.episode else None,
    }
    first = {f"first-{at}": seen.surface for at, seen in enumerate(memory.first_seen)}
    return {name: surface for name, surface in named.items() if surface is not None} | first


def _bare(memory: Memory) -> Memory:
    """Return a memory without its surfaces."""
    episode = memory.episode
    if episode is not None:
        episode = replace(episode, baseline=ELSEWHERE)
    first = tuple(replace(seen, surface=ELSEWHERE) for seen in memory.first_seen)
    return replace(memory, baseline=None, closing_surface=None, episode=episode, first_seen=first)


def _dressed(bare: Memory, surfaces: Mapping[str, Surface]) -> Memory:
    """Return a bare memory with its surfaces, by the names that `_surfaces` gives them."""
    episode = bare.episode
    if episode is not None:
        episode = replace(episode, baseline=surfaces["episode"])
    first = tuple(
        replace(seen, surface=surfaces.get(f"first-{at}", seen.surface)) for at, seen in enumerate(bare.first_seen)
    )
    return replace(
        bare,
        episode=episode,
        baseline=surfaces.get("baseline"),
        closing_surface=surfaces.get("closing"),
        first_seen=first,
    )


def _series(view: MarketView) -> dict[str, tuple[Ended, ...]]:
    series: dict[str, tuple[Ended, ...]] = {"spx": view.spx_bars, "vix": view.vix_bars, "breadth": view.breadth_bars}
    return series | {f"future-{future.con_id}": future.bars for future in view.futures}


def record_wakeup(
    journal: Journal, shelf: Shelf, wakeup: Wakeup, *, at: datetime, wall: Mapping[str, Any] | None = None
) -> int:
    """Write a wake-up and what it needs at once, and return its `seq`; the journal is followed by `shelf.apply`."""
    return journal.append_all(shelf.drafts(wakeup), at=at, wall=wall, record=wakeup)
