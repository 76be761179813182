"""What can become of an order: refused, cancelled, silent, filled in parts, told wrongly; seen by its client."""

from __future__ import annotations

from typing import Any

import pytest

from bot.gateway.errors import FaultError
from bot.gateway.faults import Fault
from bot.gateway.server import Gateway
from tests.gateway.fakes_gateway import VX_MARCH, FakeMarket
from tests.gateway.faults.stage_faults import Stage, codes, heard, ids
from tests.gateway.raw_gateway import Raw

EXECUTIONS = ("7", "3", "9", "0", "", "", "", "", "", "")
MARKET: dict[str, Any] = {"orderType": "MKT", "lmtPrice": None}


def statuses(frames: list[list[str]]) -> list[str]:
    return [fields[2] for fields in frames if fields[0] == "3"]


async def filled(stage: Stage, raw: Raw, order_id: int = 5) -> list[list[str]]:
    """Place an order, let it fill wholly at the next tick, and return what is heard of the fill."""
    stage.place(raw, order_id)
    await heard(raw)
    stage.exchange.fill_next = 3.0
    stage.after(5.0)
    return await heard(raw)


# ---- F12, F20: refused


@pytest.mark.parametrize(
    ("frames", "seen"),
    [
        ("error-first", ["4", "5", "3"]),
        ("status-first", ["5", "3", "4"]),
        ("error-only", ["4"]),
        ("status-only", ["5", "3"]),
        ("auto", ["4", "5", "3"]),
    ],
)
async def test_f12_a_reject_is_201_and_inactive_in_either_order(stage: Stage, frames: str, seen: list[str]) -> None:
    raw = await stage.connect()
    stage.inject("reject", frames=frames, times=1)
    stage.place(raw, 5)
    told = await heard(raw)
    assert ids(told) == seen
    assert codes(told) == [201] * ("4" in seen)
    assert statuses(told) == ["Inactive"] * ("3" in seen)
    assert stage.exchange.requests == []
    stage.place(raw, 6)
    assert statuses(await heard(raw)) == ["Submitted"]


@pytest.mark.parametrize("code", [110, 203, 321, 383, 451])
async def test_any_other_code_rejects_with_the_error_alone(stage: Stage, code: int) -> None:
    raw = await stage.connect()
    stage.inject("reject", code=code, text="because")
    stage.place(raw)
    (frame,) = await heard(raw)
    assert frame[2:5] == ["5", str(code), "because"]


async def test_a_reject_is_about_new_orders_that_match(stage: Stage) -> None:
    raw = await stage.connect()
    stage.place(raw, 5)
    await heard(raw)
    stage.inject("reject", action="BUY", ref="r-", contracts=["VXH8"])
    stage.place(raw, 5, lmtPrice=14.75)
    assert codes(await heard(raw)) == []  # a change
    stage.place(raw, 6, action="SELL")
    stage.place(raw, 7, orderRef="mine")
    assert codes(await heard(raw)) == []
    stage.place(raw, 8)
    assert codes(await heard(raw)) == [201]


async def test_f20_a_duplicate_id_is_103(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("duplicate-id")
    stage.place(raw)
    told = await heard(raw)
    assert (ids(told), codes(told)) == (["4"], [103])


# ---- F13, F14: cancelled, or only said to be


@pytest.mark.parametrize("resting", [True, False])
async def test_f13_the_exchange_cancels_what_nobody_asked_it_to(stage: Stage, resting: bool) -> None:
    raw = await stage.connect()
    if resting:
        stage.place(raw)
    await heard(raw)
    stage.inject("exchange-cancel", after_s=10.0)
    if not resting:
        stage.place(raw)
        await heard(raw)
    stage.after(9.0)
    assert codes(await heard(raw)) == []
    stage.after(1.0)
    told = await heard(raw)
    assert statuses(told) == ["Cancelled"]
    assert codes(told) == [202]
    assert told[-1][4] == "Order Canceled - reason:Cancelled by exchange"
    assert stage.exchange.open_orders() == []


@pytest.mark.parametrize("code", [10349, 399, 2109, 2161, 404, 462, 10148, 10268])
async def test_f14_a_phantom_cancel_is_an_error_about_an_order_that_lives_and_fills(stage: Stage, code: int) -> None:
    raw = await stage.connect()
    stage.inject("phantom-cancel", code=code, times=1)
    stage.place(raw)
    told = await heard(raw)
    assert ids(told) == ["5", "3", "4"]
    assert codes(told) == [code]
    assert len(stage.exchange.open_orders()) == 1
    stage.exchange.fill_next = 3.0
    stage.after(5.0)
    assert statuses(await heard(raw)) == ["Filled"]


async def test_a_phantom_cancel_may_come_first_or_later(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("phantom-cancel", first=True, times=1)
    stage.place(raw, 5)
    assert ids(await heard(raw)) == ["4", "5", "3"]
    stage.inject("phantom-cancel", after_s=20.0, code=462, times=1)
    stage.place(raw, 6)
    assert ids(await heard(raw)) == ["5", "3"]
    stage.after(20.0)
    assert codes(await heard(raw)) == [462]


# ---- F15: parts and races


async def test_f15_a_part_fills_at_once_and_the_rest_when_it_may(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("partial-fill", part=0.34, rest_s=60.0)
    stage.place(raw)
    told = await heard(raw)
    assert [status[3:5] for status in told if status[0] == "3"] == [["0", "3"], ["1", "2"]]
    stage.exchange.fill_next = 2.0
    stage.after(55.0)
    assert statuses(await heard(raw)) == []
    stage.after(10.0)
    assert statuses(await heard(raw)) == ["Filled"]


async def test_a_part_of_nothing_leaves_the_order_unfilled(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("partial-fill", part=0.0)
    stage.place(raw, **MARKET)
    assert statuses(await heard(raw)) == ["Submitted"]


@pytest.mark.parametrize(("code", "error_first"), [(10148, True), (10147, False)])
async def test_f15_a_cancel_comes_too_late(stage: Stage, code: int, error_first: bool) -> None:
    raw = await stage.connect()
    stage.inject("fill-race", code=code, error_first=error_first)
    stage.place(raw)
    await heard(raw)
    raw.write("4", "1", "5", "")
    told = await heard(raw)
    assert codes(told) == [code]
    assert (told[0][0] == "4") is error_first
    assert statuses(told) == ["Filled"]
    assert stage.exchange.held[VX_MARCH.con_id] == 3.0


async def test_f15_a_part_fills_before_the_cancel_takes_the_rest(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("fill-race", part=0.34)
    stage.place(raw)
    await heard(raw)
    raw.write("4", "1", "5", "")
    told = await heard(raw)
    assert statuses(told) == ["Submitted", "Cancelled"]
    assert codes(told) == [202]
    assert stage.exchange.held[VX_MARCH.con_id] == 1.0


async def test_a_cancel_of_what_cannot_fill_is_an_ordinary_cancel(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.exchange, "fill", lambda *_: ())
    raw = await stage.connect()
    stage.inject("fill-race")
    stage.place(raw)
    await heard(raw)
    raw.write("4", "1", "5", "")
    told = await heard(raw)
    assert (statuses(told), codes(told)) == (["Cancelled"], [202])


async def test_an_exchange_without_strings_cannot_be_told_to_fill() -> None:
    market = FakeMarket()
    with pytest.raises(FaultError, match="this exchange cannot be told what to fill; use the simulated one"):
        Gateway(market, object(), faults=[Fault.of("fill-race")])  # type: ignore[arg-type]


# ---- F16: statuses


@pytest.mark.parametrize(("how", "seen"), [("twice", 2), ("missing", 0), ("late", 0), ("stale", 1)])
async def test_f16_a_status_comes_twice_never_late_or_is_followed_by_an_older_one(
    stage: Stage, how: str, seen: int
) -> None:
    raw = await stage.connect()
    stage.inject("statuses", how=how, status=["Filled"], delay_s=10.0)
    told = await filled(stage, raw)
    assert statuses(told) == ["Filled"] * seen
    stage.after(10.0)
    assert statuses(await heard(raw)) == {"late": ["Filled"], "stale": ["Submitted"]}.get(how, [])


async def test_f16_a_status_comes_before_its_execution(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("statuses", how="before-execution")
    assert ids(await filled(stage, raw)) == ["5", "3", "11", "59"]


# ---- F17: executions and commissions


@pytest.mark.parametrize("delay_s", [0.0, 20.0])
async def test_f17_an_execution_is_told_twice(stage: Stage, delay_s: float) -> None:
    raw = await stage.connect()
    stage.inject("duplicate-execution", delay_s=delay_s)
    told = await filled(stage, raw)
    stage.after(20.0)
    told += await heard(raw)
    executions = [fields[14] for fields in told if fields[0] == "11"]
    assert len(executions) == 2
    assert len(set(executions)) == 1


@pytest.mark.parametrize(("kind", "shares"), [("correction", "2"), ("bust", "0")])
async def test_f17_an_execution_is_corrected_under_the_next_id_or_busted(stage: Stage, kind: str, shares: str) -> None:
    raw = await stage.connect()
    raw.write("61", "1")
    values = {"shares_by": -1.0} if kind == "correction" else {}
    stage.inject(kind, after_s=30.0, **values)
    told = await filled(stage, raw)
    first = next(fields for fields in told if fields[0] == "11")
    stage.after(30.0)
    told = await heard(raw)
    second = next(fields for fields in told if fields[0] == "11")
    assert second[14] == f"{first[14][:-2]}02"
    assert second[19] == shares
    assert next(fields[14] for fields in told if fields[0] == "61") == shares
    stage.after(300.0)
    assert "11" not in ids(await heard(raw))  # a correction is not corrected


async def test_f17_a_bust_may_be_seen_in_the_position_alone(stage: Stage) -> None:
    raw = await stage.connect()
    raw.write("61", "1")
    stage.inject("bust", after_s=30.0, told=False)
    await filled(stage, raw)
    stage.after(30.0)
    told = await heard(raw)
    assert "11" not in ids(told)
    assert next(fields[14] for fields in told if fields[0] == "61") == "0"


@pytest.mark.parametrize(
    ("how", "seen"),
    [
        ("missing", ["11", "5", "3"]),
        ("late", ["11", "5", "3"]),
        ("early", ["59", "11", "5", "3"]),
        ("twice", ["11", "59", "59", "5", "3"]),
    ],
)
async def test_f17_a_commission_is_missing_late_early_or_double_and_listed_all_the_same(
    stage: Stage, how: str, seen: list[str]
) -> None:
    raw = await stage.connect()
    stage.inject("commission", how=how, delay_s=20.0)
    assert ids(await filled(stage, raw)) == seen
    stage.after(20.0)
    assert ids(await heard(raw)) == (["59"] if how == "late" else [])
    raw.write(*EXECUTIONS)
    assert ids(await heard(raw)) == ["11", "59", "55"]


# ---- F18, F19: silence


@pytest.mark.parametrize("accepted", [True, False])
async def test_f18_nothing_at_all_is_said_of_an_order(stage: Stage, accepted: bool) -> None:
    raw = await stage.connect()
    stage.inject("silent-order", accepted=accepted, times=1)
    assert await filled(stage, raw) == []
    assert len(stage.exchange.requests) == accepted
    raw.write(*EXECUTIONS)
    assert ids(await heard(raw)) == (["11", "59", "55"] if accepted else ["55"])
    stage.place(raw, 6)
    assert statuses(await heard(raw)) == ["Submitted"]


async def test_f18_a_silent_order_may_be_missing_from_lists_too(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("silent-order", listed=False)
    stage.place(raw)
    raw.write("5", "1")
    assert ids(await heard(raw)) == ["53"]


@pytest.mark.parametrize(("how", "left", "seen"), [("lost", 1, []), ("done", 0, []), ("pending", 1, ["PendingCancel"])])
async def test_f19_a_cancel_is_not_answered(stage: Stage, how: str, left: int, seen: list[str]) -> None:
    raw = await stage.connect()
    stage.inject("silent-cancel", how=how, delay_s=60.0)
    stage.place(raw)
    await heard(raw)
    raw.write("4", "1", "5", "")
    assert statuses(await heard(raw)) == seen
    assert len(stage.exchange.open_orders()) == left
    stage.after(60.0)
    assert statuses(await heard(raw)) == (["Cancelled"] if how == "pending" else [])


# ---- what-ifs


@pytest.mark.parametrize(
    ("how", "margin"), [("unset", "1.7976931348623157E308"), ("zero", "0"), ("wrong", "40"), ("silence", None)]
)
async def test_f12_a_what_if_is_answered_wrongly_or_not_at_all(stage: Stage, how: str, margin: str | None) -> None:
    from bot.gateway.messages.order import OPEN_ORDER

    raw = await stage.connect()
    stage.inject("what-if", how=how)
    stage.place(raw, whatIf=True)
    told = await heard(raw)
    if margin is None:
        assert told == []
        return
    (frame,) = told
    change = OPEN_ORDER.parse(frame, 176)["initMarginChange"]
    assert change == (None if how == "unset" else float(margin))
