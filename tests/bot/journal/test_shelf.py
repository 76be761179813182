"""A wake-up restored from the journal is the one that was written; bars and surfaces are written once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import builders
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import Bug
from bot.journal import Entry, Journal, JournalReader, Kind, Shelf, Wakeup, journal_path, record_wakeup
from bot.journal.codec import canonical, to_json
from strategies.alvh.decide import decide
from strategies.alvh.policy import Policy
from strategies.alvh.records import Bar, Memory, Sample


def wakeup(minutes: float, **view: object) -> Wakeup:
    seen = replace(builders.spike_view(minutes), **view)  # type: ignore[arg-type]
    book, state = builders.book(), builders.state(memory=builders.memory())
    return Wakeup(view=seen, book=book, state=state, decision=decide(seen, book, state, Policy()))


def restored(path: Path) -> list[Wakeup]:
    shelf, found = Shelf(), []
    for entry in JournalReader.open(path).entries():
        if entry.kind is Kind.WAKEUP:
            found.append(shelf.restore(entry.body))
        shelf.apply(entry)
    return found


def written(folder: Path, wakeups: list[Wakeup], *, restart_after: int = -1) -> Path:
    path = journal_path(folder, "demo", "DU1")
    journal = Journal.open(path, mode="demo", account="DU1", durable=False)
    shelf = Shelf()
    journal.follow(shelf.apply)
    for number, one in enumerate(wakeups):
        record_wakeup(journal, shelf, one, at=one.view.now)
        if number == restart_after:
            journal.close()
            journal, shelf = Journal.open(path, mode="demo", account="DU1", durable=False), Shelf()
            journal.follow(shelf.apply)
    journal.close()
    return path


@pytest.mark.parametrize("restart_after", [-1, 0, 3])
def test_every_wakeup_comes_back_equal(tmp_path: Path, restart_after: int) -> None:
    wakeups = [wakeup(30 + minute) for minute in range(8)]
    assert restored(written(tmp_path, wakeups, restart_after=restart_after)) == wakeups


def test_unchanged_bars_and_surfaces_are_written_once(tmp_path: Path) -> None:
    one = wakeup(30)
    path = written(tmp_path, [one, one, replace(one, view=replace(one.view))])
    kinds = [entry.kind for entry in JournalReader.open(path).entries()]
    assert kinds.count(Kind.BARS) == 1
    assert kinds.count(Kind.WAKEUP) == 3
    assert kinds.count(Kind.SURFACE) == len(
        {
            id(s)
            for s in (one.state.memory.baseline, one.state.memory.closing_surface, one.decision.memory.closing_surface)
            if s
        }
    )


def bar(number: int, close: float = 20.0) -> Bar:
    return Bar(end=builders.at(5 * number), open=close, high=close, low=close, close=close)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12), st.sampled_from([20.0, 21.0])), min_size=1, max_size=6)
)
def test_bars_come_back_whether_they_slide_grow_shrink_or_are_revised(cuts: list[tuple[int, int, float]]) -> None:
    base = wakeup(30)
    writer, reader = Shelf(), Shelf()
    seq = 0
    for first, count, close in cuts:
        bars = tuple(bar(n, close) for n in range(first, first + count))
        one = replace(base, view=replace(base.view, spx_bars=bars))
        for kind, body in writer.drafts(one):
            seq += 1
            for shelf in (writer, reader):
                shelf.apply(_entry(seq, one.view.now, kind, body))
        assert reader.restore(body).view == one.view


finite = st.floats(allow_nan=False, allow_infinity=False)
for kind, values in ((float, finite), (datetime, st.datetimes(timezones=st.just(UTC))), (date, st.dates())):
    st.register_type_strategy(kind, values)
memories = st.from_type(Memory)
BASE = wakeup(30)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.none() | memories, memories), min_size=1, max_size=4))
def test_memories_come_back_whether_they_were_left_by_the_last_wakeup_or_are_new(
    pairs: list[tuple[Memory | None, Memory]],
) -> None:
    """`None` stands for what the wake-up before left, as in every run but the first."""
    writer, reader = Shelf(), Shelf()
    seq, left = 0, Memory()
    for given_memory, leaves in pairs:
        state = replace(BASE.state, memory=left if given_memory is None else given_memory)
        one = replace(BASE, state=state, decision=replace(BASE.decision, memory=leaves))
        left = leaves
        for kind, body in writer.drafts(one):
            seq += 1
            again = json.loads(canonical(body))
            writer.apply(_entry(seq, one.view.now, kind, body))
            reader.apply(_entry(seq, one.view.now, kind, again))
        assert reader.restore(again) == one
        assert reader.left() == leaves


def test_what_the_wakeup_before_left_is_not_written_again(tmp_path: Path) -> None:
    first = wakeup(30)
    second = replace(wakeup(31), state=replace(first.state, memory=first.decision.memory))
    path = written(tmp_path, [first, second], restart_after=0)
    one, two = JournalReader.open(path).entries(kinds=[Kind.WAKEUP])
    assert "left_by" not in one.body["state"]["memory"]
    assert two.body["state"]["memory"] == {"left_by": one.seq}
    assert restored(path) == [first, second]


def test_every_line_is_in_the_canonical_form(tmp_path: Path) -> None:
    path = written(tmp_path, [wakeup(30), wakeup(35)])
    for line in JournalReader.open(path).lines():
        assert line == json.dumps(json.loads(line), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_followers_are_given_the_very_wakeup_and_readers_an_equal_one(tmp_path: Path) -> None:
    journal = Journal.open(journal_path(tmp_path, "demo", "DU1"), mode="demo", account="DU1", durable=False)
    shelf, heard = Shelf(), []
    journal.follow(shelf.apply)
    journal.follow(heard.append)
    one = wakeup(30)
    record_wakeup(journal, shelf, one, at=one.view.now)
    assert shelf.wakeup(heard[-1]) is one
    other = Shelf()
    for entry in journal.entries():
        other.apply(entry)
    assert entry == replace(heard[-1], body=entry.body)
    assert other.wakeup(entry) == one


def test_wakeups_of_the_first_version_are_read_beside_new_ones() -> None:
    """Version 0.1.0 wrote every leg with all its names, and the samples inside the memory."""
    one = wakeup(30)
    sample = Sample(
        end=one.view.now,
        inflation=0.1,
        armable=False,
        retraced=None,
        term_inverted=None,
        vix_implied=None,
        breadth_divergent=False,
        macd_hist=None,
    )
    one = replace(one, state=replace(one.state, memory=Memory()))
    one = replace(one, decision=replace(one.decision, memory=Memory(samples=(sample,))))
    shelf = Shelf()
    news = [(kind, body) for kind, body in shelf.drafts(one)[:-1] if kind is Kind.BARS]
    ((_, bars),) = news
    bare = {"spx_bars": [], "vix_bars": [], "breadth_bars": []}
    futures = [future | {"bars": []} for future in to_json(one.view)["futures"]]
    body = {
        "view": to_json(one.view) | bare | {"futures": futures},
        "bars": {name: [len(c["rows"]), c["rows"][-1][0]] for name, c in bars["series"].items() if name != "samples"},
        "book": to_json(one.book),
        "state": to_json(one.state),
        "decision": to_json(one.decision),
        "surfaces": {"state": {}, "decision": {}},
    }
    reader = Shelf()
    reader.apply(_entry(1, one.view.now, Kind.BARS, bars))
    reader.apply(_entry(2, one.view.now, Kind.WAKEUP, json.loads(canonical(body))))
    assert reader.restore(json.loads(canonical(body))) == one
    after = replace(one, state=replace(one.state, memory=one.decision.memory))
    for seq, (kind, entry) in enumerate(reader.drafts(after), 3):
        reader.apply(_entry(seq, one.view.now, kind, json.loads(canonical(entry))))
    assert entry["state"]["memory"] == {"left_by": 2}
    assert reader.restore(entry) == after


def test_a_wakeup_without_its_bars_cannot_be_restored() -> None:
    one = wakeup(30)
    shelf = Shelf()
    *_, (_, body) = shelf.drafts(one)
    with pytest.raises(Bug, match="feed the shelf"):
        Shelf().restore(body)


def _entry(seq: int, at: datetime, kind: Kind, body: dict[str, object]) -> Entry:
    return Entry(seq=seq, at=at, kind=kind, body=body)
