"""Which entries page a human, in which words, how often, and what happens when nobody takes the page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import SteppedClock
from bot.journal import Entry, Kind
from bot.watch.hooks import Undelivered
from bot.watch.pager import Pager, PagerSettings
from bot.watch.pages import PAGED, Page, Severity, matter, matter_of
from bot.watch.ration import Ration

NOON = datetime(2026, 3, 17, 16, 0, tzinfo=UTC)


class Basket:
    """Keep what is sent; refuse the first `refusals` times."""

    name = "basket"

    def __init__(self, refusals: int = 0) -> None:
        self.pages: list[Page] = []
        self.attempts = 0
        self._refusals = refusals

    def send(self, page: Page) -> None:
        self.attempts += 1
        if self.attempts <= self._refusals:
            raise Undelivered("basket is shut")
        self.pages.append(page)


def entry(kind: Kind, at: datetime = NOON, seq: int = 1, **body: Any) -> Entry:
    return Entry(seq=seq, at=at, kind=kind, body=body)


def a_pager(basket: Basket, *, mode: str = "paper", **changes: Any) -> tuple[Pager, SteppedClock]:
    clock = SteppedClock(NOON)
    settings = PagerSettings(hooks=(basket,), pauses_s=(0.0, 0.0), **changes)
    return Pager(settings, clock, mode=mode, account="DU123"), clock


def settle(pager: Pager) -> None:
    for outbox in pager._outboxes:
        assert outbox.settle(10.0), "the thread of a hook must come to rest"


def test_an_alert_leaves_with_mode_account_and_severity_in_its_title() -> None:
    basket = Basket()
    pager, _ = a_pager(basket)
    pager.apply(entry(Kind.ALERT, why="the line is lost"))
    settle(pager)
    assert basket.pages == [Page(severity=Severity.WARNING, title="alvh PAPER DU123: warning", text="the line is lost")]


@pytest.mark.parametrize(
    ("mode", "word"), [("demo", "SIMULATED"), ("dry-run", "DRY-RUN"), ("paper", "PAPER"), ("live", "REAL MONEY")]
)
def test_no_world_can_be_taken_for_another(mode: str, word: str) -> None:
    basket = Basket()
    pager, _ = a_pager(basket, mode=mode)
    pager.page(Severity.CRITICAL, "look")
    settle(pager)
    (page,) = basket.pages
    assert word in page.title
    assert "DU123" in page.title
    others = {"SIMULATED", "DRY-RUN", "PAPER", "REAL MONEY"} - {word}
    assert not any(other in page.title for other in others)


def test_eight_hundred_alike_are_one_page() -> None:
    basket = Basket()
    pager, clock = a_pager(basket)
    for number in range(833):
        pager.apply(entry(Kind.ALERT, why=f"the line to the exchange is lost: attempt {number}, code 1100"))
        clock.move(clock.now() + timedelta(seconds=4))
        settle(pager)
    assert len(basket.pages) == 1


def test_what_goes_on_is_said_again_after_an_hour_with_the_count_of_what_was_kept_back() -> None:
    basket = Basket()
    pager, clock = a_pager(basket)
    for _ in range(61):
        pager.apply(entry(Kind.ALERT, why="the line is lost"))
        clock.move(clock.now() + timedelta(minutes=1))
    settle(pager)
    assert [page.text for page in basket.pages] == [
        "the line is lost",
        "the line is lost (and 59 more like it since)",
    ]


def test_what_becomes_more_severe_is_said_at_once() -> None:
    basket = Basket()
    pager, clock = a_pager(basket)
    for severity in ("warning", "warning", "critical", "critical", "warning"):
        pager.apply(entry(Kind.ALERT, why="the line is lost", severity=severity))
        clock.move(clock.now() + timedelta(minutes=5))
    settle(pager)
    assert [page.severity for page in basket.pages] == [Severity.WARNING, Severity.CRITICAL]


def test_many_small_matters_do_not_hide_a_great_one() -> None:
    basket = Basket()
    pager, _ = a_pager(basket, most_per_hour=3)
    for word in ("one", "two", "three", "four", "five"):
        pager.apply(entry(Kind.ALERT, why=word))
    pager.apply(entry(Kind.KILL, by="ann", why="enough"))
    settle(pager)
    assert [page.text for page in basket.pages] == [
        "one",
        "two",
        "three",
        "the kill switch is engaged by ann: enough",
    ]


def test_a_bot_that_starts_over_and_over_pages_no_more_often_than_one_that_runs() -> None:
    past = [entry(Kind.ALERT, at=NOON - timedelta(minutes=20), why="disk nearly full: 93 MB")]
    for start in range(5):
        basket = Basket()
        pager, clock = a_pager(basket)
        pager.recall(past)
        clock.move(NOON + timedelta(minutes=start))
        pager.apply(entry(Kind.ALERT, why=f"disk nearly full: {90 - start} MB"))
        settle(pager)
        assert basket.pages == []


def test_a_lock_that_goes_within_a_minute_pages_nobody() -> None:
    basket = Basket()
    pager, clock = a_pager(basket)
    pager.apply(entry(Kind.LOCK, name="positions", why="being read", day=None))
    clock.move(NOON + timedelta(seconds=59))
    pager.attend()
    pager.apply(entry(Kind.LOCK, name="positions", why="", day=None))
    clock.move(NOON + timedelta(minutes=5))
    pager.attend()
    settle(pager)
    assert basket.pages == []


def test_a_lock_that_stands_is_told_once_with_its_latest_reason() -> None:
    basket = Basket()
    pager, clock = a_pager(basket)
    pager.apply(entry(Kind.LOCK, name="positions", why="being read", day=None))
    clock.move(NOON + timedelta(seconds=40))
    pager.apply(entry(Kind.LOCK, name="positions", why="the account holds less than ours", day=None))
    for _ in range(5):
        clock.move(clock.now() + timedelta(seconds=30))
        pager.attend()
    settle(pager)
    assert [page.text for page in basket.pages] == ["opening is locked (positions): the account holds less than ours"]


def test_a_lock_whose_reason_was_already_an_alert_is_not_told_twice() -> None:
    basket = Basket()
    pager, clock = a_pager(basket)
    pager.apply(entry(Kind.ALERT, why="the program failed (KeyError): report it"))
    pager.apply(entry(Kind.LOCK, name="program", why="the program failed (KeyError): report it", day=None))
    clock.move(NOON + timedelta(minutes=2))
    pager.attend()
    settle(pager)
    assert len(basket.pages) == 1


def test_a_lock_that_comes_back_is_told_again_when_the_hour_is_over() -> None:
    basket = Basket()
    pager, clock = a_pager(basket)
    for why in ("they differ", "", "they differ"):
        pager.apply(entry(Kind.LOCK, at=clock.now(), name="positions", why=why, day=None))
        for _ in range(10):
            clock.move(clock.now() + timedelta(minutes=1))
            pager.attend()
    settle(pager)
    assert len(basket.pages) == 1
    for _ in range(60):
        clock.move(clock.now() + timedelta(minutes=1))
        pager.attend()
    settle(pager)
    assert [page.text for page in basket.pages] == ["opening is locked (positions): they differ"] * 2


@pytest.mark.parametrize(("lived_s", "pages"), [(30, 1), (90, 0)])
def test_a_lock_that_a_bot_had_no_time_to_tell_is_told_by_the_next_one(lived_s: int, pages: int) -> None:
    basket = Basket()
    pager, clock = a_pager(basket)
    began = NOON - timedelta(seconds=lived_s)
    past = [
        entry(Kind.LOCK, at=began, name="positions", why="they differ", day=None),
        entry(Kind.STOP, at=NOON),
    ]
    pager.recall(past)
    for _ in range(180):
        clock.move(clock.now() + timedelta(minutes=1))
        pager.attend()
    settle(pager)
    assert len(basket.pages) == pages


def test_an_order_that_waits_for_consent_pages_at_once_and_says_how_to_answer() -> None:
    basket = Basket()
    pager, _ = a_pager(basket, mode="live")
    asked = {"side": "BUY", "quantity": 3, "trading_class": "VXM", "reason": "tranche 1"}
    for name in ("aaaaaa", "bbbbbb"):
        pager.apply(entry(Kind.TICKET, id=name, ref="r", proposal=asked, deadline="2026-03-17T16:01:30Z"))
    settle(pager)
    assert [page.severity for page in basket.pages] == [Severity.CRITICAL] * 2, "each ticket is a matter of its own"
    assert "BUY 3 VXM" in basket.pages[0].text
    assert "alvh approve aaaaaa" in basket.pages[0].text


def test_what_is_only_good_to_know_stays_here_unless_asked_for() -> None:
    quiet, talkative = Basket(), Basket()
    for basket, least in ((quiet, Severity.WARNING), (talkative, Severity.INFO)):
        pager, _ = a_pager(basket, least=least)
        pager.apply(entry(Kind.START))
        pager.apply(entry(Kind.REARM, by="ann"))
        pager.apply(entry(Kind.STOP))
        settle(pager)
    assert quiet.pages == []
    assert [page.text for page in talkative.pages] == [
        "the bot started",
        "the kill switch is lifted by ann",
        "the bot stopped",
    ]


def test_a_failure_to_page_is_told_to_the_journal_and_pages_nobody_itself() -> None:
    basket = Basket(refusals=99)
    pager, _ = a_pager(basket)
    pager.apply(entry(Kind.ALERT, why="the line is lost"))
    settle(pager)
    assert basket.attempts == 3, "bounded"
    assert pager.failures() == ("basket is shut: 'the line is lost' was not delivered",)
    assert pager.failures() == (), "told once"
    pager.apply(entry(Kind.ALERT, name="pager", why="basket is shut"))
    settle(pager)
    assert basket.attempts == 3


def test_a_hook_that_recovers_gets_the_page() -> None:
    basket = Basket(refusals=2)
    pager, _ = a_pager(basket)
    pager.page(Severity.CRITICAL, "the disk is full")
    settle(pager)
    assert [page.text for page in basket.pages] == ["the disk is full"]
    assert pager.failures() == ()


def test_a_hook_with_a_fault_of_its_own_stops_neither_the_others_nor_later_pages() -> None:
    class Broken(Basket):
        def send(self, page: Page) -> None:
            self.attempts += 1
            raise KeyError("a fault nobody thought of")

    broken, sound = Broken(), Basket()
    pager = Pager(PagerSettings(hooks=(broken, sound), pauses_s=()), SteppedClock(NOON), mode="paper", account="DU123")
    pager.page(Severity.CRITICAL, "first")
    pager.page(Severity.CRITICAL, "second")
    settle(pager)
    assert [page.text for page in sound.pages] == ["first", "second"]
    assert broken.attempts == 2
    assert len(pager.failures()) == 2


def test_every_kind_that_may_page_is_one_the_pager_recalls() -> None:
    bodies: dict[Kind, dict[str, Any]] = {
        Kind.KILL: {"by": "ann", "why": "x"},
        Kind.REARM: {"by": "ann"},
        Kind.LOCK: {"name": "n", "why": "x"},
        Kind.ALERT: {"why": "x"},
        Kind.TICKET: {
            "id": "a",
            "deadline": "",
            "proposal": {"side": "BUY", "quantity": 1, "trading_class": "VX", "reason": ""},
        },
    }
    pages = {kind for kind in Kind if matter_of(entry(kind, **bodies.get(kind, {"code": 1100, "text": "x"})))}
    assert pages == PAGED


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.booleans(), st.integers(0, 900)), max_size=200))
def test_no_run_of_matters_exceeds_the_ration(said: list[tuple[str, bool, int]]) -> None:
    ration, now = Ration(timedelta(hours=1), 5), NOON
    let_through: list[tuple[datetime, str, bool]] = []
    for key, critical, later in said:
        now += timedelta(seconds=later)
        severity = Severity.CRITICAL if critical else Severity.WARNING
        if ration.admits(matter(severity, key), now):
            let_through.append((now, key, critical))
    for at, key, critical in let_through:
        hour = [row for row in let_through if timedelta(0) <= row[0] - at < timedelta(hours=1)]
        assert sum(row[2] == critical for row in hour) <= 5
        assert sum(row[1:] == (key, critical) for row in hour) == 1


def test_the_words_are_one_line_of_bounded_length() -> None:
    found = matter(Severity.WARNING, "a\nb   c " + "x" * 5000)
    assert "\n" not in found.text
    assert len(found.text) <= 1500
