"""Tell a human which orders the broker refuses or keeps quiet about; the same refusal twice stops opening."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bot.alarm import REFUSED, Alarm
from bot.clock import Clock
from bot.journal.projections import session_day
from bot.orders.life import Life, Order
from bot.watch.pages import Severity
from strategies.alvh.records import Side

PATIENCE = timedelta(seconds=15)  # a first reading mostly tells what became of an order
REMIND_EVERY = timedelta(minutes=15)
ENOUGH = 2  # purchases refused for one reason in one session
SPENT = frozenset({Life.CANCELLED, Life.GONE, Life.FILLED})  # a refusal is told by itself
SLOW = timedelta(minutes=3)  # a sale takes what there is within one, where there is a price
UNSOLD = 3  # sales of one contract in a row that ended and sold nothing: trying again does not help by itself


class Outcomes:
    """Look at the session's orders once a minute; `orders` returns all that the journal holds, by ref."""

    def __init__(self, alarm: Alarm, clock: Clock, orders: Callable[[], Mapping[str, Order]]) -> None:
        self._alarm = alarm
        self._clock = clock
        self._orders = orders
        self._begun = clock.now()
        self._unknown: set[str] = set()
        self._refused: set[str] = set()
        self._told: dict[tuple[Side, int | None], datetime] = {}
        self._unsold: dict[int, datetime] = {}
        self._slow: dict[str, datetime] = {}

    def look(self) -> None:
        """Say what is new, and forbid opening for the session once the broker refused the same twice."""
        now = self._clock.now()
        day = session_day(now)
        today = [order for order in self._orders().values() if session_day(order.intended_at) == day]
        for order in today:
            if order.life is Life.WORKING and order.ticket.side is Side.SELL and now - order.intended_at >= SLOW:
                self._tell_slow(order, now)
            since = _unclear_since(order)
            if since is not None and now - since >= PATIENCE:
                self._tell_unknown(order, since)
        refused = [order for order in today if order.life is Life.REJECTED]
        for order in refused:
            self._tell_refused(order, now)
        self._lock([order for order in refused if order.ticket.side is Side.BUY])
        ended = [order for order in today if order.ticket.side is Side.SELL and order.life in SPENT and order.done]
        sales = sorted(ended, key=lambda order: order.intended_at)
        for con_id in dict.fromkeys(order.ticket.instrument.con_id for order in sales):
            self._tell_unsold([order for order in sales if order.ticket.instrument.con_id == con_id], now)

    def _tell_unsold(self, sales: list[Order], now: datetime) -> None:
        """Say, and again every quarter of an hour, that one sale after the other of a contract ends with nothing sold.

        The bot goes on trying at every wake-up, as it must; only a human can find out what takes its orders back.
        """
        last = sales[-UNSOLD:]
        if len(last) < UNSOLD or any(order.filled for order in last) or last[-1].intended_at < self._begun:
            return
        con_id = last[-1].ticket.instrument.con_id
        if con_id in self._unsold and now - self._unsold[con_id] < REMIND_EVERY:
            return
        self._unsold[con_id] = now
        what = f"{UNSOLD} sales in a row sold nothing, the last was {last[-1].named}: {_reason(last[-1])}"
        self._alarm.alert(
            f"{what}; it is tried again at every wake-up: look in TWS, and sell by hand", Severity.CRITICAL
        )

    def _tell_slow(self, order: Order, now: datetime) -> None:
        """Say, and again every quarter of an hour, that a sale rests: without a price nothing moves its limit."""
        if order.ref in self._slow and now - self._slow[order.ref] < REMIND_EVERY:
            return
        self._slow[order.ref] = now
        works = f"has worked since {order.intended_at:%H:%M:%S} UTC at {order.limit} and sold {order.filled}"
        self._alarm.alert(
            f"{order.named} {works}: look in TWS; cancel it there before you sell by hand", Severity.CRITICAL
        )

    def _tell_unknown(self, order: Order, since: datetime) -> None:
        if order.ref in self._unknown:
            return
        self._unknown.add(order.ref)
        what = f"what became of {order.named} is not known since {since:%H:%M:%S} UTC"
        self._alarm.alert(f"{what}: nothing is opened, it is read about; look in TWS")

    def _tell_refused(self, order: Order, now: datetime) -> None:
        """Say each refusal once, and one that comes again and again every quarter of an hour."""
        if order.ref in self._refused or order.intended_at < self._begun:
            return
        self._refused.add(order.ref)
        kind = (order.ticket.side, order.code)
        if kind in self._told and now - self._told[kind] < REMIND_EVERY:
            return
        self._told[kind] = now
        severity = Severity.WARNING if order.ticket.side is Side.BUY else Severity.CRITICAL
        self._alarm.alert(f"the broker refused {order.named}: {_reason(order)}", severity)

    def _lock(self, purchases: list[Order]) -> None:
        """Stop opening when the same refusal came often enough: the next purchase would meet it too."""
        for order in purchases:
            times = sum(other.code == order.code for other in purchases)
            if times >= ENOUGH:
                what = f"the broker refused {ENOUGH} purchases for the same reason ({_reason(order)})"
                self._alarm.lock(REFUSED, f"{what}: nothing more is opened in this session; mend it in TWS")
                return


def _unclear_since(order: Order) -> datetime | None:
    """Return since when an order is unknown, or since when it is said to be filled without its executions."""
    if order.life is Life.UNKNOWN:
        return order.unknown_since
    return order.heard_at if order.missing else None


def _reason(order: Order) -> str:
    return f"code {order.code}: {order.text}" if order.code is not None else order.text or "no reason given"
