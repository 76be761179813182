"""Keep one instrument's market: every field with the bot's time of its last tick, cleaned of IB's sentinels."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from strategies.alvh.records import Greeks, GreeksSource, Quote

UNSET = 1e15  # no price, size or value is as large; IB means unset by its largest double, integer and long
_PRICE_TICKS = {1: "bid", 66: "bid", 2: "ask", 67: "ask", 4: "last", 68: "last", 9: "close", 75: "close"}
_SIZE_TICKS = {0: "bid", 69: "bid", 3: "ask", 70: "ask", 5: "last", 71: "last"}
_OPEN_TICKS = {14: "open", 76: "open"}
_DELAYED_TICKS = range(66, 84)
_MARKET_FIELDS = ("bid", "ask", "last")
LIVE = 1
CLOCK_SLACK_S = 2.0  # by which a time service may set the clock back
IB = GreeksSource.IB


def clean_price(value: Any, *, zero_is_value: bool = False) -> float | None:
    """Return a price, or `None` for what IB sends in place of one: NaN, -1, 0 and DBL_MAX."""
    number = clean_number(value)
    if number is None or number < 0.0 or (number == 0.0 and not zero_is_value):
        return None
    return number


def clean_number(value: Any) -> float | None:
    """Return a finite number that is not too large to be one, or `None`."""
    if type(value) is float and -UNSET < value < UNSET:
        return value
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < UNSET else None


def clean_size(value: Any) -> float | None:
    """Return a size from 0 on, or `None`."""
    number = clean_number(value)
    return None if number is None or number < 0.0 else number


@dataclass(frozen=True, slots=True)
class Model:
    """Hold one computation of an option by IB's model, cleaned."""

    iv: float
    delta: float
    gamma: float
    vega: float
    theta: float
    underlying: float | None

    def aged(self, age_s: float) -> Greeks:
        """Return the greeks as they are so many seconds later."""
        return Greeks(
            iv=self.iv,
            delta=self.delta,
            gamma=self.gamma,
            vega=self.vega,
            theta=self.theta,
            underlying=self.underlying,
            age_s=age_s,
            source=IB,
        )


def seconds_since(at: datetime, now: datetime) -> float | None:
    """Return the age of what came at an instant; `None` when the clock was set back since and nobody knows it."""
    age_s = (now - at).total_seconds()
    return None if age_s < -CLOCK_SLACK_S else max(0.0, age_s)


def clean_model(raw: Any) -> Model | None:
    """Return the model's computation, or `None` when a needed part is missing or a sentinel (-1, -2, DBL_MAX)."""
    iv, delta = clean_number(raw.impliedVol), clean_number(raw.delta)
    gamma, vega, theta = clean_number(raw.gamma), clean_number(raw.vega), clean_number(raw.theta)
    if iv is None or delta is None or gamma is None or vega is None or theta is None:
        return None
    if iv <= 0.0 or abs(delta) > 1.0 or gamma < 0.0 or vega < 0.0 or theta == -2.0:
        return None
    return Model(iv, delta, gamma, vega, theta, clean_price(raw.undPrice))


@dataclass(slots=True, kw_only=True)
class Line:
    """Hold one market-data line. A count (advancers, decliners) may be zero, a price may not."""

    con_id: int
    is_count: bool = False
    values: dict[str, float | None] = field(default_factory=dict)
    ticked_at: dict[str, datetime] = field(default_factory=dict)
    changed_at: datetime | None = None
    model: Model | None = None
    model_at: datetime | None = None
    delayed: bool = False
    refused: str = ""
    code: int | None = None  # of the frame that refused it
    _shown: tuple[datetime, Quote] | None = None  # the quote of an instant, until a tick changes it

    def tick(self, tick_type: int, price: float, size: float, now: datetime) -> None:
        """Take one price tick by IB's tick type."""
        name = _PRICE_TICKS.get(tick_type) or _OPEN_TICKS.get(tick_type)
        if name is None:
            return
        self.set_delayed(tick_type in _DELAYED_TICKS)
        self.put(name, clean_price(price, zero_is_value=self.is_count), now)
        if name in ("bid", "ask"):
            self.put(f"{name}_size", clean_size(size), now)

    def size_tick(self, tick_type: int, size: float, now: datetime) -> None:
        """Take a size that came alone: IB sends what changed, so the price of that side still stands."""
        name = _SIZE_TICKS.get(tick_type)
        if name is not None and self.values.get(name) is not None:
            self.values[f"{name}_size"] = clean_size(size)
            self.ticked_at[name] = now
            self._shown = None

    def put(self, name: str, value: float | None, now: datetime) -> None:
        """Store one field and the time of its tick."""
        if name in _MARKET_FIELDS and (name not in self.values or self.values[name] != value):
            self.changed_at = now
        self.values[name] = value
        self.ticked_at[name] = now
        self._shown = None

    def refresh(self, ticker: Any, now: datetime) -> None:
        """Take what only the library's ticker carries: sizes that came alone, greeks, the halt flag, the data type."""
        values, bid_size, ask_size = self.values, clean_size(ticker.bidSize), clean_size(ticker.askSize)
        if bid_size is not None:
            values["bid_size"] = bid_size
        if ask_size is not None:
            values["ask_size"] = ask_size
        self.set_delayed(self.delayed or ticker.marketDataType != LIVE)
        values["halted"] = clean_number(ticker.halted)
        self._shown = None
        if ticker.modelGreeks is not None:
            self.model, self.model_at = clean_model(ticker.modelGreeks), now
            ticker.modelGreeks = None

    def quote(self, now: datetime) -> Quote:
        """Return the market; its age is that of the older side, or of the last price where there are no sides."""
        if self._shown is not None and self._shown[0] == now:
            return self._shown[1]
        value, at = self.values.get, self.oldest_tick()
        quote = Quote(
            bid=value("bid"),
            ask=value("ask"),
            last=value("last"),
            bid_size=value("bid_size"),
            ask_size=value("ask_size"),
            age_s=None if at is None else seconds_since(at, now),
            delayed=self.delayed,
            halted=(value("halted") or 0.0) > 0.0,
        )
        self._shown = (now, quote)
        return quote

    def oldest_tick(self) -> datetime | None:
        """Return when the staler side of the market last ticked; without sides, when the last price did."""
        bid, ask = self.ticked_at.get("bid"), self.ticked_at.get("ask")
        if bid is None or ask is None:
            return bid or ask or self.ticked_at.get("last")
        return min(bid, ask)

    @property
    def latest(self) -> datetime | None:
        """Return when anything of the market last ticked."""
        return max(self.ticked_at.values(), default=None)

    def greeks(self, now: datetime) -> Greeks | None:
        """Return the model's greeks with their age, or `None`."""
        age_s = None if self.model_at is None else seconds_since(self.model_at, now)
        return None if self.model is None or age_s is None else self.model.aged(age_s)

    def unchanged_s(self, now: datetime) -> float | None:
        """Return the seconds since bid, ask or last changed."""
        return None if self.changed_at is None else (now - self.changed_at).total_seconds()

    def forget_delay(self) -> None:
        """Start over: a renewed subscription says again whether it is live."""
        self.set_delayed(False)
        self.refused, self.code = "", None

    def set_delayed(self, is_delayed: bool) -> None:
        """Say whether what this line shows is delayed."""
        if is_delayed != self.delayed:
            self.delayed, self._shown = is_delayed, None
