"""Records survive the journal exactly."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import builders
import pytest
from fake_broker import VX
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.broker.port import OrderTicket, OrderUpdate
from bot.errors import UsageProblem
from bot.journal.codec import canonical, from_json, to_json
from strategies.alvh.records import Book, Check, Memory, OptionLeg, Proposal, Quote, Side

finite = st.floats(allow_nan=False, allow_infinity=False)
st.register_type_strategy(float, finite)
st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
st.register_type_strategy(date, st.dates())
st.register_type_strategy(Decimal, st.decimals(allow_nan=False, allow_infinity=False, places=4))

RECORDS = [OptionLeg, Memory, Proposal, Check, OrderTicket, OrderUpdate]


@pytest.mark.parametrize("record_type", RECORDS, ids=lambda record_type: record_type.__name__)
def test_every_record_comes_back_equal_through_json_text(record_type: type) -> None:
    @settings(max_examples=40, deadline=None)
    @given(st.from_type(record_type))
    def comes_back(record: object) -> None:
        text = canonical(to_json(record))
        again = from_json(record_type, json.loads(text))
        assert again == record
        assert canonical(to_json(again)) == text

    comes_back()


def test_a_view_and_a_book_come_back_equal() -> None:
    view, book = builders.spike_view(), builders.book(builders.lot())
    assert from_json(type(view), json.loads(canonical(to_json(view)))) == view
    assert from_json(Book, json.loads(canonical(to_json(book)))) == book


def test_nan_does_not_pass() -> None:
    with pytest.raises(ValueError):
        canonical(to_json(Quote(bid=float("nan"))))


def test_a_price_keeps_its_digits() -> None:
    ticket = OrderTicket(ref="r", account="a", instrument=VX, side=Side.BUY, quantity=1, limit=Decimal("20.10"))
    assert str(from_json(OrderTicket, to_json(ticket)).limit) == "20.10"


def test_what_does_not_fit_is_said_in_one_line() -> None:
    with pytest.raises(UsageProblem, match=r"Quote has .* at 'bid'"):
        from_json(Quote, {"bid": "many"})
