"""Options on VIX are priced off the VX they settle with, in every scenario; a scenario may part the two for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.gateway.errors import ScenarioError
from bot.gateway.market import SimulatedMarket
from bot.gateway.market.session_file import read_scenario
from bot.gateway.records import Contract, ContractPattern, Quote

Markets = Callable[[str], SimulatedMarket]
BROKEN = "parity-break"
LIMIT_POINTS, LIMIT_SHARE = 0.30, 0.015


def two_sided(quote: Quote) -> tuple[float, float] | None:
    return None if not quote.bid or not quote.ask else (quote.bid, quote.ask)


def months(market: SimulatedMarket) -> list[Contract]:
    found = market.find(ContractPattern(symbol="VIX", sec_type="FUT", exchange="CFE", trading_class="VX"))
    days = [(item, (datetime.strptime(item.expiry, "%Y%m%d").date() - market.now.date()).days) for item in found]  # noqa: DTZ007
    return [item for item, ahead in days if 12 <= ahead <= 50]


def options_of(market: SimulatedMarket, future: Contract, near: float) -> list[tuple[Contract, Contract]]:
    """Return call and put of the three strikes nearest to a price, of the options that settle with the future."""
    found = [
        item
        for item in market.find(ContractPattern(symbol="VIX", sec_type="OPT"))
        if item.settles_at == future.settles_at
    ]
    strikes = sorted({item.strike for item in found}, key=lambda strike: abs(strike - near))[:3]
    by = {(item.strike, item.right): item for item in found}
    return [(by[strike, "C"], by[strike, "P"]) for strike in strikes]


def synthetic(market: SimulatedMarket, pairs: list[tuple[Contract, Contract]]) -> tuple[float, float] | None:
    """Return the best bid and ask of K + C - P, without interest: at most 0.3% of a few points here."""
    bids, asks = [], []
    for call, put in pairs:
        c, p = two_sided(market.quote(call.con_id)), two_sided(market.quote(put.con_id))
        if c is not None and p is not None:
            bids.append(call.strike + c[0] - p[1])
            asks.append(call.strike + c[1] - p[0])
    return (max(bids), min(asks)) if bids else None


def gaps(market: SimulatedMarket, every: timedelta) -> Iterator[tuple[datetime, float, float]]:
    """Yield time, gap between the VX middle and the synthetic one, and the limit, while both are quoted."""
    while market.now + every <= market.end:
        market.advance(market.now + every)
        for future in months(market):
            shown = two_sided(market.quote(future.con_id))
            if shown is None:
                continue
            price = sum(shown) / 2.0
            made = synthetic(market, options_of(market, future, price))
            if made is not None:
                yield market.now, price - sum(made) / 2.0, max(LIMIT_POINTS, LIMIT_SHARE * price)


@pytest.mark.parametrize(
    "name", ["calm", "spike-2018-02", "crash-2020-03", "spike-2021-01", "false-spike-2024-08", "whipsaw-2025-04"]
)
def test_a_future_and_its_options_agree_within_half_of_the_limit(market_of: Markets, name: str) -> None:
    seen = list(gaps(market_of(name), timedelta(minutes=10)))
    assert len(seen) > 30
    assert max(abs(gap) / limit for _, gap, limit in seen) < 0.5


def test_during_a_disconnect_the_future_stands_where_the_scenario_says_and_the_options_do_not(
    market_of: Markets,
) -> None:
    market = market_of(BROKEN)
    (gap,) = market._world.scenario.disconnects
    found = {at: off for at, off, _ in gaps(market, timedelta(minutes=1)) if at.date() == date(2018, 2, 2)}
    apart = [at for at, off in found.items() if abs(off) > LIMIT_POINTS]
    assert apart
    assert all(found[at] == pytest.approx(gap.points, abs=0.15) for at in apart)
    assert (min(apart), max(apart)) == (gap.begins, gap.ends - timedelta(minutes=1))


def test_bars_and_the_mini_show_the_disconnect_too(market_of: Markets) -> None:
    market = market_of(BROKEN)
    at = datetime(2018, 2, 2, 20, 0, tzinfo=UTC)
    market.advance(at)
    fair = market._world.futures[date(2018, 2, 14)].mid[market._tick]
    for con_id in (500_180_214, 510_180_214):
        shown = two_sided(market.quote(con_id))
        assert shown is not None
        assert sum(shown) / 2.0 - fair == pytest.approx(1.0, abs=0.03)
        (bar,) = market.bars(con_id, "MIDPOINT", at - timedelta(minutes=5), at, 300, rth=False)
        assert bar.close - fair == pytest.approx(1.0, abs=0.2)


def test_a_disconnect_that_ends_before_it_begins_is_refused(broken: Path) -> None:
    file = broken / "session.toml"
    text = (
        '\n[[disconnect]]\nbegins = "2019-02-12T16:00:00Z"\nends = "2019-02-12T15:00:00Z"\npoints = 1.0\nsource = "x"\n'
    )
    file.write_text(file.read_text() + text)
    with pytest.raises(ScenarioError, match="swap or mend"):
        read_scenario(broken)
