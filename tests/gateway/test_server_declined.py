"""What is not modelled is refused under its own id with a code that no client library takes for a mere warning."""

from __future__ import annotations

import pytest

from bot.gateway.messages import inbound
from bot.gateway.requests.declined import DECLINED
from tests.gateway.raw_gateway import House

CONTRACT = ("0", "SPX", "IND", "", "0.0", "", "", "CBOE", "", "USD", "", "")
UNSET = "2147483647"
WARNINGS = {105, 110, 165, 202, 321, 329, 399, 404, 434, 492, 10167}  # of ib_insync or ib_async: they wait on

# Frames as the client libraries write them, each with 77 as its request id.
FRAMES = {
    "exercise": (["21", "2", "77", *CONTRACT[:8], *CONTRACT[9:], "1", "1", "DU1", "0"], 322),
    "scanner": (["22", "77", "50", "STK", "STK.US.MAJOR", "TOP_PERC_GAIN", *[""] * 18], 162),
    "scanner, ended": (["23", "1", "77"], 365),
    "fundamentals": (["52", "2", "77", "416904", "SPX", "IND", "CBOE", "", "USD", "", "ReportsFinSummary"], 430),
    "implied volatility": (["54", "3", "77", *CONTRACT, "5.0", "100.0", "0", ""], 322),
    "option price": (["55", "3", "77", *CONTRACT, "0.2", "100.0", "0", ""], 322),
    "display groups": (["67", "1", "77"], 322),
    "news article": (["84", "77", "BRFG", "BRFG$1", ""], 10172),
    "news": (["86", "77", "416904", "BRFG", "", "", "10", ""], 10276),
    "calendar": (["100", "77"], 10276),
    "events": (["102", "77", "416904", "", "0", "0", "0", "", "", "100"], 10282),
    "advisor's data": (["19", "1", "1", "<xml/>", "77"], 322),
}


@pytest.mark.parametrize("name", FRAMES)
async def test_a_request_that_is_not_modelled_is_refused_under_its_own_id(house: House, name: str) -> None:
    frame, code = FRAMES[name]
    raw = await house.connect()
    raw.write(*frame)
    (answer,) = await raw.settle()
    assert answer[:4] == ["4", "2", "77", str(code)]
    assert code not in WARNINGS


def test_no_refusal_is_taken_for_a_warning_where_somebody_waits_for_an_id() -> None:
    assert not {number for number, declined in DECLINED.items() if declined.id_at and declined.code in WARNINGS}


def test_a_request_is_served_or_refused_and_never_both() -> None:
    assert not DECLINED.keys() & inbound.REQUESTS.keys()


def test_every_request_of_the_protocol_is_known() -> None:
    obsolete = {*range(26, 49), 60}  # numbers that no client of these versions sends
    assert DECLINED.keys() | inbound.REQUESTS.keys() == set(range(1, 105)) - obsolete


async def test_an_unknown_request_is_refused_and_the_connection_lives(house: House) -> None:
    raw = await house.connect()
    raw.write("40", "1")
    (answer,) = await raw.settle()
    assert answer[2:4] == ["-1", "321"]


async def test_a_refusal_of_a_broken_frame_has_no_id(house: House) -> None:
    raw = await house.connect()
    for text in ("x", "-5", "1" * 30):
        raw.write("86", text)
        assert (await raw.next())[2] == "-1"
    raw.write("86")
    assert (await raw.next())[2] == "-1"


async def test_questions_without_an_id_are_always_answered(house: House) -> None:
    raw = await house.connect()
    raw.write("82")
    assert await raw.next() == ["80", "2", *("CFE", "FUT", "", "Deep", UNSET), *("CBOE", "OPT", "", "Deep2", UNSET)]
    raw.write("85")
    assert await raw.next() == ["85", "0"]
    raw.write("80")
    assert await raw.next() == ["78", "1", "DU1234567", ""]
    raw.write("24", "1")
    assert (await raw.next())[:2] == ["19", "1"]
    raw.write("12", "1", "1")
    raw.write("13", "1")
    assert await raw.settle() == []


async def test_small_questions_are_answered_with_little(house: House) -> None:
    raw = await house.connect()
    raw.write("79", "5")
    assert await raw.next() == ["77", "5", "0"]
    raw.write("83", "6", "9c0001")
    assert await raw.next() == ["82", "6", "2", "0", "CBOE", "C", "1", "CFE", "F"]
    raw.write("104", "7")
    assert await raw.next() == ["107", "7", ""]
