"""Answer lists that are empty, not whole or never end, contracts that are not what they seem, and false what-ifs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from bot.gateway.faults.keys import AT, CLIENT, CONTRACTS, DAILY, OCCASIONS, Key, Keys, lasts, one_of
from bot.gateway.faults.pacing import Refusing
from bot.gateway.faults.parcel import Parcel
from bot.gateway.faults.records import Fault
from bot.gateway.faults.trouble import Kind, Trouble
from bot.gateway.messages.values import Values
from bot.gateway.records import PositionReport

if TYPE_CHECKING:
    from bot.gateway.faults.interposer import Interposer

HELD = frozenset({"position", "positionMulti", "updatePortfolio"})
ENDS = (
    "positionEnd",
    "positionMultiEnd",
    "openOrderEnd",
    "completedOrdersEnd",
    "execDetailsEnd",
    "accountDownloadEnd",
    "accountSummaryEnd",
    "accountUpdateMultiEnd",
    "contractDetailsEnd",
    "securityDefinitionOptionParameterEnd",
    "tickSnapshotEnd",
)
_UNKNOWN = "No security definition has been found for the request"
_MARGINS = tuple(
    f"{name}{when}"
    for name in ("initMargin", "maintMargin", "equityWithLoan")
    for when in ("Before", "Change", "After")
)


class Positions(Trouble):
    """List positions as empty, without some, or as they were when the fault began; pushes after a fill go through."""

    hears_out = HELD

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        self._known: dict[str, Sequence[PositionReport]] = {}

    def begin(self) -> None:
        """Remember what is held now."""
        exchange = self.house.exchange
        self._known = {account: tuple(exchange.positions(account)) for account in exchange.accounts()}
        if self.said["how"] == "stale":
            self.note("lists of positions stay as they are")

    def listing(self, what: str, rows: Sequence[Any], account: str) -> Sequence[Any]:
        """Show what was held."""
        if what != "positions" or self.said["how"] != "stale":
            return rows
        return self._known.get(account, ())

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Leave out a position, or change its size."""
        how = self.said["how"]
        if how == "stale" or parcel.name not in self.said["messages"] or not parcel.answering:
            return None
        if not self.is_about(self.house.market.contract(parcel.values.get("conId") or 0)) or not self.strikes():
            return None
        self.note(how, parcel.session, parcel.name)
        if how == "missing":
            return []
        return [parcel.saying(position=-parcel.values["position"] if how == "negative" else 0.0)]


class MissingEnds(Trouble):
    """Leave out the frames that end a list."""

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        self.hears_out = frozenset(said["messages"] or ENDS)

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Leave one out."""
        if not self.strikes():
            return None
        self.note("missing", parcel.session, parcel.name)
        return []


class Contracts(Refusing):
    """Find no contract, two, or one that is not what it seems."""

    hears_in = frozenset({"reqContractDetails"})
    hears_out = frozenset({"contractDetails"})

    def __init__(self, fault: Fault, said: dict[str, Any], house: Interposer, rng: Random) -> None:
        super().__init__(fault, said, house, rng)
        self._struck: Counter[int] = Counter()

    def incoming(self, parcel: Parcel) -> list[Parcel] | None:
        """Refuse a look-up, or lose it."""
        self._struck.clear()
        if not self.is_asked(parcel) or not self.strikes():
            return None
        self.note(self.said["how"], parcel.session, parcel.name)
        if self.said["how"] == "unknown":
            return self.refuse(parcel, 200, _UNKNOWN)
        if self.said["how"] == "unanswered":
            return []
        self._struck[parcel.values.get("reqId", -1)] += 1
        return None

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Change what was found."""
        if not self._struck[parcel.values.get("reqId", -1)]:
            return None
        if self.said["how"] == "ambiguous":
            return [parcel, parcel.saying(**self._weekly(parcel.values))]
        return [parcel.saying(**self._wrong(parcel.values))]

    def _weekly(self, values: Values) -> Values:
        """Return what makes a second contract of one: another id and another trading class."""
        return {"conId": values["conId"] + 500_000_000, "tradingClass": f"{values['tradingClass']}06"}

    def _wrong(self, values: Values) -> Values:
        how = self.said["how"]
        if how == "wrong-multiplier":
            return {"multiplier": "100" if values["multiplier"] != "100" else "1000"}
        if how == "wrong-class":
            return {"tradingClass": f"{values['tradingClass']}W"}
        day, rest = values["lastTradeTime"][:8], values["lastTradeTime"][8:]
        if not day:
            return {}
        late = date.fromisoformat(day) + timedelta(days=1)
        return {"lastTradeTime": f"{late:%Y%m%d}{rest}", "realExpiry": f"{late:%Y%m%d}"}


class WhatIf(Trouble):
    """Answer what-if orders with margins that are none or not true, with an error, or not at all."""

    hears_out = frozenset({"openOrder"})

    def outgoing(self, parcel: Parcel) -> list[Parcel] | None:
        """Change an answer."""
        if not parcel.values.get("whatIf") or not self.strikes():
            return None
        how = self.said["how"]
        self.note(f"what-if {how}", parcel.session, parcel.name)
        if how == "silence":
            return []
        if how == "unset":
            return [parcel.saying(**dict.fromkeys(_MARGINS), commission=None)]
        if how == "zero":
            return [parcel.saying(**dict.fromkeys(_MARGINS, 0.0), commission=0.0)]
        times = float(self.said["times_true"])
        return [parcel.saying(**{name: (parcel.values[name] or 0.0) * times for name in _MARGINS})]


_SPAN = (AT, lasts(600.0, 60.0, 600.0), DAILY, CLIENT, *OCCASIONS)
KINDS = (
    Kind(
        name="positions",
        rows=("F24",),
        words="Lists of positions come without some or all of them, with size 0, with the wrong sign, or (stale, all "
        "of them) as they were when the fault began.",
        keys=Keys(
            known=(
                *_SPAN,
                CONTRACTS,
                Key(
                    name="how",
                    default="missing",
                    words="what is wrong",
                    choices=("missing", "zero", "negative", "stale"),
                    typical=("missing", "zero", "stale"),
                ),
                Key(
                    name="messages",
                    default=tuple(sorted(HELD)),
                    words="in which lists",
                    choices=tuple(sorted(HELD)),
                    typical=(tuple(sorted(HELD)), ("position",)),
                ),
            )
        ),
        make=Positions,
    ),
    Kind(
        name="missing-ends",
        rows=("F24",),
        words="Lists never end: the closing frames stay away.",
        keys=Keys(
            known=(
                *_SPAN,
                Key(
                    name="messages",
                    default=(),
                    words="which; none: all",
                    choices=ENDS,
                    typical=((), ("positionEnd",), ("openOrderEnd",), ("execDetailsEnd",)),
                ),
            )
        ),
        make=MissingEnds,
    ),
    Kind(
        name="contract",
        rows=("F26",),
        words="A look-up of a contract finds none (200), two, one a day later or of another multiplier or class, or is "
        "not answered.",
        keys=Keys(
            known=(
                *_SPAN,
                CONTRACTS,
                Key(
                    name="how",
                    default="unknown",
                    words="what is found",
                    choices=(
                        "unknown",
                        "ambiguous",
                        "wrong-expiry",
                        "wrong-multiplier",
                        "wrong-class",
                        "unanswered",
                    ),
                    typical=("unknown", "ambiguous", "wrong-expiry", "wrong-multiplier", "unanswered"),
                ),
            )
        ),
        make=Contracts,
    ),
    Kind(
        name="what-if",
        rows=("F12",),
        words="What-if orders are answered with unset, zero or wrong margins, or not at all.",
        keys=Keys(
            known=(
                *_SPAN,
                one_of("how", "how", ("unset", "zero", "wrong", "silence")),
                Key(name="times_true", default=10.0, words="wrong: so many times the truth", typical=(10.0, -1.0)),
            )
        ),
        make=WhatIf,
    ),
)
