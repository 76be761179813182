"""Limit how much a client may ask: pacing of history, messages in a second, and history that is not whole."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from bot.gateway.faults.keys import AT, CLIENT, CONTRACTS, DAILY, FOR_EVER, OCCASIONS, Key, Keys, lasts, one_of
from bot.gateway.faults.parcel import Parcel
from bot.gateway.faults.records import Fault
from bot.gateway.faults.trouble import ALL, Kind, Trouble
from bot.gateway.messages import outbound
from bot.gateway.messages.values import Values

if TYPE_CHECKING:
    from bot.gateway.faults.interposer import Interposer
    from bot.gateway.session import Session

_FAILED = "Historical Market Data Service error message:"
_TEXTS = {
    162: f"{_FAILED}Historical data request pacing violation",
    321: "Error validating request.-'bN' : cause - Historical data queries on this contract requires requesting market "
    "data first",
    366: "No historical data query found for ticker id",
    100: "Max rate of messages per second has been exceeded",
}
_HISTORY = frozenset({"reqHistoricalData"})


class Refusing(Trouble):
    """Refuse requests with an error under their own id."""

    def refuse(self, parcel: Parcel, code: int, text: str = "") -> list[Parcel]:
        """Answer with the error and let nobody else see the request."""
        self.note(f"refused with {code}", parcel.session, parcel.name)
        request_id = parcel.values.get("reqId", -1)
        self.house.say(parcel.session, outbound.ERROR, id=request_id, code=code, text=text or _TEXTS.get(code, "Error"))
        return []

    def is_asked(self, parcel: Parcel) -> bool:
        """Say whether a request is about a contract that the fault is about."""
        return self.is_about(self.house.requested(parcel.values))


class Pacing(Refusing):
    """Refuse requests for history, whatever their pace."""

    hears_in = _HISTORY

    def incoming(self, parcel: Parcel) -> list[Parcel] | None:
        """Refuse one that is struck, or leave it unanswered."""
        if not self.is_asked(parcel) or not self.strikes():
            return None
        if self.said["code"] == 0:
            self.note("unanswered", parcel.session, parcel.name)
            return []
        return self.refuse(parcel, self.said["code"])


class HistoryBudget(Refusing):
    """Refuse requests for history beyond a budget: so many in a window, and the same one not twice within seconds."""

    hears_in = _HISTORY

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        self._asked: dict[Session, deque[datetime]] = defaultdict(deque)
        self._last: dict[tuple[Session, str], datetime] = {}

    def incoming(self, parcel: Parcel) -> list[Parcel] | None:
        """Count a request, and refuse it when it is one too many."""
        now = self.house.market.now
        asked = self._asked[parcel.session]
        while asked and asked[0] <= now - timedelta(seconds=self.said["window_s"]):
            asked.popleft()
        asked.append(now)
        key = (parcel.session, "\0".join(parcel.split()[2:]))
        last, self._last[key] = self._last.get(key), now
        is_same = last is not None and now - last < timedelta(seconds=self.said["same_s"])
        if len(asked) > self.said["limit"] or is_same:
            return self.refuse(parcel, 162)
        return None


class RateLimit(Trouble):
    """Answer 100 to every message beyond a rate, and hang up on a client that goes on."""

    hears_in = ALL

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        self._second: dict[Session, tuple[int, int]] = {}
        self._warned: dict[Session, int] = defaultdict(int)

    def incoming(self, parcel: Parcel) -> list[Parcel] | None:
        """Count a message in its second of the market."""
        session, second = parcel.session, int(self.house.market.now.timestamp())
        before = self._second.get(session, (second, 0))
        count = before[1] + 1 if before[0] == second else 1
        self._second[session] = (second, count)
        if count <= self.said["limit"]:
            return None
        self._warned[session] += 1
        self.note(f"message {count} of the second, 100", session, parcel.name)
        self.house.say(session, outbound.ERROR, id=-1, code=100, text=_TEXTS[100])
        if self.said["close_after"] and self._warned[session] >= self.said["close_after"]:
            self.note("connection closed", session)
            session.close()
        return []


class History(Refusing):
    """Answer requests for history with bars that are not whole or not true."""

    hears_out = frozenset({"historicalData"})

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Change the bars."""
        contract = self.house.contract(parcel.session, parcel.values.get("reqId"))
        if not self.is_about(contract) or not self.strikes():
            return None
        how = self.said["how"]
        self.note(f"bars {how}", parcel.session, parcel.name)
        if how == "empty":
            text = f"{_FAILED}HMDS query returned no data"
            self.house.say(parcel.session, outbound.ERROR, id=parcel.values["reqId"], code=162, text=text)
            return []
        return [parcel.saying(bars=self._bars(parcel.values["bars"]))]

    def _bars(self, bars: list[Values]) -> list[Values]:
        if self.said["how"] == "short":
            return bars[: max(len(bars) - self.said["bars"], 0)]
        if self.said["how"] == "gap":
            middle = len(bars) // 2
            return bars[:middle] + bars[middle + self.said["bars"] :]
        if self.said["how"] == "twice":
            return [bar for bar in bars for _ in range(2)]
        zero = {"open": 0.0, "high": 0.0, "low": 0.0, "close": 0.0, "wap": 0.0}
        return bars[: -self.said["bars"]] + [bar | zero for bar in bars[-self.said["bars"] :]]


_SPAN = (AT, lasts(600.0, 60.0, 600.0, 3600.0), DAILY, CLIENT)
KINDS = (
    Kind(
        name="pacing",
        rows=("F10",),
        words="Requests for history are refused (162 pacing, 366, 321) or not answered at all.",
        keys=Keys(
            known=(
                *_SPAN,
                CONTRACTS,
                *OCCASIONS,
                Key(name="code", default=162, words="the code; 0: no answer", low=0, typical=(162, 366, 321, 0)),
            )
        ),
        make=Pacing,
    ),
    Kind(
        name="history-budget",
        rows=("F10",),
        words="IB's limits on history: 60 requests in ten minutes, the same one not twice in 15 seconds; beyond, 162.",
        keys=Keys(
            known=(
                AT,
                lasts(FOR_EVER, 3600.0),
                DAILY,
                CLIENT,
                Key(name="limit", default=60, words="requests in a window", low=0, typical=(60, 6)),
                Key(name="window_s", default=600.0, words="the window", low=0.0),
                Key(name="same_s", default=15.0, words="seconds between two that are the same", low=0.0),
            )
        ),
        make=HistoryBudget,
    ),
    Kind(
        name="rate-limit",
        rows=("F11",),
        words="Messages beyond so many in a second of the market are refused with 100 and lost; who goes on is hung up "
        "on.",
        keys=Keys(
            known=(
                *_SPAN,
                Key(name="limit", default=50, words="messages in a second", low=1, typical=(50, 100)),
                Key(name="close_after", default=0, words="refusals until the connection is closed; 0: never", low=0),
            )
        ),
        make=RateLimit,
    ),
    Kind(
        name="history",
        rows=("F10", "F25"),
        words="History comes empty (162), without its last bars, with a gap, with every bar twice, or with zero bars.",
        keys=Keys(
            known=(
                *_SPAN,
                CONTRACTS,
                *OCCASIONS,
                one_of("how", "what is wrong with it", ("empty", "short", "gap", "twice", "zero")),
                Key(name="bars", default=1, words="how many bars", low=1, typical=(1, 5, 50)),
            )
        ),
        make=History,
    ),
)
