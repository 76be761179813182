"""Tell what the account holds and is worth: positions, account values, summaries, profit and loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.gateway.errors import RequestProblem
from bot.gateway.messages import inbound, outbound
from bot.gateway.messages.values import Values
from bot.gateway.records import Contract, Exchange, FillReport, Market, PositionReport, Report
from bot.gateway.requests.client import Client, Routes
from bot.gateway.requests.lookup import contract_values, invalid
from bot.gateway.requests.times import TWS_ZONE

VALUES_EVERY = timedelta(minutes=3)
LEDGER = "$LEDGER"
_LEDGER_TAGS = frozenset(
    [
        "AccruedCash",
        "Billable",
        "CashBalance",
        "CorporateBondValue",
        "Currency",
        "ExchangeRate",
        "FundValue",
        "FutureOptionValue",
        "FuturesPNL",
        "FxCashBalance",
        "IssuerOptionValue",
        "MoneyMarketFundValue",
        "MutualFundValue",
        "NetDividend",
        "NetLiquidationByCurrency",
        "OptionMarketValue",
        "RealCurrency",
        "RealizedPnL",
        "StockMarketValue",
        "TBillValue",
        "TBondValue",
        "TotalCashBalance",
        "UnrealizedPnL",
        "WarrantValue",
    ]
)

Row = tuple[str, str, str]  # tag, value, currency


@dataclass(slots=True, kw_only=True)
class Watch:
    """Hold one subscription of a client and what it was told last."""

    client: Client
    request_id: int
    account: str
    con_id: int = 0
    model: str = ""
    tags: tuple[str, ...] = ()
    told: dict[tuple[str, str], str] = field(default_factory=dict)
    portfolio: dict[int, Values] = field(default_factory=dict)
    shown: Values | None = None


Watches = dict[tuple[Client, int], Watch]


class AccountDesk:
    """Keep every client's view of the account up to date.

    Positions are told at each fill, values every three minutes or after a trade, profit and loss at each tick.
    """

    def __init__(self, market: Market, exchange: Exchange) -> None:
        self._market = market
        self._exchange = exchange
        self._updates: Watches = {}
        self._positions: Watches = {}
        self._positions_multi: Watches = {}
        self._updates_multi: Watches = {}
        self._summaries: Watches = {}
        self._pnl: Watches = {}
        self._pnl_single: Watches = {}
        self._values_at: datetime = market.now
        self._has_traded = False

    def routes(self) -> Routes:
        """Return which request each method answers."""
        return {
            inbound.REQ_ACCOUNT_UPDATES.id: self.updates,
            inbound.REQ_POSITIONS.id: self.positions,
            inbound.CANCEL_POSITIONS.id: self.cancel_positions,
            inbound.REQ_POSITIONS_MULTI.id: self.positions_multi,
            inbound.CANCEL_POSITIONS_MULTI.id: _canceller(self._positions_multi),
            inbound.REQ_UPDATES_MULTI.id: self.updates_multi,
            inbound.CANCEL_UPDATES_MULTI.id: _canceller(self._updates_multi),
            inbound.REQ_ACCOUNT_SUMMARY.id: self.summary,
            inbound.CANCEL_ACCOUNT_SUMMARY.id: _canceller(self._summaries),
            inbound.REQ_PNL.id: self.pnl,
            inbound.CANCEL_PNL.id: _canceller(self._pnl),
            inbound.REQ_PNL_SINGLE.id: self.pnl_single,
            inbound.CANCEL_PNL_SINGLE.id: _canceller(self._pnl_single),
        }

    def forget(self, client: Client) -> None:
        """Drop the subscriptions of a client that has gone."""
        for watches in self._all():
            for key in [key for key in watches if key[0] is client]:
                del watches[key]

    def _all(self) -> tuple[Watches, ...]:
        multi = (self._positions_multi, self._updates_multi)
        return (self._updates, self._positions, *multi, self._summaries, self._pnl, self._pnl_single)

    def positions(self, client: Client, _: Values) -> None:
        """List what every account holds, then tell changes."""
        self._positions[client, 0] = Watch(client=client, request_id=0, account="")
        for account in self._exchange.accounts():
            for held in self._exchange.positions(account):
                if held.quantity:
                    client.send(outbound.POSITION, **self._position_values(held))
        client.send(outbound.POSITIONS_END)

    def cancel_positions(self, client: Client, _: Values) -> None:
        """Stop telling changes of positions."""
        self._positions.pop((client, 0), None)

    def positions_multi(self, client: Client, values: Values) -> None:
        """List what one account holds, then tell changes."""
        watch = self._watch(self._positions_multi, client, values)
        for held in self._exchange.positions(watch.account):
            if held.quantity:
                self._send_multi(watch, held)
        client.send(outbound.POSITIONS_MULTI_END, reqId=watch.request_id)

    def _send_multi(self, watch: Watch, held: PositionReport) -> None:
        values = self._position_values(held)
        watch.client.send(outbound.POSITION_MULTI, reqId=watch.request_id, model=watch.model, **values)

    def _position_values(self, held: PositionReport) -> Values:
        contract = self._contract(held.con_id)
        values = contract_values(contract, exchange="")
        return values | {"account": held.account, "position": held.quantity, "avgCost": held.avg_cost}

    def _contract(self, con_id: int) -> Contract:
        contract = self._market.contract(con_id)
        if contract is None:
            raise RequestProblem(200, f"The account holds contract {con_id}, which the market does not know")
        return contract

    def updates(self, client: Client, values: Values) -> None:
        """Send all values and the portfolio of an account, then what changes; or stop."""
        if not values["subscribe"]:
            self._updates.pop((client, 0), None)
            return
        watch = Watch(client=client, request_id=0, account=self._account(values["account"]))
        self._updates[client, 0] = watch
        self._tell_updates(watch)
        client.send(outbound.ACCOUNT_DOWNLOAD_END, account=watch.account)

    def _tell_updates(self, watch: Watch) -> None:
        for tag, value, currency in _news(watch, self._exchange.values(watch.account)):
            watch.client.send(outbound.ACCOUNT_VALUE, tag=tag, value=value, currency=currency, account=watch.account)
        for held in self._shown(watch):
            values = self._portfolio_values(held)
            if watch.portfolio.get(held.con_id) != values:
                watch.portfolio[held.con_id] = values
                watch.client.send(outbound.PORTFOLIO_VALUE, **values)
        clock = f"{self._market.now.astimezone(TWS_ZONE):%H:%M}"
        watch.client.send(outbound.ACCOUNT_TIME, time=clock)

    def _shown(self, watch: Watch) -> Iterator[PositionReport]:
        """Yield what is held, and with nothing what was shown before and is held no more, as after a settlement."""
        reports = self._exchange.positions(watch.account)
        yield from reports
        shown = {con_id for con_id, values in watch.portfolio.items() if values["position"]}
        for con_id in sorted(shown - {held.con_id for held in reports}):
            yield PositionReport(account=watch.account, con_id=con_id, quantity=0, avg_cost=0.0)

    def _portfolio_values(self, held: PositionReport) -> Values:
        contract = self._contract(held.con_id)
        pnl = self._exchange.pnl(held.account, held.con_id)
        size = held.quantity * float(contract.multiplier or 1)
        return contract_values(contract) | {
            "primaryExchange": contract.exchange,
            "position": held.quantity,
            "marketPrice": pnl.value / size if size else 0.0,
            "marketValue": pnl.value,
            "avgCost": held.avg_cost,
            "unrealizedPnl": pnl.unrealized,
            "realizedPnl": pnl.realized,
            "account": held.account,
        }

    def updates_multi(self, client: Client, values: Values) -> None:
        """Send the values of one account under a request id, then what changes."""
        watch = self._watch(self._updates_multi, client, values)
        if values["ledgerAndNlv"]:
            watch.tags = (LEDGER, "NetLiquidation")
        self._tell_multi(watch)
        client.send(outbound.UPDATES_MULTI_END, reqId=watch.request_id)

    def _tell_multi(self, watch: Watch) -> None:
        rows = [row for row in self._exchange.values(watch.account) if _wanted(row, watch.tags)]
        for tag, value, currency in _news(watch, rows):
            watch.client.send(
                outbound.UPDATE_MULTI,
                reqId=watch.request_id,
                account=watch.account,
                model=watch.model,
                tag=tag,
                value=value,
                currency=currency,
            )

    def summary(self, client: Client, values: Values) -> None:
        """Send the tags asked for of every account, then what changes."""
        tags = tuple(tag.strip().split(":")[0] for tag in values["tags"].split(",") if tag.strip())
        if not tags:
            raise invalid("Please enter the tags of the account summary")
        watch = Watch(client=client, request_id=values["reqId"], account="", tags=tags)
        self._summaries[client, watch.request_id] = watch
        self._tell_summary(watch)
        client.send(outbound.SUMMARY_END, reqId=watch.request_id)

    def _tell_summary(self, watch: Watch) -> None:
        for account in self._exchange.accounts():
            rows = [row for row in self._exchange.values(account) if _wanted(row, watch.tags)]
            for tag, value, currency in _news(watch, rows, account):
                watch.client.send(
                    outbound.SUMMARY_VALUE,
                    reqId=watch.request_id,
                    account=account,
                    tag=tag,
                    value=value,
                    currency=currency,
                )

    def pnl(self, client: Client, values: Values) -> None:
        """Send an account's profit and loss now and whenever it changes."""
        self._tell_pnl(self._watch(self._pnl, client, values))

    def pnl_single(self, client: Client, values: Values) -> None:
        """Send one position's profit and loss now and whenever it changes."""
        watch = self._watch(self._pnl_single, client, values)
        watch.con_id = values["conId"] or 0
        self._tell_pnl_single(watch)

    def _tell_pnl(self, watch: Watch) -> None:
        pnl = self._exchange.pnl(watch.account)
        shown = {"daily": pnl.daily, "unrealized": pnl.unrealized, "realized": pnl.realized}
        if shown != watch.shown:
            watch.shown = shown
            watch.client.send(outbound.PNL, reqId=watch.request_id, **shown)

    def _tell_pnl_single(self, watch: Watch) -> None:
        pnl = self._exchange.pnl(watch.account, watch.con_id)
        shown = {"position": pnl.position, "daily": pnl.daily, "unrealized": pnl.unrealized}
        shown |= {"realized": pnl.realized, "value": pnl.value}
        if shown != watch.shown:
            watch.shown = shown
            watch.client.send(outbound.PNL_SINGLE, reqId=watch.request_id, **shown)

    def tell(self, report: Report) -> None:
        """Tell a changed position at once; account values follow a fill with the next `publish`."""
        if isinstance(report, FillReport):
            self._has_traded = True
        elif isinstance(report, PositionReport):
            self._has_traded = True
            values = self._position_values(report)
            for watch in self._positions.values():
                watch.client.send(outbound.POSITION, **values)
            for watch in self._positions_multi.values():
                if watch.account == report.account:
                    self._send_multi(watch, report)

    def publish(self) -> None:
        """Send P&L that changed; and values that changed, after a trade or when three minutes have passed."""
        for watch in self._pnl.values():
            self._tell_pnl(watch)
        for watch in self._pnl_single.values():
            self._tell_pnl_single(watch)
        if not self._has_traded and self._market.now < self._values_at + VALUES_EVERY:
            return
        self._has_traded = False
        self._values_at = self._market.now
        for watch in self._updates.values():
            self._tell_updates(watch)
        for watch in self._updates_multi.values():
            self._tell_multi(watch)
        for watch in self._summaries.values():
            self._tell_summary(watch)

    def _watch(self, watches: Watches, client: Client, values: Values) -> Watch:
        watch = Watch(
            client=client,
            request_id=values["reqId"],
            account=self._account(values["account"]),
            model=values["model"],
        )
        watches[client, watch.request_id] = watch
        return watch

    def _account(self, name: str) -> str:
        accounts = self._exchange.accounts()
        if not name:
            return accounts[0]
        if name not in accounts:
            raise invalid(f"Invalid account code '{name}'")
        return name


def account_list(accounts: Sequence[str]) -> str:
    """Return account ids as TWS lists them: joined by commas, several of them with a comma at the end."""
    return ",".join(accounts) + ("," if len(accounts) > 1 else "")


def _canceller(watches: Watches) -> Callable[[Client, Values], None]:
    def cancel(client: Client, values: Values) -> None:
        watches.pop((client, values["reqId"]), None)

    return cancel


def _wanted(row: Row, tags: tuple[str, ...]) -> bool:
    return not tags or row[0] in tags or (LEDGER in tags and row[0] in _LEDGER_TAGS)


def _news(watch: Watch, rows: Iterable[Row], account: str = "") -> list[Row]:
    """Return the rows whose value the watcher has not been told yet."""
    news: list[Row] = []
    for tag, value, currency in rows:
        key = (f"{account}/{tag}", currency)
        if watch.told.get(key) != value:
            watch.told[key] = value
            news.append((tag, value, currency))
    return news
