"""Sum a story up: the object that `alvh demo --json` prints, and the words of its summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from bot.report.story import Teller, Trade
from strategies.alvh.policy import Profile
from strategies.alvh.records import Side

NEW_YORK = ZoneInfo("America/New_York")
CALL_MULTIPLIER = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Name the run that a story tells of."""

    mode: str
    scenario: str
    title: str
    seed: int
    account: str
    journal: str
    digest: str
    report: str
    library: str
    settings: tuple[str, ...] = ()  # those that the scenario brings along


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Hold a finished run and answer what a summary asks of it."""

    run: Run
    teller: Teller
    trades: tuple[Trade, ...]

    @property
    def mode(self) -> str:
        """Return the mode's name."""
        return self.run.mode

    @property
    def bought(self) -> tuple[Trade, ...]:
        """Return the filled buys in order of time."""
        return tuple(trade for trade in self.trades if trade.side is Side.BUY)

    @property
    def sold(self) -> tuple[Trade, ...]:
        """Return the filled sales in order of time."""
        return tuple(trade for trade in self.trades if trade.side is Side.SELL)

    def as_json(self) -> dict[str, Any]:
        """Return the run as one object; times in UTC, money in dollars, hedge sizes in minis (1 VX = 10).

        Orders in VIX calls stand in `calls`; `tranches`, `unwinds` and the hedge sizes are of futures alone.
        """
        teller = self.teller
        return {
            "mode": self.run.mode,
            "scenario": self.run.scenario,
            "seed": self.run.seed,
            "account": self.run.account,
            "client_library": self.run.library,
            "profile": self.profile,
            "wakeups": self.wakeups,
            "explained": self.explained,
            "orders_sent": teller.orders_sent,
            "tranches": [self._tranche(trade) for trade in self.bought if not trade.layer],
            "unwinds": [self._unwind(trade) for trade in self.sold if not trade.layer],
            "calls": [self._call(trade) for trade in self.trades if trade.layer],
            "refusals": dict(teller.refusals.most_common()),
            "max_hedge_contracts": teller.max_minis,
            "hedge_contracts_at_close": teller.minis,
            "max_calls": teller.max_calls,
            "calls_at_close": teller.calls,
            "hedge_pnl_usd": _cents(teller.hedge_pnl()),
            "hedge_fees_usd": _cents(teller.fees),
            "book_pnl_usd": _cents(teller.book_pnl()),
            "journal": self.run.journal,
            "journal_digest": self.run.digest,
            "report": self.run.report,
        }

    @property
    def profile(self) -> str:
        """Return the method's profile that was in force."""
        return str(self.teller.start.get("policy", {}).get("profile", Profile.STEWARD))

    @property
    def wakeups(self) -> int:
        """Count the wake-ups of the run, those that could not look included."""
        return len(self.teller.points) + self.teller.missed

    @property
    def explained(self) -> int:
        """Count the wake-ups that left a reason in the journal."""
        return sum(bool(point.summary) for point in self.teller.points) + self.teller.missed

    def page_facts(self) -> dict[str, Any]:
        """Return what the page's text and tables show."""
        return {
            "mode": self.run.mode,
            "title": self.run.title,
            "account": self.run.account,
            "period": self.period(),
            "wakeups": self.wakeups,
            "explained": self.explained,
            "tranches": [_row(trade) for trade in self.bought],
            "unwinds": [_row(trade) for trade in self.sold],
            "refusals": [
                {"reason": reason, "count": count, "words": self.teller.example(reason)}
                for reason, count in self.teller.refusals.most_common(12)
            ],
            "journal": self.run.journal,
            "journal_digest": self.run.digest,
        }

    def period(self) -> str:
        """Return the first and last wake-up in New York time."""
        if not self.teller.points:
            return "no wake-up"
        first, last = (self.teller.points[k].at.astimezone(NEW_YORK) for k in (0, -1))
        return f"{first:%a %d %b %Y %H:%M} to {last:%a %d %b %Y %H:%M}"

    def cards(self) -> list[dict[str, str]]:
        """Return the key figures: label, value and a word of explanation."""
        teller = self.teller
        book, hedge = teller.book_pnl(), teller.hedge_pnl()
        both = None if book is None or hedge is None else book + hedge
        vix = [point.vix for point in teller.points if point.vix is not None]
        span = f"{vix[0]:.2f} → {vix[-1]:.2f}" if vix else "-"
        return [
            {"label": "VIX, first and last", "value": span, "note": f"high {max(vix):.2f}" if vix else ""},
            {"label": "Book alone", "value": dollars(book), "note": "condors at mid"},
            {"label": "Hedge", "value": dollars(hedge), "note": f"fees {dollars(teller.fees)}"},
            {"label": "Book with hedge", "value": dollars(both), "note": ""},
            {"label": "Largest hedge", "value": f"{teller.max_minis} minis", "note": "10 minis = 1 VX"},
            *self._calls_card(),
            {"label": "Hedge at the end", "value": f"{teller.minis} minis", "note": _left(teller.calls)},
            {"label": "Orders sent", "value": str(teller.orders_sent), "note": f"{len(self.trades)} filled"},
        ]

    def opening(self) -> str:
        """Return the first words of the side panel."""
        if self.teller.moments:
            return "Choose a moment below or a marker in the chart."
        return f"Nothing was traded in {self.wakeups} wake-ups. {self.why_none()}"

    def why_none(self) -> str:
        """Say what most often kept the bot from opening."""
        common = self.teller.refusals.most_common(1)
        if not common:
            return ""
        reason, count = common[0]
        return f"Most often ({count} times in {self.wakeups} wake-ups): {self.teller.example(reason)}."

    def _calls_card(self) -> list[dict[str, str]]:
        """Return the card of VIX calls, in runs that bought any."""
        paid = sum(trade.quantity * trade.price for trade in self.bought if trade.layer) * CALL_MULTIPLIER
        if not paid:
            return []
        return [{"label": "Most VIX calls", "value": str(self.teller.max_calls), "note": f"premium {dollars(paid)}"}]

    def _call(self, trade: Trade) -> dict[str, Any]:
        return {
            "time": trade.at.isoformat(),
            "side": str(trade.side),
            "contract": trade.contract,
            "quantity": trade.quantity,
            "price": round(trade.price, 4),
            "premium_usd": _cents(trade.quantity * trade.price * CALL_MULTIPLIER),
            "layer": trade.layer,
            "purpose": str(trade.purpose),
            "reason": trade.reason,
        }

    def _tranche(self, trade: Trade) -> dict[str, Any]:
        return {
            "time": trade.at.isoformat(),
            "contract": trade.contract,
            "quantity": trade.quantity,
            "price": round(trade.price, 4),
            "tranche": trade.tranche,
            "vega_before_usd_per_point": _cents(trade.vega_before),
            "vega_after_usd_per_point": _cents(trade.vega_after),
            "reason": trade.reason,
        }

    def _unwind(self, trade: Trade) -> dict[str, Any]:
        return {
            "time": trade.at.isoformat(),
            "contract": trade.contract,
            "quantity": trade.quantity,
            "price": round(trade.price, 4),
            "stage": trade.stage_name,
            "reason": trade.reason,
        }


def _left(calls: int) -> str:
    return f"and {calls} VIX calls" if calls else ""


def dollars(amount: float | None) -> str:
    """Return whole dollars with a sign, or a dash when unknown."""
    return "-" if amount is None else f"{'-' if round(amount) < 0 else ''}${abs(amount):,.0f}"


def _row(trade: Trade) -> dict[str, Any]:
    return {
        "clock": f"{trade.at.astimezone(NEW_YORK):%a %H:%M:%S}",
        "quantity": trade.quantity,
        "contract": trade.contract,
        "price_text": f"{trade.price:.3f}",
        "before_text": dollars(trade.vega_before),
        "after_text": dollars(trade.vega_after),
        "stage": trade.stage_name,
        "reason": trade.reason,
    }


def _cents(amount: float | None) -> float | None:
    return None if amount is None else round(float(amount), 2)
