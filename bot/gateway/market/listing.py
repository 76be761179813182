"""List the contracts: their names with IB's quirks, their expiries by rule, and conIds that encode what they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache

from bot.gateway.market.sessions import NEW_YORK, Timetable
from bot.gateway.records import Contract

INDEX_IDS = {
    "SPX": 416904,
    "VIX": 13455763,
    "VIX9D": 296574745,
    "VIX3M": 296574748,
    "VVIX": 104672519,
    "AD-NYSE": 26718735,
    "TICK-NYSE": 26718738,
}
INDEX_NAMES = {
    "SPX": "S&P 500 Stock Index",
    "VIX": "CBOE Volatility Index",
    "VIX9D": "CBOE S&P 500 9-Day Volatility Index",
    "VIX3M": "CBOE S&P 500 3-Month Volatility Index",
    "VVIX": "CBOE VIX Volatility Index",
    "AD-NYSE": "NYSE Advance/Decline Index",
    "TICK-NYSE": "NYSE Cumulative Tick Index",
}
MONTH_CODES = "FGHJKMNQUVXZ"
RULE_CENT, RULE_OPTION, RULE_VX = 26, 32, 239
MARKET_RULES: dict[int, tuple[tuple[float, float], ...]] = {
    RULE_CENT: ((0.0, 0.01),),
    RULE_OPTION: ((0.0, 0.05), (3.0, 0.10)),
    RULE_VX: ((0.0, 0.05),),
}
_VX_BASE, _VXM_BASE, _OPTION_BASE = 500_000_000, 510_000_000, 700_000_000
_EPOCH = date(2010, 1, 1)


class OptionClass(StrEnum):
    """Name the option classes; AM-settled ones stop trading on the day before they settle."""

    SPX = "SPX"
    SPXW = "SPXW"
    VIX = "VIX"

    @property
    def underlying(self) -> str:
        """Return the symbol of the index."""
        return "VIX" if self is OptionClass.VIX else "SPX"

    @property
    def settles_in_the_morning(self) -> bool:
        """Say whether the opening print of the settlement day decides."""
        return self is not OptionClass.SPXW

    @property
    def strike_step(self) -> float:
        """Return the grid on which strikes are encoded."""
        return 0.5 if self is OptionClass.VIX else 5.0


_CLASSES = tuple(OptionClass)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """Hold one expiry of an option class: IB's date text, the last trading day, the settlement day and instant."""

    option_class: OptionClass
    text: str
    last_trade: date
    settles_on: date
    settles_at: datetime


def third_friday(year: int, month: int) -> date:
    """Return the third Friday of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(4 - first.weekday()) % 7 + 14)


def vx_settlement_day(year: int, month: int, timetable: Timetable) -> date:
    """Return the final settlement day of the VX monthly: 30 days before the next month's third Friday.

    If that Friday or that Wednesday is a holiday, the business day before it counts (docs/method.md, contract facts).
    """
    friday = third_friday(year + month // 12, month % 12 + 1)
    return timetable.on_or_before(timetable.on_or_before(friday) - timedelta(days=30))


@lru_cache(maxsize=8192)
def option_expiry(option_class: OptionClass, settles_on: date, timetable: Timetable) -> Expiry:
    """Return the expiry of a class that settles on a day."""
    morning = option_class.settles_in_the_morning
    last = timetable.before(settles_on) if morning else settles_on
    half = timetable.is_half(settles_on)
    at = time(9, 30) if morning else time(13 if half else 16)
    settles_at = datetime.combine(settles_on, at, NEW_YORK).astimezone(UTC)
    return Expiry(
        option_class=option_class, text=f"{last:%Y%m%d}", last_trade=last, settles_on=settles_on, settles_at=settles_at
    )


@lru_cache(maxsize=16)
def index_contract(symbol: str) -> Contract:
    """Return the contract of an index."""
    exchange = "NYSE" if symbol.endswith("-NYSE") else "CBOE"
    return Contract(
        con_id=INDEX_IDS[symbol],
        symbol=symbol,
        sec_type="IND",
        exchange=exchange,
        local_symbol=symbol,
        long_name=INDEX_NAMES[symbol],
        market_rule_id=RULE_CENT,
        valid_exchanges=exchange,
        order_types="",
    )


def future_id(settles_on: date, *, mini: bool) -> int:
    """Return the conId of a VX or VXM monthly."""
    return (_VXM_BASE if mini else _VX_BASE) + int(f"{settles_on:%y%m%d}")


@lru_cache(maxsize=256)
def future_contract(settles_on: date, *, mini: bool) -> Contract:
    """Return a VX or VXM monthly; beware that VX June is `VXM` followed by a year, as in IB's own local symbols."""
    symbol, name = ("VXM", "VXM") if mini else ("VIX", "VX")
    code = f"{MONTH_CODES[settles_on.month - 1]}{settles_on.year % 10}"
    return Contract(
        con_id=future_id(settles_on, mini=mini),
        symbol=symbol,
        sec_type="FUT",
        exchange="CFE",
        expiry=f"{settles_on:%Y%m%d}",
        multiplier="100" if mini else "1000",
        local_symbol=name + code,
        trading_class=name,
        long_name="Mini Cboe Volatility Index Futures" if mini else "CBOE Volatility Index",
        min_tick=0.01 if mini else 0.05,
        market_rule_id=RULE_CENT if mini else RULE_VX,
        underlying_con_id=INDEX_IDS["VIX"],
        contract_month=f"{settles_on:%Y%m}",
        settles_at=datetime.combine(settles_on, time(9, 30), NEW_YORK).astimezone(UTC),
        valid_exchanges="CFE",
    )


@lru_cache(maxsize=256)
def future_of(con_id: int) -> tuple[date, bool] | None:
    """Return (settlement day, is it a mini) of a future's conId, `None` when it is none."""
    for base, mini in ((_VX_BASE, False), (_VXM_BASE, True)):
        rest = con_id - base
        if 100101 <= rest <= 991231:
            try:
                return date(2000 + rest // 10000, rest // 100 % 100, rest % 100), mini
            except ValueError:
                return None
    return None


def option_id(expiry: Expiry, strike: float, right: str) -> int:
    """Return the conId of an option: class, settlement day, strike and right packed into one number."""
    steps = round(strike / expiry.option_class.strike_step)
    days = (expiry.settles_on - _EPOCH).days
    packed = ((_CLASSES.index(expiry.option_class) * 8192 + days) * 4096 + steps) * 2 + (right == "P")
    return _OPTION_BASE + packed


@lru_cache(maxsize=65536)
def option_of(con_id: int) -> tuple[OptionClass, date, float, str] | None:
    """Return (class, settlement day, strike, right) of an option's conId, `None` when it is none."""
    packed = con_id - _OPTION_BASE
    if not 0 <= packed < len(_CLASSES) * 8192 * 4096 * 2:
        return None
    right = "P" if packed % 2 else "C"
    steps = packed // 2 % 4096
    days = packed // 8192 % 8192
    option_class = _CLASSES[packed // (8192 * 8192)]
    return option_class, _EPOCH + timedelta(days=days), steps * option_class.strike_step, right


@lru_cache(maxsize=65536)
def option_contract(expiry: Expiry, strike: float, right: str) -> Contract:
    """Return an option with IB's date text and an OCC-like local symbol."""
    name = expiry.option_class.value
    return Contract(
        con_id=option_id(expiry, strike, right),
        symbol=expiry.option_class.underlying,
        sec_type="OPT",
        exchange="SMART",
        expiry=expiry.text,
        strike=strike,
        right=right,
        multiplier="100",
        local_symbol=f"{name:<6}{expiry.settles_on:%y%m%d}{right}{round(strike * 1000):08d}",
        trading_class=name,
        long_name=INDEX_NAMES[expiry.option_class.underlying],
        min_tick=0.05,
        market_rule_id=RULE_OPTION,
        underlying_con_id=INDEX_IDS[expiry.option_class.underlying],
        contract_month=f"{expiry.settles_on:%Y%m}",
        settles_at=expiry.settles_at,
        valid_exchanges="SMART,CBOE",
    )
