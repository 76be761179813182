"""Judge whether a spike has reasons outside of the options market; it paces the unwind and blocks nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from strategies.alvh.breadth import breadth_readings, broken_down
from strategies.alvh.policy import ContextPolicy
from strategies.alvh.readiness import number
from strategies.alvh.reading import Reading
from strategies.alvh.records import Check, ContextValue, MarketView

SECTORS, CREDIT, EARNINGS = "sectors", "credit", "earnings"
CREDIT_SPREAD = "credit_spread"  # high yield less investment grade, shown beside the credit
QUESTIONS = 4
SLOW_FROM, TIGHT_UP_TO = 3, 1
BEFORE_RELEASE, AFTER_RELEASE = timedelta(minutes=5), timedelta(minutes=90)
BACK_AT_BASE = 1.0  # the whole rise retraced


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Hold the pace of the unwind (-1 a stage sooner, 0 as set, +1 a stage later) and what was asked for it."""

    pace: int
    checks: tuple[Check, ...]


def context(reading: Reading) -> Context:
    """Return the context score: sectors, credit, breadth and a surprise each say yes, no, or that they do not know.

    Three yes and the spike is justified: the unwind goes one stage slower. At most one yes, however the unknown ones
    would answer, and it goes one stage faster. Earnings quality is a label beside it.
    """
    view, rules = reading.view, reading.policy.context
    answers = {
        SECTORS: _below(view, SECTORS, rules.sector_z, rules, use_z=True),
        CREDIT: _below(view, CREDIT, rules.credit_pct, rules, use_z=False),
        "breadth": _breadth(reading),
        "surprise": _surprise(view),
    }
    yes = sum(answer is True for answer in answers.values())
    unknown = sum(answer is None for answer in answers.values())
    pace = _pace(yes, unknown) if rules.pace else 0
    shown = tuple(_check(view, name, answer, rules) for name, answer in answers.items())
    return Context(pace=pace, checks=(*shown, _earnings(view, rules), _verdict(yes, unknown, pace, rules)))


def paced(stages: tuple[float, float, float], pace: int) -> tuple[float, float, float]:
    """Return the retraced shares at which the three stages fire; none ever fires later than at the base itself."""
    if pace > 0:
        return stages[1], stages[2], max(stages[2], BACK_AT_BASE)
    if pace < 0:
        return stages[0], stages[0], stages[1]
    return stages


def _pace(yes: int, unknown: int) -> int:
    if yes >= SLOW_FROM:
        return 1
    return -1 if yes + unknown <= TIGHT_UP_TO else 0


def _below(view: MarketView, name: str, limit: float, rules: ContextPolicy, *, use_z: bool) -> bool | None:
    found = _usable(view, name, rules)
    value = None if found is None else number(found.z if use_z else found.value)
    return None if value is None else value <= limit


def _usable(view: MarketView, name: str, rules: ContextPolicy) -> ContextValue | None:
    """Return the number of this name, unless it is older than it may be; what says neither age nor date is old."""
    for found in view.context:
        if found.name != name:
            continue
        age_s = number(found.age_s)
        fresh = age_s is not None and 0.0 <= age_s <= rules.max_age_s
        days = None if found.as_of is None else (view.session.day - found.as_of).days
        recent = days is not None and 0 <= days <= rules.max_days
        return found if fresh or recent else None
    return None


def _breadth(reading: Reading) -> bool | None:
    readings = breadth_readings(reading.view, reading.policy)
    return broken_down(readings, reading.view, reading.policy) if readings else None


def _surprise(view: MarketView) -> bool | None:
    """Say whether a release of the last 90 minutes surprised; without a calendar, or a figure for it, nobody knows."""
    calendar = view.calendar
    if calendar is None or calendar.valid_until < view.session.day:
        return None
    near = [event for event in calendar.events if -BEFORE_RELEASE <= view.now - event.at <= AFTER_RELEASE]
    if not near:
        return False
    surprises = [number(event.surprise) for event in near]
    if any(surprise is not None and surprise > 0.0 for surprise in surprises):
        return True
    return None if None in surprises else False


def _check(view: MarketView, name: str, answer: bool | None, rules: ContextPolicy) -> Check:
    limits = {SECTORS: rules.sector_z, CREDIT: rules.credit_pct}
    found = _usable(view, name, rules) or next((value for value in view.context if value.name == name), None)
    observed = None if found is None else number(found.z if name == SECTORS else found.value)
    words = {
        SECTORS: ("cyclical sectors fall behind defensive ones", "sectors show no flight from risk"),
        CREDIT: ("high-yield credit falls with it", "high-yield credit holds"),
        "breadth": ("breadth breaks down with SPX", "breadth does not break down"),
        "surprise": ("a release surprised", "no release surprised"),
    }[name]
    why = f"not known{_dated(found)}" if answer is None else f"{words[0] if answer else words[1]}{_dated(found)}"
    if name == CREDIT and answer is not None:
        why += _against_investment_grade(view, rules)
    return Check(name=f"context: {name}", observed=observed, threshold=limits.get(name), passed=True, why=why)


def _against_investment_grade(view: MarketView, rules: ContextPolicy) -> str:
    found = _usable(view, CREDIT_SPREAD, rules)
    gap = None if found is None else number(found.value)
    return "" if gap is None else f", {gap:+.2f}% against investment grade"


def _earnings(view: MarketView, rules: ContextPolicy) -> Check:
    found = _usable(view, EARNINGS, rules)
    gap = None if found is None else number(found.value)
    if gap is None:
        why = "P/E against P/CF is not known"
    elif gap > rules.earnings_gap:
        why = f"P/E stands high against P/CF: earnings quality is stretched, a fall is plausible{_dated(found)}"
    else:
        why = f"P/E and P/CF tell the same story{_dated(found)}"
    return Check(name=f"context: {EARNINGS}", observed=gap, threshold=rules.earnings_gap, passed=True, why=why)


def _verdict(yes: int, unknown: int, pace: int, rules: ContextPolicy) -> Check:
    effect = {1: "the unwind goes one stage slower", -1: "the unwind goes one stage faster"}.get(
        pace, "the unwind keeps its pace"
    )
    why = f"{yes} of {QUESTIONS} reasons for a justified spike, {unknown} not known: {effect}"
    if not rules.pace:
        why += " (switched off)"
    return Check(name="context: pace", observed=float(yes), threshold=float(SLOW_FROM), passed=True, why=why)


def _dated(found: ContextValue | None) -> str:
    if found is None:
        return ""
    if found.as_of is not None:
        return f" ({found.source}, as of {found.as_of})"
    if found.age_s is None:
        return f" ({found.source})" if found.source else ""
    return f" ({found.source}, {found.age_s:,.0f} s old)"
