"""State what the core is given (view, book, state) and what it gives back (decision).

Everything here is a frozen value with plain fields, so that a wake-up can be written to the journal and decided again
from the record alone. Conventions, stated once:

* prices are in points, greeks in IB's units (vega: dollars per share per volatility point), times are aware UTC;
* `None` means *missing*; a number is never used to say so;
* quantities are signed (long positive); a proposal's quantity is positive and its `side` gives the direction;
* one *mini* is 1 VXM or a tenth of a VX; `*_usd_per_point` is dollars per one VIX point.
"""

from strategies.alvh.records.book import Account, Book, FuturePosition, Greeks, GreeksSource, OptionLeg, OtherPosition
from strategies.alvh.records.decision import (
    Check,
    Decision,
    ExpiryExposure,
    Exposure,
    HedgeableShare,
    Leftover,
    LegExposure,
)
from strategies.alvh.records.hedge import (
    CallLot,
    CallSpend,
    CallTerms,
    HedgeState,
    Lot,
    Proposal,
    Purpose,
    Side,
    Working,
)
from strategies.alvh.records.market import (
    Bar,
    BetaFit,
    Breadth,
    BreadthBar,
    ChainQuote,
    ContextValue,
    EventCalendar,
    FutureQuote,
    IndexQuote,
    MacroEvent,
    MarketView,
    Quote,
    Right,
    Session,
    Window,
)
from strategies.alvh.records.memory import (
    Episode,
    FirstSeen,
    Memory,
    ParityWatch,
    Phase,
    RollWatch,
    Sample,
    Smile,
    SmilePoint,
    Surface,
    SurfaceSource,
)

__all__ = [
    "Account",
    "Bar",
    "BetaFit",
    "Book",
    "Breadth",
    "BreadthBar",
    "CallLot",
    "CallSpend",
    "CallTerms",
    "ChainQuote",
    "Check",
    "ContextValue",
    "Decision",
    "Episode",
    "EventCalendar",
    "ExpiryExposure",
    "Exposure",
    "FirstSeen",
    "FuturePosition",
    "FutureQuote",
    "Greeks",
    "GreeksSource",
    "HedgeState",
    "HedgeableShare",
    "IndexQuote",
    "Leftover",
    "LegExposure",
    "Lot",
    "MacroEvent",
    "MarketView",
    "Memory",
    "OptionLeg",
    "OtherPosition",
    "ParityWatch",
    "Phase",
    "Proposal",
    "Purpose",
    "Quote",
    "Right",
    "RollWatch",
    "Sample",
    "Session",
    "Side",
    "Smile",
    "SmilePoint",
    "Surface",
    "SurfaceSource",
    "Window",
    "Working",
]
