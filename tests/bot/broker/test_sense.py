"""What cannot be true is not believed: numbers, words and rows that no honest gateway sends."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from bot.broker import contracts, reports
from bot.broker.quotes import Line, clean_number
from bot.broker.sense import Nonsense, count, legible, number, signed_count, told_count, understood
from bot.errors import Retry

NOW = datetime(2018, 2, 5, 15, tzinfo=UTC)
ENDLESS = (math.nan, math.inf, -math.inf, 1e308, -1e308, 9.3e18, "nan", "1e400")


@pytest.mark.parametrize("value", [*ENDLESS[:3], 1e10, -1e10, 9.3e18, "x"])
def test_no_number_of_contracts_is_refused_and_not_called_none(value: object) -> None:
    with pytest.raises(ValueError, match="contracts"):
        signed_count(value)


@pytest.mark.parametrize("unset", ["", None, 2147483647, 1.7976931348623157e308])
def test_what_means_unset_is_nothing_told_of_an_order_and_no_position_and_no_execution(unset: object) -> None:
    assert told_count(unset) == 0
    for strict in (signed_count, count):
        with pytest.raises(ValueError, match="contracts"):
            strict(unset)


def test_less_than_nothing_is_no_count() -> None:
    with pytest.raises(ValueError, match="-2"):
        count(-2)
    assert signed_count(-2.0) == -2


@pytest.mark.parametrize("value", ENDLESS)
def test_nothing_endless_is_a_number(value: object) -> None:
    assert clean_number(value) is None
    with pytest.raises(ValueError, match="expected"):
        number(value, lowest=-1e15, highest=1e15)


def test_a_negative_size_is_missing_and_not_a_size() -> None:
    line = Line(con_id=1)
    line.tick(1, 15.0, -80.0, NOW)
    line.tick(2, 15.05, 40.0, NOW)
    line.size_tick(3, -1.0, NOW)
    shown = line.quote(NOW)
    assert (shown.bid, shown.bid_size, shown.ask, shown.ask_size) == (15.0, None, 15.05, None)


def test_an_answer_that_makes_no_sense_may_be_asked_for_again() -> None:
    with pytest.raises(Nonsense, match="positions: the gateway's answer makes no sense") as caught:
        understood("positions", lambda: int("\x1b[2J"))
    assert isinstance(caught.value, Retry)
    assert str(caught.value).isprintable()


def test_what_is_told_fits_on_one_line_and_has_an_end() -> None:
    assert legible("a\nb\x1b[2Jc\x07") == "a b [2Jc "
    assert len(legible("x" * 100_000)) < 600


def execution(**changes: object) -> SimpleNamespace:
    fields = {
        "execId": "0001.01.01", "side": "BOT", "shares": 1.0, "price": 15.0, "orderRef": "r", "permId": 9,
        "acctNumber": "DU1", "time": NOW,
    }  # fmt: skip
    report = SimpleNamespace(execId="", commission=0.0)
    return SimpleNamespace(
        execution=SimpleNamespace(**{**fields, **changes}), commissionReport=report, contract=SimpleNamespace(conId=1)
    )


@pytest.mark.parametrize(
    "wrong",
    [{"shares": -1.0}, {"shares": math.nan}, {"price": math.nan}, {"price": 1e308}, {"side": "?"}, {"execId": ""}],
)
def test_an_execution_that_cannot_be_is_none(wrong: dict[str, object]) -> None:
    assert reports.fill_of(execution()).quantity == 1
    with pytest.raises(ValueError, match=r"expected|contracts"):
        reports.fill_of(execution(**wrong))


@pytest.mark.parametrize("text", ["20181399", "00000000", chr(0xFF12) * 8, "²²²²²²²²", "soon", ""])
def test_a_day_that_is_none_is_missing(text: str) -> None:
    assert contracts.day(text) is None


@pytest.mark.parametrize("text", ["-1000", "nan", "1e308", "x"])
def test_a_multiplier_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        contracts.multiplier(text)


@pytest.mark.parametrize("number", [0, -1])
def test_a_contract_without_its_number_is_none(number: int) -> None:
    contract = SimpleNamespace(
        conId=number, symbol="VIX", secType="FUT", exchange="CFE", tradingClass="VX", currency="USD", multiplier="1000",
        lastTradeDateOrContractMonth="20180321", strike=0.0, right="", localSymbol="VXH8",
    )  # fmt: skip
    with pytest.raises(ValueError, match="contract number"):
        contracts.instrument_of(contract)
    contract.conId = 7
    assert contracts.instrument_of(contract).con_id == 7
