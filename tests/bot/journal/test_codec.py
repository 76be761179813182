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
from bot.journal.codec import canonical, fingerprint, from_json, to_json
from strategies.alvh.records import (
    Account,
    Book,
    Check,
    Decision,
    Exposure,
    FutureQuote,
    HedgeState,
    Memory,
    OptionLeg,
    Proposal,
    Quote,
    Session,
    Side,
)

finite = st.floats(allow_nan=False, allow_infinity=False)
st.register_type_strategy(float, finite)
st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
st.register_type_strategy(date, st.dates())
st.register_type_strategy(Decimal, st.decimals(allow_nan=False, allow_infinity=False, places=4))

RECORDS = [
    OptionLeg,
    FutureQuote,
    Session,
    Account,
    Exposure,
    HedgeState,
    Decision,
    Memory,
    Proposal,
    Check,
    OrderTicket,
    OrderUpdate,
]


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


words = st.text(max_size=6)
plain = st.none() | st.booleans() | st.integers() | finite | words
bodies = st.dictionaries(words, st.recursive(plain, lambda part: st.lists(part) | st.dictionaries(words, part)))


@settings(max_examples=100, deadline=None)
@given(bodies)
def test_the_canonical_form_is_what_the_standard_library_writes_with_sorted_keys(body: dict[str, object]) -> None:
    text = canonical(body)
    assert text == json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert json.loads(text) == body


def test_what_is_left_out_is_left_out_and_the_rest_is_as_it_was() -> None:
    view = builders.spike_view()
    whole = to_json(view)
    less = to_json(view, leave_out={"spx_bars": True, "futures": {"__all__": {"bars": True}}})
    assert less == {
        name: [{n: v for n, v in future.items() if n != "bars"} for future in part] if name == "futures" else part
        for name, part in whole.items()
        if name != "spx_bars"
    }


def test_equal_records_share_a_fingerprint_and_others_do_not() -> None:
    one, other = Quote(bid=1.0, ask=1.1), Quote(bid=1.0, ask=1.2)
    assert fingerprint(one) == fingerprint(Quote(bid=1.0, ask=1.1))
    assert fingerprint(one) != fingerprint(other)


def test_nan_does_not_pass() -> None:
    with pytest.raises(ValueError):
        canonical(to_json(Quote(bid=float("nan"))))


def test_a_price_keeps_its_digits() -> None:
    ticket = OrderTicket(ref="r", account="a", instrument=VX, side=Side.BUY, quantity=1, limit=Decimal("20.10"))
    assert str(from_json(OrderTicket, to_json(ticket)).limit) == "20.10"


def test_what_does_not_fit_is_said_in_one_line() -> None:
    with pytest.raises(UsageProblem, match=r"Quote has .* at 'bid'"):
        from_json(Quote, {"bid": "many"})
