"""Take the hedge off: every rule puts a ceiling on the position, and the lowest ceiling wins."""

from __future__ import annotations

from dataclasses import replace
from math import floor

from strategies.alvh.ceiling import Ceiling, ceiling_of
from strategies.alvh.holdings import average_price, believable, owned
from strategies.alvh.overnight import keep_overnight, overnight_due, sessions_held, stakes
from strategies.alvh.readiness import number
from strategies.alvh.reading import Reading, minutes_to_close, month_price
from strategies.alvh.records import Episode, Lot, Purpose, Sample
from strategies.alvh.rounding import TOLERANCE
from strategies.alvh.stages import stages
from strategies.alvh.vix_call import EVENT, call_units_usd, owned_calls

FLAT_BY_MINUTES = 15.0
LEAD_MINUTES = 5.0


def ceilings(reading: Reading, episode: Episode | None, samples: tuple[Sample, ...]) -> tuple[Ceiling, ...]:
    """Return every rule's ceiling in order of precedence (method note, 3.14)."""
    return (
        no_condors(reading),
        settlement(reading, episode),
        hard_cap(reading),
        excess(reading, episode),
        loss_stop(reading),
        time_stop(reading, episode),
        stages(reading, episode, samples),
        overnight(reading, episode),
    )


def no_condors(reading: Reading) -> Ceiling:
    """Sell everything when the condors are gone; an unconfirmed or old list of positions proves nothing."""
    condors = reading.exposure.guarded
    gone = condors == 0 and believable(reading.book, reading.state, reading.policy.freshness.positions_s)
    reason = "the condors are gone: their hedge goes with them"
    why = reason if gone else "condors are open" if condors > 0 else "the list of positions is not confirmed"
    return ceiling_of(
        reading, Purpose.NO_CONDORS, 0 if gone else None, why, reason, observed=float(condors), threshold=1.0
    )


def settlement(reading: Reading, episode: Episode | None) -> Ceiling:
    """Never carry a contract into its settlement; close instead of rolling once the unwind has begun (3.14, 3.16)."""
    session, rules = reading.view.session, reading.policy.contract
    last_day = [lot for lot in reading.state.lots if lot.settles_on <= session.next_day]
    unwinding = episode is not None and episode.selling
    near = [lot for lot in reading.state.lots if unwinding and (lot.settles_on - session.day).days <= rules.roll_dte]
    at_once = [lot for lot in last_day if lot.settles_on <= session.day]
    late = minutes_to_close(reading.view) <= FLAT_BY_MINUTES + LEAD_MINUTES
    leaving = tuple(lot for lot in reading.state.lots if lot in near or lot in at_once or (late and lot in last_day))
    keep = reading.own - owned(leaving) if leaving else None
    reason = "the contract settles too soon to be held any longer"
    days = min(((lot.settles_on - session.day).days for lot in reading.state.lots), default=None)
    why = reason if leaving else "no lot is about to settle"
    ceiling = ceiling_of(
        reading,
        Purpose.SETTLEMENT,
        keep,
        why,
        reason,
        observed=None if days is None else float(days),
        threshold=1.0,
    )
    return replace(ceiling, first=leaving)


def hard_cap(reading: Reading) -> Ceiling:
    """Hold no more than the cap."""
    cap = reading.policy.caps.max_position_minis
    reason = f"more than the cap of {cap} minis is held"
    why = reason if reading.own > cap else f"within the cap of {cap} minis"
    return ceiling_of(reading, Purpose.HARD_CAP, cap, why, reason, observed=float(reading.own), threshold=float(cap))


def excess(reading: Reading, episode: Episode | None) -> Ceiling:
    """Hold no more than the book's own vega can need: 1.1 * h_max * |V30| / (beta * 100) minis (method note, 3.14).

    What event calls cover of it is not needed in futures; a call of unknown delta covers nothing here.
    A book that is not short vega needs nothing. An unconfirmed list of positions or an unvalued leg gives no ceiling;
    nor does a roll, where the lots of two months overlap.
    """
    vega, exposure, policy = number(reading.exposure.vega30_usd), reading.exposure, reading.policy
    listed = believable(reading.book, reading.state, policy.freshness.positions_s)
    if not listed or vega is None or exposure.unknown_legs or reading.beta is None or reading.beta <= 0.0:
        return ceiling_of(
            reading, Purpose.EXCESS, None, "the need of the book is not known: nothing is sold for it", ""
        )
    need = max(0.0, -vega) * policy.unwind.excess_ratio * policy.sizing.coverage_max
    calls = call_units_usd(reading, owned_calls(reading.state, EVENT), unknown=0.0)
    most = floor(max(0.0, need - calls) / (reading.beta * 100.0) + TOLERANCE)
    if vega < 0.0 and episode is not None and episode.roll_from is not None:
        return ceiling_of(reading, Purpose.EXCESS, None, "a roll is under way: two months overlap", "")
    reason = "the book is no longer short vega" if vega >= 0.0 else f"the book needs at most {most} minis now"
    why = reason if reading.own > most else f"the book can use up to {most} minis"
    return ceiling_of(reading, Purpose.EXCESS, most, why, reason, observed=float(reading.own), threshold=float(most))


def loss_stop(reading: Reading) -> Ceiling:
    """Give up a tranche whose contract has fallen by the larger of 2 points and 10% below its entry (3.14)."""
    rules = reading.policy.unwind
    stopped: list[Lot] = []
    crossed: list[str] = []
    distance: float | None = None
    why = "no price to compare with" if reading.state.lots else "nothing is held"
    for tranche, settles_on in sorted({(lot.tranche, lot.settles_on) for lot in reading.state.lots}):
        lots = [lot for lot in reading.state.lots if (lot.tranche, lot.settles_on) == (tranche, settles_on)]
        entry, price = average_price(lots), month_price(reading, settles_on)
        if entry is None or price is None:
            continue
        stop = entry - max(rules.stop_points, rules.stop_share * entry)
        left = price - stop
        if distance is None or left < distance:
            distance = left
            why = f"VX {price:.2f} is {left:.2f} above the stop at {stop:.2f} (tranche {tranche} bought at {entry:.2f})"
        if left <= TOLERANCE:
            stopped += lots
            crossed.append(
                f"VX {price:.2f} is {max(0.0, -left):.2f} below the stop of tranche {tranche} at {stop:.2f} "
                f"(bought at {entry:.2f})"
            )
    reason = "VX fell to the loss stop of tranche " + ", ".join(
        str(n) for n in sorted({lot.tranche for lot in stopped})
    )
    keep = reading.own - owned(stopped) if stopped else None
    stays = "nothing may stay" if not keep else f"{keep} mini{'' if keep == 1 else 's'} may stay"
    said = f"{', '.join(crossed)}: {stays}" if stopped else why
    ceiling = ceiling_of(reading, Purpose.LOSS_STOP, keep, said, reason, observed=distance, threshold=0.0)
    return replace(ceiling, first=tuple(stopped), tranche=max((lot.tranche for lot in stopped), default=None))


def time_stop(reading: Reading, episode: Episode | None) -> Ceiling:
    """Be flat by a quarter of an hour before the close of the fifth session (3.14); start five minutes before that."""
    held, limit = sessions_held(reading, episode), reading.policy.unwind.max_sessions
    late = minutes_to_close(reading.view) <= FLAT_BY_MINUTES + LEAD_MINUTES
    due = held > limit or (held == limit and late)
    reason = f"session {held} of {limit}: time is up"
    last = f": all is sold from {FLAT_BY_MINUTES + LEAD_MINUTES:.0f} minutes before the close" if held == limit else ""
    why = reason if due else f"session {held} of {limit}{last}"
    return ceiling_of(
        reading, Purpose.TIME_STOP, 0 if due else None, why, reason, observed=float(held), threshold=float(limit)
    )


def overnight(reading: Reading, episode: Episode | None) -> Ceiling:
    """Keep for the night what may be carried (docs/method.md, section 10); a no stays a no while the spike lasts.

    Once a part has gone, the rest is asked about its cost again at the next night only; but a book that no longer wants
    a hedge sends all of it home.
    """
    decided = episode.flatten_on if episode is not None else None
    due = overnight_due(reading)
    if not due and decided is None:
        minutes = reading.policy.unwind.overnight_decide_minutes
        return ceiling_of(reading, Purpose.OVERNIGHT, None, f"decided {minutes} minutes before the close", "")
    night = keep_overnight(reading, episode, stakes(reading.state.lots))
    keep = episode.overnight_minis if episode is not None and decided is not None else reading.own
    if due and not night.wanted:
        keep = 0
    elif due and decided != reading.view.session.day:
        keep = min(keep, night.minis)
    refused = [check.why for check in night.checks if not check.passed]
    binds = keep < reading.own
    reason = f"not carried overnight: {refused[0] if refused else 'decided earlier'}"
    why = reason if binds else "every condition for carrying the hedge holds"
    ceiling = ceiling_of(reading, Purpose.OVERNIGHT, keep if binds else None, why, reason)
    going = tuple(lot for lot in reading.state.lots if lot.tranche in night.leave)
    tranche = night.leave[0] if len(night.leave) == 1 and keep > 0 else None
    return replace(ceiling, first=going, tranche=tranche, checks=(*night.checks, *ceiling.checks))
