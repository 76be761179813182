"""Serve history: bars up to now, bars that keep themselves up to date, and where a contract's history begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.gateway.errors import RequestProblem
from bot.gateway.kept import Bars, Rows
from bot.gateway.messages import inbound, outbound
from bot.gateway.messages.values import Values
from bot.gateway.records import Contract, HistoryBar, Market
from bot.gateway.requests.calendar_bars import joined
from bot.gateway.requests.client import Client, Routes
from bot.gateway.requests.feeds import Feeds
from bot.gateway.requests.lookup import invalid, only_match
from bot.gateway.requests.schedule import SCHEDULE, SCHEDULE_SINCE, tell_schedule
from bot.gateway.requests.spans import DAY, Duration, bar_seconds, duration
from bot.gateway.requests.times import TWS_ZONE, parse_time

EPOCH_FORMAT = 2
_KINDS = frozenset(
    {
        "TRADES",
        "MIDPOINT",
        "BID",
        "ASK",
        "BID_ASK",
        "HISTORICAL_VOLATILITY",
        "OPTION_IMPLIED_VOLATILITY",
        "ADJUSTED_LAST",
        SCHEDULE,
    }
)
_FAILED = "Historical Market Data Service error message:"


@dataclass(slots=True, kw_only=True)
class Feed:
    """Hold a history request, and what its client saw last if it keeps itself up to date."""

    client: Client
    request_id: int
    contract: Contract
    what: str
    step_s: int
    rth: bool
    format_date: int
    shown: dict[datetime, HistoryBar] = field(default_factory=dict)


class HistoryDesk:
    """Answer history requests from the market's own past."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._feeds: Feeds[Feed] = Feeds()

    def routes(self) -> Routes:
        """Return which request each method answers."""
        return {
            inbound.REQ_HISTORY.id: self.bars,
            inbound.CANCEL_HISTORY.id: self.cancel,
            inbound.REQ_HEAD_TIMESTAMP.id: self.head,
            inbound.CANCEL_HEAD_TIMESTAMP.id: _ignore,
        }

    def forget(self, client: Client) -> None:
        """Drop the feeds of a client that has gone."""
        self._feeds = self._feeds.without(client)

    def contract(self, client: Client, request_id: int) -> Contract | None:
        """Return the contract of a feed, `None` when the client has none under this id."""
        return self._feeds.contract(client, request_id)

    def bars(self, client: Client, values: Values) -> None:
        """Send the bars asked for; with keepUpToDate, then every change of the last ones."""
        feed, length = self._feed(client, values)
        keep = values["keepUpToDate"]
        if keep and values["end"]:
            raise invalid("End date not supported with keepUpToDate")
        if keep and feed.step_s > DAY:
            raise invalid("Bars that keep themselves up to date are of one day at most")
        now = self._market.now
        end = min(parse_time(values["end"]), now) if values["end"] else now
        if feed.what == SCHEDULE:
            tell_schedule(client, self._market, feed.request_id, feed.contract, length, end, rth=feed.rth)
            return
        start = self._start(feed, length, end)
        step_s = min(feed.step_s, DAY)
        bars = self._market.bars(feed.contract.con_id, feed.what, start, end, step_s, rth=feed.rth)
        bars = joined(bars, feed.step_s)
        if not bars:
            named = f"{feed.contract.symbol}@{feed.contract.exchange} {feed.what.capitalize()}"
            raise RequestProblem(162, f"{_FAILED}HMDS query returned no data: {named}")
        client.send(
            outbound.HISTORY,
            reqId=feed.request_id,
            start=_local(start),
            end=_local(end),
            bars=self._rows(feed, bars),
        )
        if keep:
            feed.shown = {bar.start: bar for bar in bars[-2:]}
            self._feeds[client, feed.request_id] = feed

    def _feed(self, client: Client, values: Values) -> tuple[Feed, Duration]:
        what = values["what"].upper()
        if what not in _KINDS or (what == SCHEDULE and client.version < SCHEDULE_SINCE):
            raise invalid(f"Invalid what to show '{values['what']}': expected one of {', '.join(sorted(_KINDS))}")
        if values["formatDate"] not in (1, EPOCH_FORMAT):
            raise invalid(f"Invalid date format {values['formatDate']}: expected 1 or 2")
        step_s, length = bar_seconds(values["barSize"]), duration(values["duration"])
        contract = only_match(self._market, values)
        feed = Feed(
            client=client,
            request_id=values["reqId"],
            contract=contract,
            what=what,
            step_s=step_s,
            rth=values["useRth"],
            format_date=values["formatDate"],
        )
        return feed, length

    def _start(self, feed: Feed, length: Duration, end: datetime) -> datetime:
        if length.unit != "D":
            return end - timedelta(seconds=length.seconds)
        zone = ZoneInfo(self._market.zone(feed.contract.con_id))
        last = (end - timedelta(microseconds=1)).astimezone(zone).date()
        first = last - timedelta(days=2 * length.count + 10)
        hours = self._market.hours(feed.contract.con_id, first, (last - first).days + 2)
        opens = [start for start in _session_starts(hours[1] if feed.rth else hours[0], zone) if start < end]
        if len(opens) < length.count:
            return opens[0] if opens else end - timedelta(seconds=length.seconds)
        return opens[-length.count]

    def cancel(self, client: Client, values: Values) -> None:
        """End a feed that keeps itself up to date; TWS confirms with code 162."""
        request_id = values["reqId"]
        if self._feeds.pop((client, request_id), None) is None:
            raise RequestProblem(366, f"No historical data query found for ticker id:{request_id}")
        raise RequestProblem(162, f"{_FAILED}API historical data query cancelled: {request_id}")

    def publish(self) -> None:
        """Send the bars of every feed that have changed or begun since the last time."""
        now = self._market.now
        for feed in self._feeds.values():
            start = max(feed.shown)
            bars = self._market.bars(feed.contract.con_id, feed.what, start, now, feed.step_s, rth=feed.rth)
            for bar in bars:
                if feed.shown.get(bar.start) != bar:
                    values = _bar_values(bar, self._date(feed, bar))
                    feed.client.send(outbound.HISTORY_UPDATE, reqId=feed.request_id, **values)
            if bars:
                feed.shown = {bar.start: bar for bar in bars[-2:]}

    def head(self, client: Client, values: Values) -> None:
        """Send where the history of a contract begins."""
        feed = Feed(
            client=client,
            request_id=values["reqId"],
            contract=only_match(self._market, values),
            what=values["what"].upper(),
            step_s=DAY,
            rth=values["useRth"],
            format_date=values["formatDate"] or 1,
        )
        begin = datetime(1990, 1, 1, tzinfo=UTC)
        bars = self._market.bars(feed.contract.con_id, feed.what, begin, self._market.now, DAY, rth=feed.rth)
        if not bars:
            raise RequestProblem(162, f"{_FAILED}No head time stamp")
        at = bars[0].start
        text = str(int(at.timestamp())) if feed.format_date == EPOCH_FORMAT else f"{at:%Y%m%d-%H:%M:%S}"
        client.send(outbound.HEAD_TIMESTAMP, reqId=feed.request_id, time=text)

    def _rows(self, feed: Feed, bars: Sequence[HistoryBar]) -> list[Values]:
        if not isinstance(bars, Bars):
            return [_bar_values(bar, self._date(feed, bar)) for bar in bars]
        form = (feed.format_date, feed.step_s)
        rows = bars.rows.get(form)
        if rows is None:
            rows = bars.rows[form] = Rows([_bar_values(bar, self._date(feed, bar)) for bar in bars])
        return rows

    def _date(self, feed: Feed, bar: HistoryBar) -> str:
        if feed.step_s < DAY and feed.format_date == EPOCH_FORMAT:
            return str(int(bar.start.timestamp()))
        zone = self._market.zone(feed.contract.con_id)
        local = bar.start.astimezone(ZoneInfo(zone))
        if feed.step_s >= DAY:
            return f"{_trade_date(local):%Y%m%d}"
        return f"{local:%Y%m%d %H:%M:%S} {zone}"


def _ignore(_: Client, __: Values) -> None:
    """Accept the end of a request that has been answered already."""


def _local(at: datetime) -> str:
    return f"{at.astimezone(TWS_ZONE):%Y%m%d %H:%M:%S} {TWS_ZONE.key}"


def _trade_date(local: datetime) -> date:
    """Return the trade date of a daily bar: a session that opens in the afternoon belongs to the next day."""
    evening = 15
    return local.date() + timedelta(days=1) if local.hour >= evening else local.date()


def _bar_values(bar: HistoryBar, text: str) -> Values:
    return {
        "date": text,
        "open": bar.open,
        "high": bar.high,
        "low": bar.low,
        "close": bar.close,
        "volume": bar.volume,
        "wap": bar.wap,
        "count": bar.count,
    }


@lru_cache(maxsize=64)
def _session_starts(hours: str, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return the opening instants in an hours string such as `20180204:1700-20180205:1515;20180206:CLOSED`."""
    starts = []
    for part in hours.split(";"):
        opening, dash, _ = part.partition("-")
        if dash:
            local = datetime.strptime(opening, "%Y%m%d:%H%M").replace(tzinfo=zone)
            starts.append(local.astimezone(UTC))
    return tuple(sorted(starts))
