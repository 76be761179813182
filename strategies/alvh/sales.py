"""Turn a ceiling into sell orders that never sell more than the bot owns."""

from __future__ import annotations

from datetime import date

from strategies.alvh.ceiling import Ceiling
from strategies.alvh.holdings import MINI_MULTIPLIER, busy, minis, sellable
from strategies.alvh.intent import intent_key
from strategies.alvh.reading import Reading
from strategies.alvh.records import Lot, Proposal, Purpose, Side
from strategies.alvh.sizing import split_sale

NAMES_ITS_TRANCHE = frozenset({Purpose.LOSS_STOP, Purpose.OVERNIGHT})


def sales(reading: Reading, ceiling: Ceiling) -> tuple[Proposal, ...]:
    """Return the sell orders that bring the position down to the ceiling, minis before big contracts.

    Working sells count as sold. Months the rule wants gone come first, then the nearest. An order is cut to the cap of
    one order, the rest follows when it is done; a contract with a live order waits for it.
    """
    left = reading.own - reading.selling - (ceiling.minis or 0)
    found: list[Proposal] = []
    for settles_on in _months(reading, ceiling):
        if left <= 0:
            break
        lots = [lot for lot in reading.state.lots if lot.settles_on == settles_on]
        left -= _sell_month(reading, ceiling, lots, left, found)
    return tuple(found)


def sell(
    reading: Reading,
    lot: Lot,
    quantity: int,
    purpose: Purpose,
    reason: str,
    *,
    number: int | None,
    stage: int | None = None,
) -> Proposal:
    """Return one sell order in the contract of this lot."""
    return Proposal(
        key=intent_key(reading, purpose, number, lot.con_id),
        purpose=purpose,
        side=Side.SELL,
        con_id=lot.con_id,
        trading_class=lot.trading_class,
        multiplier=lot.multiplier,
        quantity=quantity,
        reason=reason,
        tranche=number if purpose in NAMES_ITS_TRANCHE else None,
        stage=stage,
    )


def one_a_contract(proposals: tuple[Proposal, ...]) -> tuple[Proposal, ...]:
    """Return one order for each contract, a sale before a purchase: two layers of calls may mean the same one.

    Two sales together could exceed what the account holds, and a purchase beside a sale would trade with it.
    """
    first: dict[int, Proposal] = {}
    for order in sorted(proposals, key=lambda order: order.side is not Side.SELL):
        first.setdefault(order.con_id, order)
    return tuple(order for order in proposals if first[order.con_id] is order)


def order_limit(reading: Reading, multiplier: int) -> int:
    """Return the contracts one order may have: the cap in minis, never less than one contract."""
    return max(1, reading.policy.caps.max_order_minis * MINI_MULTIPLIER // multiplier)


def _months(reading: Reading, ceiling: Ceiling) -> list[date]:
    wanted = {lot.settles_on for lot in ceiling.first}
    months = {lot.settles_on for lot in reading.state.lots}
    return sorted(months, key=lambda settles_on: (settles_on not in wanted, settles_on))


def _sell_month(reading: Reading, ceiling: Ceiling, lots: list[Lot], wanted: int, found: list[Proposal]) -> int:
    big, small = _contract(lots, big=True), _contract(lots, big=False)
    own_big = sellable(reading.book, reading.state, big.con_id) if big else 0
    own_small = sellable(reading.book, reading.state, small.con_id) if small else 0
    counts = split_sale(min(wanted, own_small + 10 * own_big), own_big, own_small)
    number = ceiling.stage if ceiling.purpose is Purpose.STAGE else ceiling.tranche
    sold = 0
    for lot, count, own in ((small, counts[1], own_small), (big, counts[0], own_big)):
        if lot is None or min(count, own) <= 0:
            continue
        sold += minis(min(count, own), lot.multiplier)
        if not busy(reading.state, lot.con_id):
            quantity = min(count, own, order_limit(reading, lot.multiplier))
            found.append(
                sell(reading, lot, quantity, ceiling.purpose, ceiling.reason, number=number, stage=ceiling.stage)
            )
    return sold


def _contract(lots: list[Lot], *, big: bool) -> Lot | None:
    return next((lot for lot in lots if (lot.multiplier > MINI_MULTIPLIER) is big), None)
