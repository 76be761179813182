"""Say when event calls are sold: with the condors, before settlement, with the spike, at a profit."""

from __future__ import annotations

from strategies.alvh.holdings import believable
from strategies.alvh.readiness import number
from strategies.alvh.reading import Reading
from strategies.alvh.records import CallLot, Check, Episode, Proposal, Purpose, Sample
from strategies.alvh.rounding import TOLERANCE
from strategies.alvh.stages import stage_fired
from strategies.alvh.vix_call import business_days_left, busy_call, contracts, market_of, sell_call, sellable_calls

STAGE_OUT = 2  # the unwind stage at which the calls go


def leaving(
    reading: Reading, episode: Episode | None, samples: tuple[Sample, ...], lots: tuple[CallLot, ...]
) -> tuple[tuple[CallLot, ...], Purpose | None, str]:
    """Return the lots that go wholly and why; without any, the purpose of the profit sale if one is due."""
    if not lots:
        return (), None, "no event call is held"
    whole = _reason_for_all(reading, episode, samples)
    if whole:
        return lots, Purpose.EVENT_EXIT, whole
    last = reading.policy.events.exit_business_days
    near = tuple(lot for lot in lots if business_days_left(reading, lot) <= last)
    if near:
        return near, Purpose.EVENT_EXIT, f"{last} trading days or fewer to settlement"
    if _profit(reading, lots):
        return (
            (),
            Purpose.EVENT_PROFIT,
            f"the calls are worth {reading.policy.events.profit_multiple:g} times the price",
        )
    return (), None, "no reason to sell the event calls"


def _reason_for_all(reading: Reading, episode: Episode | None, samples: tuple[Sample, ...]) -> str:
    """Return why every event call goes, or an empty text; an unconfirmed list of positions proves nothing."""
    listed = believable(reading.book, reading.state, reading.policy.freshness.positions_s)
    if listed and reading.exposure.condors == 0:
        return "the condors are gone: their calls go with them"
    vega = number(reading.exposure.vega30_usd)
    if listed and vega is not None and vega >= 0.0 and not reading.exposure.unknown_legs:
        return "the book is no longer short vega"
    if episode is None:
        return "the spike they were bought for is over"
    stage = stage_fired(reading, episode, samples)
    return f"unwind stage {stage} has fired" if stage >= STAGE_OUT else ""


def _profit(reading: Reading, lots: tuple[CallLot, ...]) -> bool:
    """Say whether half of a layer is still to be sold at a multiple of its price: measured at the bid."""
    return any(_half_due(reading, layer, lots) > 0 for layer in {lot.layer for lot in lots})


def _half_due(reading: Reading, layer: str, lots: tuple[CallLot, ...]) -> int:
    """Return the contracts of one layer that the first half still has, when the bid is high enough."""
    mine = [lot for lot in lots if lot.layer == layer]
    bought = sum(spend.contracts for spend in reading.state.call_spend if spend.layer == layer)
    quote, rules = market_of(reading, mine[0]), reading.policy.events
    bid = None if quote is None or quote.delayed or quote.halted else number(quote.bid)
    fresh = quote is not None and (number(quote.age_s) or 0.0) <= rules.quote_age_s
    paid = sum(lot.price * lot.quantity for lot in mine) / contracts(mine)
    if bid is None or not fresh or bid < rules.profit_multiple * paid - TOLERANCE:
        return 0
    return max(0, contracts(mine) - bought // 2)


def sales_of(reading: Reading, lots: tuple[CallLot, ...], purpose: Purpose, reason: str) -> tuple[Proposal, ...]:
    """Return one sale for each contract of a layer; a contract with a live order waits for it."""
    found: dict[tuple[int, str], Proposal] = {}
    for lot in lots:
        quantity = sellable_calls(reading.book, reading.state, lot)
        if purpose is Purpose.EVENT_PROFIT:
            quantity = min(quantity, _half_due(reading, lot.layer, lots))
        key = (lot.con_id, lot.layer)
        if quantity > 0 and key not in found and not busy_call(reading.state, lot.con_id):
            found[key] = sell_call(reading, lot, quantity, purpose, reason)
    return tuple(found.values())


def held(lots: tuple[CallLot, ...], leaving: tuple[CallLot, ...], reason: str) -> tuple[Check, ...]:
    """Return the check that says what is held and whether it goes; none without calls."""
    if not lots:
        return ()
    kept = contracts(lots) - contracts(leaving)
    return (
        Check(
            name="event: hold", observed=float(contracts(lots)), threshold=float(kept), passed=not leaving, why=reason
        ),
    )
