"""Legs and chains come back from rows as they were, whatever they hold and whoever wrote the columns."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import builders
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import Bug, UsageProblem
from bot.journal.codec import canonical, to_json
from bot.journal.contracts import Contracts
from strategies.alvh.records import ChainQuote, Greeks, OptionLeg, Quote

finite = st.floats(allow_nan=False, allow_infinity=False)
for kind, values in ((float, finite), (datetime, st.datetimes(timezones=st.just(UTC))), (date, st.dates())):
    st.register_type_strategy(kind, values)
NOW = builders.at(30)


def through_json(value: Any) -> Any:
    return json.loads(canonical({"it": value}))["it"]


def journalled(writer: Contracts, reader: Contracts, at: datetime) -> None:
    news = writer.news(at)
    writer.apply(news)
    reader.apply(through_json(news))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.lists(st.from_type(OptionLeg), max_size=4), st.lists(st.from_type(ChainQuote), max_size=4)))
)
def test_what_was_written_is_read_by_another_process(looks: list[tuple[list[OptionLeg], list[ChainQuote]]]) -> None:
    writer, reader = Contracts(), Contracts()
    for legs, chain in looks:
        rows, listed = writer.legs.write(legs), writer.chain.write(chain)
        journalled(writer, reader, NOW)
        assert reader.legs.read(through_json(rows)) == tuple(legs)
        assert reader.chain.read(through_json(listed)) == tuple(chain)


def test_a_contract_is_written_once_and_again_when_something_about_it_changes() -> None:
    writer, reader = Contracts(), Contracts()
    legs = builders.condor()
    writer.legs.write(legs)
    assert len(writer.news(NOW)["legs"]["contracts"]) == 4
    writer.legs.write([replace(leg, quote=Quote(bid=1.0), greeks=None, quantity=7) for leg in legs])
    assert "contracts" not in writer.news(NOW).get("legs", {})
    moved = replace(legs[0], settles_at=legs[0].settles_at + timedelta(hours=1))
    rows = writer.legs.write([moved, *legs[1:]])
    assert len(writer.news(NOW)["legs"]["contracts"]) == 1
    assert len({row[0] for row in rows} & {1, 2, 3, 4}) == 3
    assert reader.news(NOW)["legs"].keys() == {"columns"}, "a reader that wrote no row has no contract to tell"


def test_after_a_restart_known_contracts_keep_their_numbers() -> None:
    first, again = Contracts(), Contracts()
    legs = builders.condor()
    before = first.legs.write(legs)
    journalled(first, again, NOW)
    assert again.legs.write(legs) == before
    assert again.news(NOW) == {}


def test_long_settled_contracts_are_forgotten_unless_a_row_still_names_them() -> None:
    writer, reader = Contracts(), Contracts()
    old, kept, new = (replace(leg, con_id=leg.con_id + n) for n, leg in enumerate(builders.condor()[:3]))
    writer.legs.write([old, kept])
    journalled(writer, reader, NOW)
    late = max(old.settles_at, kept.settles_at) + timedelta(days=8)
    rows = writer.legs.write([kept, replace(new, settles_at=late)])
    journalled(writer, reader, late)
    assert reader.legs.read(through_json(rows)) == (kept, replace(new, settles_at=late))
    (row,) = writer.legs.write([old])
    assert row[0] == 4, "one that returns gets a new number"


def test_rows_of_contracts_that_no_entry_told_are_refused() -> None:
    with pytest.raises(Bug, match=r"contracts \[1, 2, 3, 4\]: feed the shelf"):
        Contracts().legs.read(through_json(Contracts().legs.write(builders.condor())))


def test_columns_of_another_version_are_read_by_name() -> None:
    """That version wrote fewer cells of a quote, no open interest, and a cell and a row that this one does not know."""
    leg = builders.condor()[0]
    listed = ChainQuote(
        con_id=leg.con_id,
        trading_class=leg.trading_class,
        right=leg.right,
        strike=leg.strike,
        expires_on=leg.expires_on,
        settles_at=leg.settles_at,
        quote=Quote(bid=1.0, ask=1.1),
        iv=0.2,
    )
    constant = {name: cell for name, cell in to_json(listed).items() if name not in ("quote", "iv", "open_interest")}
    columns = ["mood", "iv", {"quote": ["ask", "bid"]}, {"omens": ["sign"]}]
    reader = Contracts()
    reader.apply({"chain": {"columns": columns, "contracts": {"1": constant | {"venue": "a floor"}}}})
    assert reader.chain.read([[1, "calm", 0.2, [1.1, 1.0], ["a crow"]]]) == (listed,)
    rows = reader.chain.write([listed])
    assert reader.news(NOW)["chain"]["columns"] != columns, "this version says its own columns before its first row"
    assert rows[0][0] == 1, "the contract is the same"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda row: row[:-1], "a journalled OptionLeg has a row of .* cells where .* are named"),
        (lambda row: [row[0], "many", *row[2:]], "a journalled OptionLeg has .* integer"),
        (lambda row: [*row[:-1], row[-1][:-1]], "a journalled Greeks has a row of .* cells"),
    ],
)
def test_a_damaged_row_is_told_in_one_line(spoil: Any, said: str) -> None:
    writer, reader = Contracts(), Contracts()
    greeks = Greeks(iv=0.2, delta=0.1, gamma=0.0, vega=1.0, theta=-1.0, underlying=None, age_s=0.0, source="ib")  # type: ignore[arg-type]
    (row,) = through_json(writer.legs.write([replace(builders.condor()[0], greeks=greeks)]))
    journalled(writer, reader, NOW)
    with pytest.raises(UsageProblem, match=said) as refusal:
        reader.legs.read([spoil(row)])
    assert "\n" not in str(refusal.value)
