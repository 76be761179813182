"""One wake-up: written before it is acted on, explained also when nothing could be seen."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import builders
import pytest
from small_day import SmallDay, buying

import bot.cycle
from bot.clock import SteppedClock
from bot.cycle import Cycle
from bot.errors import AlvhError, Halt, Retry, Unreachable
from bot.journal import Kind, Projection
from strategies.alvh.decide import decide
from strategies.alvh.policy import Policy
from strategies.alvh.records import Book, Decision, HedgeState, MarketView, Proposal, Session

MORNING = builders.at(30)


class Eyes:
    """Show one view and book, or fail as told."""

    def __init__(self) -> None:
        self.failure: AlvhError | None = None
        self.clock: SteppedClock | None = None
        self.sessions: list[Session] = []

    async def look(self, session: Session) -> tuple[MarketView, Book]:
        self.sessions.append(session)
        if self.failure is not None:
            raise self.failure
        if self.clock is not None:
            await self.clock.sleep(600.0)
        return builders.spike_view(30), builders.book()


class Hands:
    """Write down what was asked for, and how many wake-ups the journal held by then."""

    def __init__(self, day: SmallDay) -> None:
        self.day = day
        self.asked: list[tuple[str, str, int]] = []

    def cancel(self, ref: str) -> None:
        self._note("cancel", ref)

    def submit(self, proposal: Proposal, view: MarketView, book: Book) -> object:
        self._note("submit", proposal.key)
        return None

    async def attend(self) -> None:
        raise AssertionError("a wake-up does not attend")

    def _note(self, what: str, which: str) -> None:
        self.asked.append((what, which, len(list(self.day.journal.entries(kinds=[Kind.WAKEUP])))))


class Bench:
    """Hold a cycle between its eyes and hands."""

    def __init__(self, folder: Path, at: datetime = MORNING) -> None:
        self.day = SmallDay(folder=folder)
        self.eyes, self.hands = Eyes(), Hands(self.day)
        projection = Projection()
        self.day.journal.follow(projection.apply)
        self.clock = SteppedClock(at)
        self.cycle = Cycle(
            clock=self.clock,
            observer=self.eyes,
            journal=self.day.journal,
            projection=projection,
            shelf=self.day.shelf,
            desk=self.hands,
            policy=Policy(),
        )

    def decide_as(self, monkeypatch: pytest.MonkeyPatch, *proposals: Proposal, cancel: tuple[str, ...] = ()) -> None:
        """Let the decision be the method's own, with these proposals and cancellations instead of its own."""

        def scripted(view: MarketView, book: Book, state: HedgeState, policy: Policy) -> Decision:
            return replace(decide(view, book, state, policy), proposals=proposals, cancel=cancel)

        monkeypatch.setattr(bot.cycle, "decide", scripted)


async def test_a_wakeup_is_in_the_journal_before_anything_is_done_about_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path)
    bench.decide_as(monkeypatch, buying("b1", 1), buying("b2", 2), cancel=("r1",))
    await bench.cycle.wake()
    assert bench.hands.asked == [("cancel", "r1", 1), ("submit", "b1", 1), ("submit", "b2", 1)]
    assert bench.eyes.sessions[0].day == builders.DAY


async def test_what_a_human_should_know_stands_as_an_alert_behind_its_wakeup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path)

    def alarmed(view: MarketView, book: Book, state: HedgeState, policy: Policy) -> Decision:
        return replace(decide(view, book, state, policy), alerts=("VX is suspect",))

    monkeypatch.setattr(bot.cycle, "decide", alarmed)
    await bench.cycle.wake()
    *_, wakeup, alert = bench.day.entries()
    assert (wakeup.kind, alert.kind, alert.body) == (Kind.WAKEUP, Kind.ALERT, {"why": "VX is suspect"})
    assert bench.day.shelf.restore(wakeup.body).decision.alerts == ("VX is suspect",)


async def test_nothing_is_done_when_the_journal_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path)
    bench.decide_as(monkeypatch, buying("b1", 1), cancel=("r1",))

    def broken(*args: object, **kwargs: object) -> int:
        raise Halt("the journal cannot be written")

    monkeypatch.setattr(bench.day.journal, "append_all", broken)
    with pytest.raises(Halt):
        await bench.cycle.wake()
    assert bench.hands.asked == []


async def test_a_look_that_waits_for_minutes_is_given_up_so_that_orders_and_operator_are_attended_to(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path)
    bench.eyes.clock = bench.clock
    waking = asyncio.ensure_future(bench.cycle.wake())
    await asyncio.sleep(0)
    bench.clock.move(MORNING + timedelta(seconds=bot.cycle.LONGEST_LOOK_S))
    await asyncio.wait({waking}, timeout=1)
    assert waking.done()
    (missed,) = bench.day.entries()
    assert missed.kind is Kind.MISSED
    assert "did not answer all that was asked within 90 s" in missed.body["why"]
    assert bench.hands.asked == []


@pytest.mark.parametrize("failure", [Retry("no answer in 10 s"), Halt("the feed lies"), Unreachable("socket closed")])
async def test_a_wakeup_that_could_not_look_leaves_its_reason_and_no_order(tmp_path: Path, failure: AlvhError) -> None:
    bench = Bench(tmp_path)
    bench.eyes.failure = failure
    await bench.cycle.wake()
    (entry,) = bench.day.entries()
    assert (entry.kind, entry.at) == (Kind.MISSED, builders.at(30))
    assert entry.body == {"job": "wake", "why": f"could not look, so nothing was decided: {failure}"}
    assert bench.hands.asked == []


@pytest.mark.parametrize(
    "at",
    [
        datetime(2018, 2, 5, 14, 29, 59, tzinfo=UTC),  # a second before the open
        datetime(2018, 2, 5, 21, 0, tzinfo=UTC),  # the close
        datetime(2018, 2, 4, 16, 0, tzinfo=UTC),  # Sunday
        datetime(2018, 2, 19, 16, 0, tzinfo=UTC),  # Presidents' Day
    ],
)
async def test_outside_a_session_nobody_looks_and_nothing_is_written(tmp_path: Path, at: datetime) -> None:
    bench = Bench(tmp_path, at)
    await bench.cycle.wake()
    assert bench.eyes.sessions == []
    assert bench.day.entries() == []


async def test_each_wakeup_goes_on_from_the_memory_of_the_one_before(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    await bench.cycle.wake()
    await bench.cycle.wake()
    first, second = (bench.day.shelf.restore(entry.body) for entry in bench.day.journal.entries(kinds=[Kind.WAKEUP]))
    assert first.state.memory.session_on is None
    assert second.state.memory == first.decision.memory
    assert second.state.memory.session_on == builders.DAY
