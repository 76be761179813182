"""A working sale is taken back when others sold what it offers, or when its purchase was taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_broker import VXM
from stand import Stand, selling

from bot.journal import Kind
from bot.orders.desk import Outcome


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(folder=tmp_path)


async def offer_four(stand: Stand) -> str:
    await stand.own(4)
    assert stand.submit(selling(4)) is Outcome.SENT
    ref = stand.broker.placed[-1].ref
    stand.broker.say(ref)
    return ref


async def test_a_sale_of_what_somebody_else_sold_meanwhile_is_taken_back_and_told(stand: Stand) -> None:
    ref = await offer_four(stand)
    stand.broker.held[VXM.con_id] = 1
    await stand.later(5)
    assert stand.broker.cancelled == [], "the position may be told a moment before the execution that explains it"
    await stand.later(5)
    assert stand.broker.cancelled == [ref]
    (said,) = [entry.body["why"] for entry in stand.entries(Kind.ALERT)]
    assert said == f"SELL 4 VXM ({ref}) is taken back: 4 are being sold, own 4, account 1; compare with TWS"


async def test_a_sale_is_taken_back_when_its_purchase_is_corrected_to_less(stand: Stand) -> None:
    ref = await offer_four(stand)
    stand.broker.correct(stand.broker.fills[0], 2)
    for _ in range(3):
        await stand.later(5)
    assert ref in stand.broker.cancelled


async def test_a_sale_of_what_is_there_stays(stand: Stand) -> None:
    ref = await offer_four(stand)
    stand.broker.fill(ref, 1)
    for _ in range(3):
        await stand.later(5)
    assert stand.broker.cancelled == []
