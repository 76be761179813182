"""Examine the account: positions whole, orders readable and ours, figures told, and leave to send orders."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from bot.broker.ib import IbBroker
from bot.broker.port import Instrument, OrderTicket
from bot.broker.readonly import ReadOnlyBroker
from bot.doctor.findings import Finding, fail, fine, note, warn
from bot.errors import Refuse, Retry
from bot.orders.refs import is_ours
from strategies.alvh.records import Side

PRECAUTIONS = (131, 382, 383, 451, 10311)  # codes by which the presets of TWS stop an order
UNTICK = "in TWS, API settings: untick 'Read-Only API'; or ask IB for leave to trade CFE futures"
RAISE_LIMITS = "in TWS, presets for futures: raise 'size limit' and 'total value limit' above this order"


async def of_positions(broker: ReadOnlyBroker) -> Finding:
    """Say whether the broker told all positions and confirmed that these are all."""
    try:
        positions = await broker.positions()
    except (Retry, Refuse) as problem:
        return fail("positions", f"not read ({problem})", "look at TWS: without them opening stays locked")
    if not positions.complete:
        return fail("positions", "not confirmed as whole", "look at TWS: without that opening stays locked")
    return fine("positions", f"{len(positions.rows)}, confirmed as whole")


async def of_orders(broker: ReadOnlyBroker, mode: str, known: Collection[str] | None) -> Finding:
    """Say whether orders and executions can be read, and whether another bot's are among them.

    `known` are the refs of the journal, `None` without one.
    """
    try:
        seen = [*(await broker.open_orders()), *(await broker.completed_orders())]
        refs = {order.ref for order in seen} | {fill.ref for fill in await broker.executions()}
    except (Retry, Refuse) as problem:
        return fail("orders", f"not read ({problem})", "look at TWS: without them opening stays locked")
    ours = {ref for ref in refs if is_ours(ref, mode)}
    if mode != "dry-run" and ours - set(known or ()):
        strange = ", ".join(sorted(ours - set(known or ())))
        remedy = "stop the other bot on this account, or put the right journal back"
        return fail("orders", f"{strange} look like this program's and are in no journal here", remedy)
    return fine("orders", f"{len(seen)} of today can be read, {len(ours)} of them this bot's")


async def of_figures(broker: ReadOnlyBroker) -> Finding:
    """Say whether the account's figures are told."""
    try:
        account = await broker.account_values()
    except (Retry, Refuse) as problem:
        return fail("account", f"figures not read ({problem})", "look at TWS")
    if account.net_liquidation is None:
        return fail("account", "net liquidation is not told", "look at TWS: limits are shares of it")
    return fine("account", f"{broker.account}, net liquidation {account.net_liquidation:,.0f}")


async def of_leave(broker: ReadOnlyBroker, mini: Instrument | None, minis: int) -> list[Finding]:
    """Ask by a what-if of the largest order whether orders may be sent, and say what its value is."""
    found: list[Finding] = []
    bid = None if mini is None else broker.quote(mini.con_id).bid
    if mini is not None and bid is not None:
        value = minis * mini.multiplier * bid
        found.append(
            note(
                "order value",
                f"the largest order, {minis} minis, is worth ${value:,.0f} (one VX about ${1000 * bid:,.0f}): the "
                "value limit of TWS's presets must lie above; no one can read it from here",
            )
        )
    if not isinstance(broker, IbBroker):
        found.append(note("order leave", "a dry run has nothing that could ask"))
    elif mini is None or bid is None:
        found.append(warn("order leave", "no bid of VXM to ask about", "ask again when futures trade: alvh doctor"))
    else:
        found.append(await _leave(broker, mini, minis, bid))
    return found


async def _leave(broker: IbBroker, mini: Instrument, minis: int, bid: float) -> Finding:
    ticket = OrderTicket(
        ref="doctor",
        account=broker.account,
        instrument=mini,
        side=Side.BUY,
        quantity=minis,
        limit=Decimal(str(bid)) // mini.tick * mini.tick,
    )
    try:
        margin = await broker.what_if(ticket)
    except (Retry, Refuse) as problem:
        stopped = any(f"code {number}:" in str(problem) for number in PRECAUTIONS)
        return fail("order leave", str(problem), RAISE_LIMITS if stopped else UNTICK)
    if margin.initial_change is None:
        return warn("order leave", "a what-if was answered without a margin", "look at TWS")
    return fine("order leave", f"a what-if of {minis} minis asks ${margin.initial_change:,.0f} of margin")
