"""Know what a VIX call must be, at what prices it may be traded, and how much premium may be spent on it.

This is the guard's own reading of the rules: it shares no decision with the method that proposes the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal

from bot.broker.port import Instrument
from bot.guard.limits import MINI, GuardSettings, Situation
from strategies.alvh.records import CallLot, CallSpend, CallTerms, Check, Proposal, Quote, Side, Working

CLASSES = frozenset({"VIX", "VIXW"})
MULTIPLIER = 100
TICKS = (Decimal("0.01"), Decimal("0.05"), Decimal("0.10"))
FINE, COARSE, EDGE = Decimal("0.05"), Decimal("0.10"), Decimal(3)
EVENT, CORE = "event-", "core-"
YEAR = timedelta(days=365)


def is_vix_call(instrument: Instrument) -> bool:
    """Say whether a contract is a listed call on VIX as the pins describe it, field by field."""
    return (
        instrument.sec_type == "OPT"
        and instrument.symbol == "VIX"
        and instrument.trading_class in CLASSES
        and instrument.right == "C"
        and instrument.multiplier == MULTIPLIER
        and instrument.tick in TICKS
        and instrument.expires_on is not None
        and instrument.strike > 0
    )


def grid(price: Decimal) -> Decimal:
    """Return the step of a VIX option's price in points: 0.05 below three, 0.10 from there."""
    return FINE if price < EDGE else COARSE


def contract_faults(p: Proposal, terms: CallTerms, i: Instrument, today: date, limit: Decimal | None) -> Iterator[str]:
    """Yield what is wrong with the contract of an order in VIX calls, its limit's step included."""
    if not is_vix_call(i):
        yield f"{i.sec_type} {i.symbol} {i.trading_class} {i.right} x{i.multiplier} is no call on VIX"
    if (i.trading_class, i.multiplier) != (p.trading_class, p.multiplier):
        yield f"the broker defines {i.trading_class} x{i.multiplier}"
    if terms.strike and (i.strike, i.expires_on) != (terms.strike, terms.expires_on):
        yield f"the broker defines strike {i.strike:g}, last trading day {i.expires_on}"
    if i.expires_on is None or i.expires_on < today or (p.side is Side.BUY and i.expires_on == today):
        yield f"its last trading day is {i.expires_on}, today is {today}"
    if limit is not None and limit % grid(limit):
        yield f"a limit of {limit} does not stand on the step of {grid(limit)}"


def collar(side: Side, quote: Quote, ticks: int, mid_share: float) -> tuple[float | None, float | None]:
    """Return the lowest and the highest limit of a VIX call in points; `None` where nothing bounds it.

    A purchase may pay the ask and no more. A sale may go some steps under the bid, and never under this share of the
    middle; without a two-sided market only its own step bounds it, for what nobody asks for must stay sellable.
    """
    mid = quote.mid
    if side is Side.BUY:
        return None, quote.ask if mid is not None else None
    if mid is None or quote.bid is None:
        return None, None
    return max(quote.bid - ticks * float(grid(Decimal(str(quote.bid)))), mid * (1.0 - mid_share), 0.0), None


def held(calls: Iterable[CallLot], orders: Iterable[Working], book_of: str) -> int:
    """Return the contracts of one book (event or core) that the bot owns and is buying."""
    owned = sum(lot.quantity for lot in calls if lot.layer.startswith(book_of))
    buying = sum(o.remaining for o in orders if o.side is Side.BUY and o.layer.startswith(book_of))
    return owned + buying


def left_of_layer(s: Situation, layer: str) -> int:
    """Return the contracts of this call that one layer owns and is not selling."""
    con_id = s.proposal.con_id
    owned = sum(lot.quantity for lot in s.calls if (lot.con_id, lot.layer) == (con_id, layer))
    orders = (o for o in s.call_orders if (o.con_id, o.layer, o.side) == (con_id, layer, Side.SELL))
    return owned - sum(order.remaining for order in orders)


def spent_usd(spend: Iterable[CallSpend], layer: str, first: date) -> float:
    """Return the premium paid or on offer since a day by the layers whose name begins so."""
    return sum(one.premium_usd for one in spend if one.layer.startswith(layer) and one.bought_on >= first)


def call_size(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether an order of calls is no larger than the largest allowed."""
    n, limit = s.proposal.quantity, settings.max_order_calls
    why = "" if n <= limit else "larger than any single order of calls may be"
    return Check(name="order size", observed=n, threshold=limit, passed=n <= limit, why=why)


def call_cap(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether the calls stay under the cap of their book, and event calls with the futures under the hedge's."""
    layer, n = s.proposal.call.layer if s.proposal.call else "", s.proposal.quantity
    if layer.startswith(CORE):
        after, cap = held(s.calls, s.call_orders, CORE) + n, settings.max_core_calls
        why = "" if after <= cap else f"{after} core calls would be held"
        return Check(name="position cap", observed=after, threshold=cap, passed=after <= cap, why=why)
    events = held(s.calls, s.call_orders, EVENT) + n
    buying = sum(w.remaining * w.multiplier for w in s.working if w.side is Side.BUY) // MINI
    both = max(s.account_minis, s.own_minis) + buying + events
    passed = layer.startswith(EVENT) and events <= settings.max_event_calls
    passed = passed and both <= settings.max_position_minis
    why = "" if passed else f"{events} event calls and {both - events} minis would be held for '{layer}'"
    return Check(name="position cap", observed=events, threshold=settings.max_event_calls, passed=passed, why=why)


def premium(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether the premium stays inside the proposal's own budget and the shares of the account."""
    call, worth = s.proposal.call, s.net_liquidation
    if call is None or s.limit is None or worth is None or worth <= 0:
        return Check(name="premium", observed=None, threshold=None, passed=False, why="price or account value unknown")
    cost = float(s.limit) * s.proposal.quantity * s.proposal.multiplier
    rooms = [] if call.budget_usd is None else [call.budget_usd]
    if call.layer.startswith(CORE):
        used = spent_usd(s.call_spend, CORE, s.today - YEAR)
        rooms.append(settings.core_premium_share * worth - used)
    else:
        month = spent_usd(s.call_spend, EVENT, s.today.replace(day=1))
        event = spent_usd(s.call_spend, call.layer, date.min)
        rooms += [settings.event_premium_share * worth - event, settings.month_premium_share * worth - month]
    room = min(rooms)
    why = "" if cost <= room + 1e-6 else f"{cost:,.0f} USD of premium, {max(room, 0.0):,.0f} are left"
    return Check(name="premium", observed=cost, threshold=room, passed=not why, why=why)


SIZED = (call_size, call_cap, premium)
