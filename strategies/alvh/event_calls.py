"""Add short-dated VIX calls to the hedge of a spike that began around a scheduled release, and take them off again.

The calls are bought once for an event, inside premium budgets and inside the need of the book, and only ever sold out
of what the bot itself bought. Everything here concerns event calls alone: the core layer is another book.
"""

from __future__ import annotations

from datetime import timedelta
from math import floor

from strategies.alvh.event_exit import held, leaving, sales_of
from strategies.alvh.event_size import (
    affordable_contracts,
    budget,
    choose,
    event_check,
    open_need_usd,
)
from strategies.alvh.holdings import taken_back
from strategies.alvh.permit import Permit
from strategies.alvh.readiness import number, opening_time
from strategies.alvh.reading import Reading
from strategies.alvh.records import Check, Episode, MacroEvent, Proposal, Purpose, Sample, Side
from strategies.alvh.rounding import TOLERANCE
from strategies.alvh.sizing import MINI_USD
from strategies.alvh.stages import stage_fired
from strategies.alvh.tranches import Plan
from strategies.alvh.vix_call import EVENT, CallOrders, buy_call, event_contracts, owned_calls, room_under_cap
from strategies.alvh.wall_time import wall_time

FOMC = "FOMC"


def event_calls(
    reading: Reading, episode: Episode | None, samples: tuple[Sample, ...], *, ready: bool, clear: bool
) -> CallOrders:
    """Return what to do about event calls: leave for the first reason that holds, else buy what one event allows.

    `ready` says that the data and the false-spike filter allow opening, `clear` that nothing of the hedge is being
    sold. Switched off, it still takes off what it owns.
    """
    rules, lots = reading.policy.events, owned_calls(reading.state, EVENT)
    working = tuple(
        order for order in reading.state.call_orders if order.side is Side.BUY and order.layer.startswith(EVENT)
    )
    if not (rules.enabled or lots or working):
        return CallOrders()
    going, purpose, reason = leaving(reading, episode, samples, lots)
    exits = held(lots, going, reason)
    if going or (lots and purpose is not None):
        sold = sales_of(reading, going or lots, purpose or Purpose.EVENT_EXIT, reason)
        return CallOrders(proposals=sold, cancel=taken_back(working), checks=exits)
    if not rules.enabled:
        return CallOrders(cancel=taken_back(working), checks=exits)
    event = release_of(reading, episode)
    checks = _permissions(reading, episode, event, samples, ready=ready, clear=clear)
    allowed = all(check.passed for check in checks)
    back = () if allowed or not working else taken_back(working)
    if event is None or not allowed or working:
        return CallOrders(cancel=back, checks=(*exits, *checks))
    bought, sized = _purchase(reading, episode, event)
    return CallOrders(proposals=bought, checks=(*exits, *checks, *sized))


def layer_of(event: MacroEvent) -> str:
    """Return the id under which the calls of one release are kept."""
    return f"{EVENT}{event.name}-{event.at:%Y%m%dT%H%M}"


def release_of(reading: Reading, episode: Episode | None) -> MacroEvent | None:
    """Return the release that the spike belongs to: armed from five minutes before to ninety after it (settings)."""
    calendar, rules = reading.view.calendar, reading.policy.events
    if calendar is None or episode is None or reading.view.session.day > calendar.valid_until:
        return None
    before, after = timedelta(minutes=rules.before_minutes), timedelta(minutes=rules.after_minutes)
    near = [
        event
        for event in calendar.events
        if event.name in rules.names and -before <= episode.armed_at - event.at <= after
    ]
    return min(near, key=lambda event: (abs(episode.armed_at - event.at), event.name), default=None)


def _permissions(
    reading: Reading,
    episode: Episode | None,
    event: MacroEvent | None,
    samples: tuple[Sample, ...],
    *,
    ready: bool,
    clear: bool,
) -> tuple[Check, ...]:
    """Return every condition on a purchase that does not depend on the chain."""
    unwinding = episode is not None and (
        episode.selling or episode.buying_over or stage_fired(reading, episode, samples) > 0
    )
    vega = number(reading.exposure.vega30_usd)
    short = reading.exposure.condors > 0 and vega is not None and vega < 0.0
    return (
        _calendar(reading),
        _release(reading, episode, event),
        *(() if event is None else _once(reading, event)),
        _time(reading, event),
        event_check("condors", vega, 0.0, short, "condors are open and short vega", "no condor that is short vega"),
        event_check(
            "data", None, None, ready, "data and filter allow opening", "data or the false-spike filter forbid opening"
        ),
        event_check(
            "unwind",
            None,
            None,
            clear and not unwinding,
            "the spike is not being unwound",
            "the hedge is being taken off" if unwinding else "futures go first at this wake-up",
        ),
    )


def _calendar(reading: Reading) -> Check:
    calendar, today = reading.view.calendar, reading.view.session.day
    if calendar is None:
        return event_check("calendar", None, None, False, "", "there is no calendar of releases: the feature is off")
    passed = today <= calendar.valid_until
    until = f"{calendar.valid_until:%Y-%m-%d}"
    return event_check(
        "calendar",
        f"{today:%Y-%m-%d}",
        until,
        passed,
        f"{calendar.source}, known until {until}",
        f"the calendar ends on {until}: the feature is off until it is renewed",
    )


def _release(reading: Reading, episode: Episode | None, event: MacroEvent | None) -> Check:
    rules = reading.policy.events
    threshold = f"-{rules.before_minutes} to +{rules.after_minutes} minutes"
    if episode is None:
        return event_check("release", None, threshold, False, "", "no spike is being followed")
    if event is None:
        return event_check("release", None, threshold, False, "", "no release near the beginning of the spike")
    minutes = (episode.armed_at - event.at) / timedelta(minutes=1)
    surprise = "surprise unknown" if event.surprise is None else f"surprise {event.surprise:g}"
    why = f"{event.name} at {wall_time(event.at)}, {surprise}; armed {minutes:+.0f} minutes from it"
    return event_check("release", minutes, threshold, True, why, "")


def _once(reading: Reading, event: MacroEvent) -> tuple[Check, ...]:
    """Return whether this event was already bought for, and whether it was tried often enough."""
    layer, most = layer_of(event), reading.policy.events.max_attempts
    done = [spend for spend in reading.state.call_spend if spend.layer == layer]
    filled, sent = sum(spend.contracts for spend in done), sum(spend.orders for spend in done)
    return (
        event_check(
            "once",
            float(filled),
            0.0,
            filled == 0,
            "nothing was bought for this release yet",
            "this release already has its calls",
        ),
        event_check(
            "attempts",
            float(sent),
            float(most),
            sent < most,
            f"{sent} of {most} orders sent",
            f"{most} orders went unfilled: it is left alone",
        ),
    )


def _time(reading: Reading, event: MacroEvent | None) -> Check:
    """Say whether the clock allows a purchase: inside a window, or after an FOMC statement also between them."""
    hour, rules, now = opening_time(reading.view, reading.policy), reading.policy.events, reading.view.now
    session = reading.view.session
    if not session.opens_at <= now < session.closes_at:
        return event_check("time", wall_time(now), None, False, "", "outside regular hours")
    if event is not None and event.name == FOMC and rules.fomc_outside_windows:
        first = event.at + timedelta(minutes=rules.fomc_from_minutes)
        last = event.at + timedelta(minutes=rules.fomc_until_minutes)
        if first <= now <= last:
            why = f"after the statement calls may be bought until {wall_time(last)}"
            return event_check("time", wall_time(now), None, True, why, "")
    return event_check("time", wall_time(now), None, hour.passed, hour.why, hour.why)


def _purchase(
    reading: Reading, episode: Episode | None, event: MacroEvent
) -> tuple[tuple[Proposal, ...], tuple[Check, ...]]:
    rules = reading.policy.events
    chosen, seen = choose(reading, event)
    if chosen is None or episode is None:
        return (), (seen,)
    allowance, money = budget(reading)
    most, limits = affordable_contracts(reading, episode, chosen, allowance)
    if most < 1 or not all(check.passed for check in limits):
        return (), (seen, *money, *limits)
    reason = (
        f"{event.name} at {wall_time(event.at)}: {most} calls {chosen.quote.strike:g} of delta {chosen.delta:.2f} "
        f"for at most ${most * chosen.premium_usd:,.0f}"
    )
    order = buy_call(
        reading,
        chosen,
        most,
        layer=layer_of(event),
        purpose=Purpose.EVENT_CALLS,
        budget_usd=allowance,
        limit_share=rules.limit_spread_share,
        reason=reason,
    )
    return (order,), (seen, *money, *limits)


def beside_calls(reading: Reading, planned: Plan) -> Permit:
    """Keep a tranche of futures inside what event calls leave of the need and of the cap on the hedge."""
    calls, episode = event_contracts(reading.state), reading.memory.episode
    if calls == 0:
        return Permit()
    need_usd = open_need_usd(reading, planned.goal if episode is None else episode.target_minis)
    fit = floor(need_usd / (reading.beta * MINI_USD) + TOLERANCE) if reading.beta else 0
    fit = max(0, min(fit, room_under_cap(reading)))
    check = event_check(
        "futures", float(fit), 1.0, fit >= 1, f"{calls} calls leave room for {fit} minis", "the calls cover the need"
    )
    return Permit(minis=fit, checks=(check,))
