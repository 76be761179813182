"""Keep a layer of long-dated VIX calls beside the book, when the settings ask for it: describe it, or trade it.

It is another book than the hedge of a spike: nothing in the unwind reads or sells its lots, and sizing a spike counts
them. Each of three terms holds some calls for ten condors, is opened or filled up while VIX is low, and rolled into a
longer expiry when its own has come near; a roll does not wait for VIX.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import floor

from strategies.alvh.holdings import taken_back
from strategies.alvh.policy import CoreMode
from strategies.alvh.readiness import number
from strategies.alvh.reading import Reading
from strategies.alvh.records import CallLot, Check, Proposal, Purpose, Right, Side
from strategies.alvh.rounding import TOLERANCE
from strategies.alvh.vix_call import (
    CORE,
    CallOrders,
    Candidate,
    busy_call,
    buy_call,
    buying_calls,
    candidate,
    contracts,
    owned_calls,
    sell_call,
    sellable_calls,
    settles_on,
    spent_usd,
)

TERMS = ("short", "middle", "long")
YEAR = timedelta(days=365)
DESCRIBED_AGE_S = 330.0  # quotes of the far terms are asked for every five minutes; an order waits for a fresh one


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Hold one term of the layer: what it should hold, what it holds, and what of that is due to be rolled."""

    name: str
    wanted: int
    fresh: int
    due: tuple[CallLot, ...]
    last: bool
    dte: int
    roll_dte: int

    @property
    def layer(self) -> str:
        """Return the name under which its lots are kept."""
        return f"{CORE}{self.name}"

    @property
    def missing(self) -> int:
        """Return the calls that it lacks."""
        return max(0, self.wanted - self.fresh)


def core_layer(reading: Reading, *, ready: bool) -> CallOrders:
    """Return what the layer would buy and roll, as checks, and in `active` also as orders.

    `ready` says that the data is good and the clock inside a window. Taken together no more than one purchase and one
    sale go out at a wake-up.
    """
    rules = reading.policy.core
    working = tuple(order for order in reading.state.call_orders if order.layer.startswith(CORE))
    if rules.mode is CoreMode.OFF and not working:
        return CallOrders()
    back = taken_back(order for order in working if order.side is Side.BUY)
    if rules.mode is not CoreMode.ACTIVE:
        return CallOrders(cancel=back, checks=_described(reading) if rules.mode is CoreMode.REPORT else ())
    terms = terms_of(reading)
    if not ready or working:
        return CallOrders(cancel=() if ready else back, checks=_described(reading))
    bought = next((order for term in terms if (order := _purchase(reading, term)) is not None), None)
    sold = next((order for term in terms if (order := _sale(reading, term)) is not None), None)
    return CallOrders(
        proposals=tuple(order for order in (sold, bought) if order is not None), checks=_described(reading)
    )


def terms_of(reading: Reading) -> tuple[Term, ...]:
    """Return the three terms as they stand."""
    rules, today = reading.policy.core, reading.view.session.day
    found = []
    for n, name in enumerate(TERMS):
        lots = owned_calls(reading.state, f"{CORE}{name}")
        days = {lot: (settles_on(lot) - today).days for lot in lots}
        due = tuple(lot for lot in lots if days[lot] <= rules.roll_dte[n])
        found.append(
            Term(
                name=name,
                wanted=rules.calls_per_ten_condors[n] * reading.exposure.condors // 10,
                fresh=contracts(lots) - contracts(due),
                due=due,
                last=any(days[lot] <= rules.roll_dte_last[n] for lot in due),
                dte=rules.dte[n],
                roll_dte=rules.roll_dte[n],
            )
        )
    return tuple(found)


def chosen_call(reading: Reading, term: Term, max_age_s: float) -> Candidate | None:
    """Return the call nearest to the term and to the wanted delta that does not have to be rolled at once."""
    rules, today = reading.policy.core, reading.view.session.day
    near: list[Candidate] = []
    for option in reading.view.vix_chain:
        dte = (settles_on(option) - today).days
        if option.right is not Right.CALL or dte <= term.roll_dte or not 0.5 * term.dte <= dte <= 1.5 * term.dte:
            continue
        found = candidate(
            reading,
            option,
            max_age_s=max_age_s,
            max_spread_share=rules.max_spread_share,
            limit_share=rules.limit_spread_share,
        )
        if isinstance(found, Candidate) and abs(found.delta - rules.delta) <= rules.delta_slack + TOLERANCE:
            near.append(found)
    return min(
        near,
        key=lambda one: (abs(one.dte - term.dte), abs(one.delta - rules.delta), one.quote.con_id),
        default=None,
    )


def affordable_calls(reading: Reading, term: Term, chosen: Candidate) -> int:
    """Return how many calls may be bought: for a roll what is due, else while VIX is low; inside cost cap and cap."""
    rules, vix = reading.policy.core, number(reading.view.vix.last)
    low = vix is not None and vix < rules.open_below_vix
    wanted = term.missing if low else min(term.missing, contracts(term.due))
    held = contracts(owned_calls(reading.state, CORE)) + buying_calls(reading.state, CORE)
    return max(0, min(wanted, floor(budget_usd(reading) / chosen.premium_usd + TOLERANCE), rules.max_contracts - held))


def budget_usd(reading: Reading) -> float:
    """Return the premium that the year's cap leaves in dollars; nothing while the account's value is not known."""
    worth, today = number(reading.book.account.net_liquidation), reading.view.session.day
    if worth is None or worth <= 0.0:
        return 0.0
    return max(0.0, reading.policy.core.year_nlv_share * worth - spent_usd(reading.state, CORE, today - YEAR, today))


def _purchase(reading: Reading, term: Term) -> Proposal | None:
    rules = reading.policy.core
    sent = sum(
        spend.orders
        for spend in reading.state.call_spend
        if spend.layer == term.layer and spend.bought_on == reading.view.session.day
    )
    chosen = chosen_call(reading, term, reading.policy.freshness.vx_s)
    if chosen is None or sent >= rules.max_attempts or busy_call(reading.state, chosen.quote.con_id):
        return None
    quantity = min(affordable_calls(reading, term, chosen), reading.policy.caps.max_order_minis)
    if quantity < 1:
        return None
    return buy_call(
        reading,
        chosen,
        quantity,
        layer=term.layer,
        purpose=Purpose.CORE_CALLS,
        budget_usd=budget_usd(reading),
        limit_share=rules.limit_spread_share,
        reason=f"core layer, {term.name} term: {term.fresh} of {term.wanted} calls held"
        + (f", {contracts(term.due)} to roll" if term.due else ""),
    )


def _sale(reading: Reading, term: Term) -> Proposal | None:
    """Return the sale of calls whose replacement is there, which are not wanted any more, or whose last day came."""
    spare = term.fresh + contracts(term.due) - term.wanted
    for lot in term.due:
        free = lot.quantity if term.last else min(lot.quantity, max(0, spare))
        quantity = min(free, sellable_calls(reading.book, reading.state, lot))
        if quantity > 0 and not busy_call(reading.state, lot.con_id):
            days = (settles_on(lot) - reading.view.session.day).days
            reason = f"core layer, {term.name} term: rolled with {days} days to settlement"
            return sell_call(reading, lot, quantity, Purpose.CORE_ROLL, reason)
    return None


def _described(reading: Reading) -> tuple[Check, ...]:
    """Return one check for each term that says in numbers what it holds and what it would do."""
    return tuple(_line(reading, term) for term in terms_of(reading))


def _line(reading: Reading, term: Term) -> Check:
    chosen = chosen_call(reading, term, DESCRIBED_AGE_S)
    due = contracts(term.due)
    words = [f"{term.fresh} of {term.wanted} calls held" + (f", {due} to roll" if due else "")]
    if term.missing and chosen is None:
        words.append(f"no call of delta {reading.policy.core.delta:g} and about {term.dte} days is quoted")
    elif term.missing and chosen is not None:
        quantity, option = affordable_calls(reading, term, chosen), chosen.quote
        name = f"{option.trading_class} {option.settles_at:%d%b%y} {option.strike:g} call"
        cost = f"delta {chosen.delta:.2f}, ${chosen.premium_usd:,.0f} each"
        words.append(f"would buy {quantity} {name} ({cost})" if quantity else f"waits with {name} ({cost})")
    if term.missing and number(reading.view.vix.last) is not None:
        words.append(f"VIX {reading.view.vix.last:.2f}, opened below {reading.policy.core.open_below_vix:g}")
    words.append(f"${budget_usd(reading):,.0f} of the year's premium left")
    return Check(
        name=f"core: {term.name}",
        observed=float(term.fresh),
        threshold=float(term.wanted),
        passed=term.missing == 0 and not term.due,
        why="; ".join(words),
    )
