"""Answer what an order would do to the account, without doing it."""

from __future__ import annotations

from bot.gateway.exchange.account import Valuation
from bot.gateway.exchange.fees import commission
from bot.gateway.exchange.ledger import Ledger
from bot.gateway.exchange.orders import Leg, WorkingOrder
from bot.gateway.exchange.validation import Refusal, rejected
from bot.gateway.records import WhatIfReport


def what_if(valuation: Valuation, ledger: Ledger, order: WorkingOrder) -> WhatIfReport:
    """Return margins and equity before and after a full fill of what remains.

    A single option is filled at its limit, all else at the mark.
    """
    after = ledger.copy()
    fees = 0.0
    for leg in order.legs:
        price = _fill_price(valuation, order, leg)
        quantity = order.remaining * leg.ratio * leg.sign * order.direction
        fee = commission(leg.contract, quantity, price)
        fees += fee
        if quantity:
            after.trade(leg.contract, quantity, price, fee)
    was, then = valuation.standing(ledger), valuation.standing(after)
    return WhatIfReport(
        request=order.request,
        init_before=was.margin.init,
        maint_before=was.margin.maint,
        equity_before=was.equity_with_loan,
        init_change=then.margin.init - was.margin.init,
        maint_change=then.margin.maint - was.margin.maint,
        equity_change=then.equity_with_loan - was.equity_with_loan,
        init_after=then.margin.init,
        maint_after=then.margin.maint,
        equity_after=then.equity_with_loan,
        commission=fees,
    )


def _fill_price(valuation: Valuation, order: WorkingOrder, leg: Leg) -> float:
    """Return the price at which a leg is taken to fill: an option's limit, else the mark, else the limit, else 0."""
    mark = valuation.price(leg.contract)
    by_limit = not order.is_combo and (mark is None or leg.contract.sec_type == "OPT")
    price = order.limit if by_limit and order.limit is not None else mark
    return 0.0 if price is None else price


def margin_refusal(report: WhatIfReport) -> Refusal | None:
    """Return IB's rejection when an order needs more margin than there is equity; one that needs less always passes."""
    if report.init_change <= 0 or report.init_after <= report.equity_after:
        return None
    return rejected(
        "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH LOAN VALUE "
        f"[{report.equity_after:.2f} USD] MUST EXCEED THE INITIAL MARGIN [{report.init_after:.2f} USD]"
    )
