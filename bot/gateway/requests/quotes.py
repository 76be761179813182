"""Stream quotes: subscriptions, snapshots, generic ticks, option computations, live and delayed data."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.gateway.errors import RequestProblem
from bot.gateway.messages import inbound, outbound
from bot.gateway.messages.values import Values
from bot.gateway.records import ComboLeg, Contract, Greeks, Market, Quote
from bot.gateway.requests.client import Client, Routes
from bot.gateway.requests.combos import combo_contract, combo_legs, combo_quote
from bot.gateway.requests.generics import asked, generic_ticks
from bot.gateway.requests.lines import Lines
from bot.gateway.requests.lookup import invalid, only_match
from bot.gateway.requests.reference import BBO_EXCHANGE
from bot.gateway.requests.ticks import (
    DELAYED,
    LIVE,
    Tick,
    TickIds,
    computation_ticks,
    model_tick,
    quote_ticks,
)

LIVE_TYPE, FROZEN_TYPE, DELAYED_TYPE, DELAYED_FROZEN_TYPE = 1, 2, 3, 4
DELAY = timedelta(minutes=15)
_ALL_SNAPSHOT_PERMISSIONS = 3
_LINE = "quotes"


class Display(NamedTuple):
    """Hold all that is shown of one contract at one time."""

    at: datetime
    quote: Quote
    model: Greeks | None
    generic: Mapping[str, float]


@dataclass(slots=True, kw_only=True)
class Subscription:
    """Hold one client's subscription to one contract, and what it saw last."""

    client: Client
    request_id: int
    contract: Contract
    legs: tuple[ComboLeg, ...]
    generics: tuple[int, ...]
    is_delayed: bool
    data_type: int = 0
    quote: Quote | None = None
    model: Greeks | None = None
    generic: Mapping[str, float] = field(default_factory=dict)
    waiting: deque[Display] = field(default_factory=deque)

    @property
    def ids(self) -> TickIds:
        """Return the tick numbers this client gets."""
        return DELAYED if self.is_delayed else LIVE


class QuoteDesk:
    """Keep every client's subscriptions up to date."""

    def __init__(self, market: Market, lines: Lines, *, live_data: bool = True, models_only: bool = False) -> None:
        self._market = market
        self._lines = lines
        self._live_data = live_data
        self._models_only = models_only
        self._types: dict[Client, int] = {}
        self._held: dict[tuple[Client, int], Subscription] = {}

    def routes(self) -> Routes:
        """Return which request each method answers."""
        return {
            inbound.REQ_MARKET_DATA.id: self.subscribe,
            inbound.CANCEL_MARKET_DATA.id: self.cancel,
            inbound.REQ_MARKET_DATA_TYPE.id: self.choose_type,
        }

    def forget(self, client: Client) -> None:
        """Drop the subscriptions of a client that has gone."""
        self._types.pop(client, None)
        self._held = {key: held for key, held in self._held.items() if key[0] is not client}

    def forget_shown(self) -> None:
        """Take it that nobody has been shown anything, so that `publish` sends all of it."""
        for held in self._held.values():
            held.quote, held.model, held.generic = None, None, {}

    def subscribed(self, client: Client) -> dict[int, Contract]:
        """Return the contracts a client is shown, by request id."""
        return {request_id: held.contract for (owner, request_id), held in self._held.items() if owner is client}

    def contract(self, client: Client, request_id: int) -> Contract | None:
        """Return the contract of a subscription, `None` when the client has none under this id."""
        held = self._held.get((client, request_id))
        return None if held is None else held.contract

    def choose_type(self, client: Client, values: Values) -> None:
        """Remember whether the client's next requests want live, frozen, delayed or delayed-frozen data."""
        if values["type"] not in (LIVE_TYPE, FROZEN_TYPE, DELAYED_TYPE, DELAYED_FROZEN_TYPE):
            raise invalid(f"Invalid market data type {values['type']}")
        self._types[client] = values["type"]

    def subscribe(self, client: Client, values: Values) -> None:
        """Send what is displayed now, and what changes from now on unless a snapshot was asked for."""
        request_id = values["reqId"]
        generics = asked(values["genericTicks"])
        if values["snapshot"] and generics:
            raise invalid("Snapshot market data subscription is not applicable to generic ticks")
        if (client, request_id) in self._held:
            raise RequestProblem(322, "Error processing request.-'bN' : cause - Duplicate ticker id")
        if not values["snapshot"]:
            self._lines.check()
        subscription = self._subscription(client, values, generics)
        client.send(
            outbound.TICK_REQUEST_PARAMETERS,
            reqId=request_id,
            minTick=subscription.contract.min_tick,
            bboExchange=BBO_EXCHANGE,
            snapshotPermissions=_ALL_SNAPSHOT_PERMISSIONS,
        )
        self._show(subscription, self._display(subscription))
        if values["snapshot"]:
            client.send(outbound.SNAPSHOT_END, reqId=request_id)
        else:
            self._lines.take(client, _LINE, request_id)
            self._held[client, request_id] = subscription

    def _subscription(self, client: Client, values: Values, generics: tuple[int, ...]) -> Subscription:
        legs = combo_legs(self._market, values)
        contract = combo_contract(self._market, values, legs) if legs else only_match(self._market, values)
        wanted = self._types.get(client, LIVE_TYPE)
        is_delayed = wanted in (DELAYED_TYPE, DELAYED_FROZEN_TYPE)
        if not self._live_data and not is_delayed:
            text = "Requested market data is not subscribed.Delayed market data is available."
            raise RequestProblem(354, text)
        if not self._live_data:
            text = "Requested market data is not subscribed. Displaying delayed market data."
            client.refuse(values["reqId"], 10167, text)
        return Subscription(
            client=client,
            request_id=values["reqId"],
            contract=contract,
            legs=legs,
            generics=generics,
            is_delayed=is_delayed,
        )

    def cancel(self, client: Client, values: Values) -> None:
        """End a subscription."""
        if self._held.pop((client, values["reqId"]), None) is None:
            raise RequestProblem(300, f"Can't find EId with tickerId:{values['reqId']}")
        self._lines.give_back(client, _LINE, values["reqId"])

    def publish(self, only: Collection[int] | None = None) -> None:
        """Send every subscriber what has changed; of the contracts in `only`, where it is given."""
        for subscription in self._held.values():
            if only is None or subscription.contract.con_id in only:
                self._show(subscription, self._display(subscription))

    def _display(self, subscription: Subscription) -> Display:
        market, con_id = self._market, subscription.contract.con_id
        if subscription.legs:
            quote = combo_quote(market, subscription.legs)
            return Display(at=market.now, quote=quote, model=None, generic={})
        is_option = subscription.contract.sec_type == "OPT"
        return Display(
            at=market.now,
            quote=market.quote(con_id),
            model=market.greeks(con_id) if is_option else None,
            generic=market.generic(con_id) if subscription.generics else {},
        )

    def _show(self, subscription: Subscription, display: Display) -> None:
        client, request_id = subscription.client, subscription.request_id
        data_type = self._data_type(subscription)
        if data_type != subscription.data_type:
            subscription.data_type = data_type
            client.send(outbound.MARKET_DATA_TYPE, reqId=request_id, type=data_type)
        due = _delayed(subscription.waiting, display) if subscription.is_delayed else display
        if due is not None:
            for message, values in _changes(subscription, due, models_only=self._models_only):
                values["reqId"] = request_id
                client.tell(message, values)

    def _data_type(self, subscription: Subscription) -> int:
        wanted = self._types.get(subscription.client, LIVE_TYPE)
        is_frozen = wanted in (FROZEN_TYPE, DELAYED_FROZEN_TYPE) and not self._is_open(subscription)
        if subscription.is_delayed:
            return DELAYED_FROZEN_TYPE if is_frozen else DELAYED_TYPE
        return FROZEN_TYPE if is_frozen else LIVE_TYPE

    def _is_open(self, subscription: Subscription) -> bool:
        con_id = subscription.legs[0].con_id if subscription.legs else subscription.contract.con_id
        return self._market.is_open(con_id, rth=False)


def _delayed(waiting: deque[Display], display: Display) -> Display | None:
    """Queue what is displayed now and return what became a quarter of an hour old; the first is shown at once."""
    is_first = not waiting
    waiting.append(display)
    if is_first:
        return display
    due = None
    while len(waiting) > 1 and waiting[0].at <= display.at - DELAY:
        due = waiting.popleft()
    return due


def _changes(subscription: Subscription, display: Display, *, models_only: bool) -> Iterator[Tick]:
    """Yield what is new; a market that did not move is the same object, which saves comparing it field by field."""
    ids, seen, quote = subscription.ids, subscription.quote, display.quote
    if quote is not seen and quote != seen:
        yield from quote_ticks(seen, quote, ids, display.at)
    if subscription.contract.sec_type == "OPT" and (quote is not seen or display.model is not subscription.model):
        if models_only:
            yield from model_tick(seen, subscription.model, display.model, ids)
        else:
            yield from computation_ticks(seen, subscription.model, quote, display.model, ids)
    subscription.quote, subscription.model = display.quote, display.model
    if subscription.generics:
        yield from generic_ticks(subscription.generics, subscription.contract, subscription.generic, display.generic)
        subscription.generic = display.generic
