"""In live an opening waits for a human: silence is no, late is no, twice is once, and a restart is no."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import builders
import pytest
from fake_broker import ACCOUNT, VXM
from stand import Stand, buying, selling

from bot.clock import SteppedClock
from bot.journal import Kind
from bot.orders.desk import Outcome
from bot.orders.refs import order_ref
from bot.supervise.inbox import Say
from bot.supervise.tickets import ConsentSettings, needs_consent


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(folder=tmp_path, mode="live")


def say(stand: Stand, word: Say, subject: str = "", *, word_id: str = "w1", who: str = "ann") -> None:
    stand.inbox.put(word, who=who, at=stand.now(), word_id=word_id, subject=subject)


def ask(stand: Stand, key: str = "buy-1") -> str:
    assert stand.submit(buying(2, key=key)) is Outcome.WAITING
    assert stand.broker.placed == []
    return stand.desk.tickets.open[-1].id


def verdicts(stand: Stand) -> list[str]:
    return [entry.body["verdict"] for entry in stand.entries(Kind.CONSENT)]


@pytest.mark.parametrize(
    ("mode", "proposal", "automatic", "needed"),
    [
        ("live", buying(), True, True),
        ("live", selling(), True, False),
        ("live", selling(), False, True),
        ("paper", buying(), True, False),
        ("demo", buying(), True, False),
    ],
)
def test_who_waits(mode: str, proposal: object, automatic: bool, needed: bool) -> None:
    assert needs_consent(mode, proposal, ConsentSettings(reducing_is_automatic=automatic)) is needed  # type: ignore[arg-type]


async def test_a_yes_in_time_sends_the_order_once(stand: Stand) -> None:
    ticket = ask(stand)
    say(stand, Say.APPROVE, ticket)
    await stand.later(89)
    say(stand, Say.APPROVE, ticket, word_id="w2")
    await stand.later(0)
    assert len(stand.broker.placed) == 1
    assert verdicts(stand) == ["approved"]
    assert [e.body["accepted"] for e in stand.entries(Kind.OPERATOR)] == [True, False]
    assert stand.inbox.letters() == ()


async def test_silence_and_a_late_yes_are_no(stand: Stand) -> None:
    ticket = ask(stand)
    await stand.later(90)
    say(stand, Say.APPROVE, ticket)
    await stand.later(1)
    assert (stand.broker.placed, verdicts(stand)) == ([], ["expired"])


async def test_a_yes_that_is_read_after_the_deadline_is_no(stand: Stand) -> None:
    ticket = ask(stand)
    say(stand, Say.APPROVE, ticket)
    await stand.later(90)
    assert (stand.broker.placed, verdicts(stand)) == ([], ["expired"])


async def test_a_no_is_no_for_ever(stand: Stand) -> None:
    say(stand, Say.DENY, ask(stand))
    await stand.later(5)
    assert verdicts(stand) == ["denied"]
    assert stand.submit(buying(2)) is Outcome.REFUSED
    assert stand.broker.placed == []


async def test_the_same_intent_does_not_ask_twice_at_a_time(stand: Stand) -> None:
    ask(stand)
    assert stand.submit(buying(2)) is Outcome.REFUSED
    assert len(stand.desk.tickets.open) == 1


async def test_a_restart_closes_what_waited(stand: Stand) -> None:
    ticket = ask(stand)
    await stand.restart()
    say(stand, Say.APPROVE, ticket)
    await stand.later(1)
    assert (stand.broker.placed, verdicts(stand)) == ([], ["expired"])


async def test_a_yes_does_not_outrank_the_controls(stand: Stand) -> None:
    ticket = ask(stand)
    stand.broker.quotes[VXM.con_id] = stand.broker.quote(0)
    say(stand, Say.APPROVE, ticket)
    await stand.later(1)
    assert stand.broker.placed == []
    assert "fresh quote" in stand.entries(Kind.REFUSAL)[-1].body["why"]


async def test_a_yes_does_not_outrank_the_kill_switch(stand: Stand) -> None:
    ticket = ask(stand)
    stand.kill.engage("x")
    say(stand, Say.APPROVE, ticket)
    await stand.later(1)
    assert stand.broker.placed == []


async def test_a_word_is_obeyed_once_even_if_it_lies_there_again(stand: Stand) -> None:
    say(stand, Say.KILL)
    await stand.later(1)
    assert stand.kill.engaged()
    say(stand, Say.REARM, word_id="w2")
    await stand.later(1)
    say(stand, Say.KILL)
    await stand.restart()
    await stand.later(1)
    assert stand.kill.engaged() == ""
    assert [e.body["why"] for e in stand.entries(Kind.OPERATOR)][-1] == "this word was used before"


async def test_a_word_without_a_speaker_or_a_ticket_does_nothing(stand: Stand) -> None:
    say(stand, Say.KILL, who=" ")
    say(stand, Say.APPROVE, "nothing", word_id="w2")
    await stand.later(1)
    assert stand.kill.engaged() == ""
    assert [e.body["accepted"] for e in stand.entries(Kind.OPERATOR)] == [False, False]


async def test_garbage_in_the_inbox_is_journalled_and_cleared(stand: Stand) -> None:
    stand.inbox.folder.mkdir()
    (stand.inbox.folder / "x.word.json").write_text("{")
    await stand.later(1)
    assert stand.inbox.letters() == ()
    assert stand.entries(Kind.OPERATOR)[0].body["accepted"] is False


async def test_a_yes_after_the_window_of_its_question_opens_nothing(tmp_path: Path) -> None:
    stand = Stand(folder=tmp_path, mode="live", clock=SteppedClock(builders.at(89) + timedelta(seconds=5)))
    ticket = ask(stand)
    await stand.later(65)  # 11:00:10: between the windows the bot only reduces risk
    say(stand, Say.APPROVE, ticket)
    await stand.later(5)
    assert stand.broker.placed == []
    assert verdicts(stand) == ["expired"]


async def test_the_word_flatten_sells_what_the_bot_owns_without_consent(stand: Stand) -> None:
    ticket = ask(stand)
    say(stand, Say.APPROVE, ticket)
    await stand.later(1)
    ref = stand.broker.placed[0].ref
    stand.broker.say(ref)
    stand.broker.fill(ref, 2)
    say(stand, Say.KILL, word_id="w2")
    say(stand, Say.FLATTEN, word_id="w3")
    await stand.later(600)
    assert [(t.side, t.quantity) for t in stand.broker.placed[1:]] == [("SELL", 2)]


async def test_rearming_under_the_environment_variable_says_that_it_did_not_help(tmp_path: Path) -> None:
    stand = Stand(folder=tmp_path, environment={"ALVH_KILL": "1"})
    await stand.later(1)
    say(stand, Say.REARM)
    await stand.later(1)
    assert "ALVH_KILL" in stand.entries(Kind.ALERT)[0].body["why"]
    assert stand.projection.killed


async def test_a_sale_that_nobody_answered_is_asked_about_again(tmp_path: Path) -> None:
    stand = Stand(folder=tmp_path, mode="live", consent=ConsentSettings(reducing_is_automatic=False))
    ref = order_ref("live", ACCOUNT, "own-0")
    assert stand.submit(buying(4, key="own-0")) is Outcome.WAITING
    say(stand, Say.APPROVE, stand.desk.tickets.open[-1].id)
    await stand.later(1)
    stand.broker.say(ref)
    stand.broker.fill(ref, 4)
    assert stand.submit(selling(2)) is Outcome.WAITING
    await stand.later(91)
    assert verdicts(stand) == ["approved", "expired"]
    assert stand.submit(selling(2)) is Outcome.WAITING, "a hedge must not stay on because one question was missed"
    assert stand.submit(buying(4, key="own-0")) is Outcome.REFUSED, "a purchase is asked about once"
