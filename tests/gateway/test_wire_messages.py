"""Layouts: every message reads what it writes, and real captured frames' field counts are met."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.gateway.errors import ProtocolError
from bot.gateway.exchange.orders import Status
from bot.gateway.messages import inbound, order, outbound
from bot.gateway.messages.schema import Message
from bot.gateway.messages.values import parse_flag, parse_number, parse_whole, show
from tests.gateway.raw_gateway import cut

VERSIONS = [157, 158, 160, 162, 164, 166, 170, 176, 177, 178]
OUTBOUND = [value for value in vars(outbound).values() if isinstance(value, Message)]
EVERY = [*inbound.REQUESTS.values(), order.OPEN_ORDER, order.COMPLETED_ORDER, *OUTBOUND]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("message", EVERY, ids=lambda message: message.name)
def test_an_empty_message_reads_back_with_nothing_left_over(message: Message, version: int) -> None:
    text = message.build({}, version)
    assert message.build(message.parse(cut(text), version), version) == text


@pytest.mark.parametrize("message", [message for message in EVERY if message.parts], ids=lambda message: message.name)
def test_a_field_too_few_or_too_many_is_refused(message: Message) -> None:
    fields = cut(message.build({}, 176))
    with pytest.raises(ProtocolError, match="ends after"):
        message.parse(fields[:-1], 176)
    with pytest.raises(ProtocolError, match="carries"):
        message.parse([*fields, "x"], 176)


def test_no_two_messages_share_an_id() -> None:
    # A tick by tick has one id and three layouts, told apart by its kind.
    others = [message for message in OUTBOUND if message.name != "tickByTick"]
    sent = [message.id for message in (*others, outbound.TICK_TRADE, order.OPEN_ORDER, order.COMPLETED_ORDER)]
    assert len(set(sent)) == len(sent)


# Counted on frames captured from real gateways at version 176.
PLAIN: dict[str, Any] = {"deltaNeutralOrderType": "None", "adjustedOrderType": "None"}


@pytest.mark.parametrize(
    ("message", "version", "count"),
    [
        (order.OPEN_ORDER, 176, 136),
        (outbound.EXECUTION, 176, 31),
        (outbound.EXECUTION, 178, 32),
        (outbound.CONTRACT_DETAILS, 176, 40),
        (outbound.ORDER_STATUS, 176, 12),
        (outbound.POSITION, 176, 16),
        (outbound.ERROR, 176, 6),
        (outbound.ERROR, 165, 5),
        (outbound.COMMISSION, 176, 8),
        (outbound.TICK_PRICE, 176, 7),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_field_counts_are_those_of_real_frames(message: Message, version: int, count: int) -> None:
    assert len(cut(message.build(PLAIN, version))) == count


def test_unset_numbers_are_none_however_they_are_written() -> None:
    assert [parse_number(text) for text in ("", "1.7976931348623157e+308", "1.7976931348623157E308")] == [None] * 3
    assert [parse_whole(text) for text in ("", "2147483647")] == [None] * 2
    assert parse_number("Infinite") == parse_number("Infinity") == math.inf
    assert [parse_flag(text) for text in ("1", "True", "0", "", "False")] == [True, True, False, False, False]


def test_values_of_derived_types_are_written_as_what_they_derive_from() -> None:
    assert [show(value) for value in (Status.FILLED, np.float64(1.25), np.float64(2.0))] == ["Filled", "1.25", "2"]


def test_a_text_loses_what_would_end_its_field() -> None:
    assert show("two\0fields") == "two fields"


def test_values_are_written_as_tws_writes_them() -> None:
    assert [show(value) for value in (15.05, 3.0, -1.0, 7, True, False, None, math.inf)] == [
        "15.05", "3", "-1", "7", "1", "0", "", "Infinity",
    ]  # fmt: skip


@given(st.floats(allow_nan=False, allow_infinity=False, max_value=1e300, min_value=-1e300))
def test_every_number_reads_back_exactly(value: float) -> None:
    assert parse_number(show(value)) == value


@pytest.mark.parametrize("raw", ["abc", "1,5", "nan", "1e999999x"])
def test_what_is_no_number_is_refused_with_the_field_named(raw: str) -> None:
    fields = cut(inbound.REQ_PNL_SINGLE.build({"reqId": 1, "conId": 2}, 176))
    with pytest.raises(ProtocolError, match=r"reqPnLSingle\.conId"):
        inbound.REQ_PNL_SINGLE.parse([*fields[:-1], raw], 176)


@pytest.mark.parametrize("count", ["-1", "99999", "x", "1.0", "²"])
def test_a_record_count_that_cannot_be_is_refused(count: str) -> None:
    with pytest.raises(ProtocolError, match="counts"):
        outbound.MARKET_RULE.parse(["93", "26", count], 176)


@pytest.mark.parametrize("message", inbound.REQUESTS.values(), ids=lambda message: message.name)
def test_a_frame_that_ends_early_is_refused_in_few_words_without_a_look_inside(message: Message) -> None:
    fields = cut(message.build({}, 178))
    for end in range(1, len(fields)):
        with pytest.raises(ProtocolError) as caught:
            message.parse(fields[:end], 178)
        assert len(str(caught.value)) < 120
        assert " at 0x" not in str(caught.value)
