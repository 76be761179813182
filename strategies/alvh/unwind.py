"""Take the hedge off: every rule puts a ceiling on the position, and the lowest ceiling wins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from math import floor

from strategies.alvh.context import context, paced
from strategies.alvh.false_spike import consecutive
from strategies.alvh.holdings import average_price, believable, owned
from strategies.alvh.overnight import keep_overnight, overnight_due, sessions_held, stakes
from strategies.alvh.policy import Policy, UnwindPolicy
from strategies.alvh.readiness import number
from strategies.alvh.reading import Reading, minutes_to_close, month_price
from strategies.alvh.records import Check, Episode, Lot, Purpose, Sample
from strategies.alvh.rounding import TOLERANCE
from strategies.alvh.sizing import stage_remaining
from strategies.alvh.vix_call import EVENT, call_units_usd, owned_calls

CONFIRM_BARS = 2
FLAT_BY_MINUTES = 15.0
LEAD_MINUTES = 5.0
PATIENT = frozenset({Purpose.STAGE, Purpose.EXCESS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """Hold the most minis one rule lets the bot keep, the lots it wants gone first, and the check that says why.

    A rule without an opinion has no `minis`.
    """

    purpose: Purpose
    minis: int | None
    checks: tuple[Check, ...]
    reason: str = ""
    stage: int | None = None
    tranche: int | None = None
    first: tuple[Lot, ...] = ()


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


def lowest(found: Iterable[Ceiling], reading: Reading) -> Ceiling | None:
    """Return the binding ceiling: below what the bot owns, the lowest, the first in precedence among equals.

    Within ten minutes of a fill a stage or an excess waits; guards and stops never do.
    """
    binding = [
        ceiling
        for ceiling in found
        if ceiling.minis is not None
        and ceiling.minis < reading.own
        and not (ceiling.purpose in PATIENT and just_filled(reading))
    ]
    return min(binding, key=lambda ceiling: ceiling.minis or 0, default=None)


def just_filled(reading: Reading) -> bool:
    """Say whether the last fill is younger than the minimum holding time."""
    filled_at = reading.state.last_fill_at
    return filled_at is not None and reading.view.now - filled_at < timedelta(
        minutes=reading.policy.unwind.min_hold_minutes
    )


def retraced(price: float, base: float, peak: float, policy: UnwindPolicy) -> float | None:
    """Return the share of the rise from base to peak that has been given back; `None` before a rise worth the name.

    All in VX points. The rise must reach the larger of `min_rise_points` and `min_rise_share` of the base.
    """
    rise = peak - base
    if rise < least_rise(base, policy) - TOLERANCE or rise <= 0.0:
        return None
    return (peak - price) / rise


def least_rise(base: float, policy: UnwindPolicy) -> float:
    """Return the rise in points from which stages count: the larger of `min_rise_points` and `min_rise_share`."""
    return max(policy.min_rise_points, policy.min_rise_share * base)


def no_condors(reading: Reading) -> Ceiling:
    """Sell everything when the condors are gone; an unconfirmed or old list of positions proves nothing."""
    condors = reading.exposure.guarded
    gone = condors == 0 and believable(reading.book, reading.state, reading.policy.freshness.positions_s)
    reason = "the condors are gone: their hedge goes with them"
    why = reason if gone else "condors are open" if condors > 0 else "the list of positions is not confirmed"
    return _ceiling(
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
    ceiling = _ceiling(
        reading,
        Purpose.SETTLEMENT,
        keep,
        why,
        reason,
        observed=None if days is None else float(days),
        threshold=1.0,
    )
    return _first(ceiling, leaving)


def hard_cap(reading: Reading) -> Ceiling:
    """Hold no more than the cap."""
    cap = reading.policy.caps.max_position_minis
    reason = f"more than the cap of {cap} minis is held"
    why = reason if reading.own > cap else f"within the cap of {cap} minis"
    return _ceiling(reading, Purpose.HARD_CAP, cap, why, reason, observed=float(reading.own), threshold=float(cap))


def excess(reading: Reading, episode: Episode | None) -> Ceiling:
    """Hold no more than the book's own vega can need: 1.1 * h_max * |V30| / (beta * 100) minis (method note, 3.14).

    What event calls cover of it is not needed in futures; a call of unknown delta covers nothing here.
    A book that is not short vega needs nothing. An unconfirmed list of positions or an unvalued leg gives no ceiling;
    nor does a roll, where the lots of two months overlap.
    """
    vega, exposure, policy = number(reading.exposure.vega30_usd), reading.exposure, reading.policy
    listed = believable(reading.book, reading.state, policy.freshness.positions_s)
    if not listed or vega is None or exposure.unknown_legs or reading.beta is None or reading.beta <= 0.0:
        return _ceiling(reading, Purpose.EXCESS, None, "the need of the book is not known: nothing is sold for it", "")
    need = max(0.0, -vega) * policy.unwind.excess_ratio * policy.sizing.coverage_max
    calls = call_units_usd(reading, owned_calls(reading.state, EVENT), unknown=0.0)
    most = floor(max(0.0, need - calls) / (reading.beta * 100.0) + TOLERANCE)
    if vega < 0.0 and episode is not None and episode.roll_from is not None:
        return _ceiling(reading, Purpose.EXCESS, None, "a roll is under way: two months overlap", "")
    reason = "the book is no longer short vega" if vega >= 0.0 else f"the book needs at most {most} minis now"
    why = reason if reading.own > most else f"the book can use up to {most} minis"
    return _ceiling(reading, Purpose.EXCESS, most, why, reason, observed=float(reading.own), threshold=float(most))


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
    ceiling = _ceiling(reading, Purpose.LOSS_STOP, keep, said, reason, observed=distance, threshold=0.0)
    return _first(ceiling, tuple(stopped), tranche=max((lot.tranche for lot in stopped), default=None))


def time_stop(reading: Reading, episode: Episode | None) -> Ceiling:
    """Be flat by a quarter of an hour before the close of the fifth session (3.14); start five minutes before that."""
    held, limit = sessions_held(reading, episode), reading.policy.unwind.max_sessions
    late = minutes_to_close(reading.view) <= FLAT_BY_MINUTES + LEAD_MINUTES
    due = held > limit or (held == limit and late)
    reason = f"session {held} of {limit}: time is up"
    last = f": all is sold from {FLAT_BY_MINUTES + LEAD_MINUTES:.0f} minutes before the close" if held == limit else ""
    why = reason if due else f"session {held} of {limit}{last}"
    return _ceiling(
        reading, Purpose.TIME_STOP, 0 if due else None, why, reason, observed=float(held), threshold=float(limit)
    )


def stages(reading: Reading, episode: Episode | None, samples: tuple[Sample, ...]) -> Ceiling:
    """Take the hedge off in thirds as VX gives back its rise (method note, 3.14, "Cash Press")."""
    background = context(reading)
    thresholds = paced(reading.policy.unwind.stages, background.pace)
    if episode is None:
        found = _ceiling(reading, Purpose.STAGE, None, "no spike is being followed", "", threshold=thresholds[0])
        return replace(found, checks=(*background.checks, *found.checks))
    due, reason = stages_due(samples, episode, reading.policy, pace=background.pace)
    stage = max(due, episode.stages_done)
    if stage > due:
        reason = f"stage {stage} has fired"
    found = _ceiling(
        reading,
        Purpose.STAGE,
        stage_remaining(episode.peak_position_minis)[stage - 1] if stage else None,
        _told_stage(reading, episode, reason, stage, thresholds),
        reason,
        observed=samples[-1].retraced if samples else None,
        threshold=thresholds[min(stage, 2)],
        stage=stage or None,
    )
    return replace(found, checks=(*background.checks, *found.checks))


def stage_fired(reading: Reading, episode: Episode, samples: tuple[Sample, ...]) -> int:
    """Return the unwind stage that has fired by now, at the context's pace; 0 before the first."""
    due, _ = stages_due(samples, episode, reading.policy, pace=context(reading).pace)
    return max(due, episode.stages_done)


def stages_due(samples: tuple[Sample, ...], episode: Episode, policy: Policy, *, pace: int = 0) -> tuple[int, str]:
    """Return how many stages the last two closed bars call for at the context's pace, and why.

    Both bars must have retraced that far and VIX_imp must be falling. From the first threshold on, a MACD that turned
    down counts as stage 2, and a quiet gauge or a term structure back in order after an inversion as stage 3.
    """
    rules = policy.unwind
    pair = consecutive(samples)[-CONFIRM_BARS:]
    shares = [sample.retraced for sample in pair if sample.retraced is not None]
    if len(shares) < CONFIRM_BARS:
        return 0, _unmeasured(episode, rules)
    share = min(shares) + TOLERANCE
    older, newer = pair[0].vix_implied, pair[1].vix_implied
    if older is None or newer is None or newer >= older:
        return 0, f"{share:.0%} retraced, but VX-implied VIX is not falling"
    stage = sum(share >= threshold for threshold in paced(rules.stages, pace))
    reason = f"{share:.0%} of the rise retraced on two closed bars"
    if stage == 0:
        return 0, reason
    if stage < len(rules.stages) and _quiet(samples, policy):
        return 3, f"{reason}, and the gauge has been quiet for {rules.quiet_bars} bars"
    if stage < len(rules.stages) and episode.was_inverted and all(sample.term_inverted is False for sample in pair):
        return 3, f"{reason}, and the VX term structure is back in order"
    if stage == 1 and all(sample.macd_hist is not None and sample.macd_hist < 0.0 for sample in pair):
        return 2, f"{reason}, and MACD has turned down"
    return stage, reason


def overnight(reading: Reading, episode: Episode | None) -> Ceiling:
    """Keep for the night what may be carried (docs/method.md, section 10); a no stays a no while the spike lasts.

    Once a part has gone, the rest is asked about its cost again at the next night only; but a book that no longer wants
    a hedge sends all of it home.
    """
    decided = episode.flatten_on if episode is not None else None
    due = overnight_due(reading)
    if not due and decided is None:
        minutes = reading.policy.unwind.overnight_decide_minutes
        return _ceiling(reading, Purpose.OVERNIGHT, None, f"decided {minutes} minutes before the close", "")
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
    ceiling = _ceiling(reading, Purpose.OVERNIGHT, keep if binds else None, why, reason)
    going = tuple(lot for lot in reading.state.lots if lot.tranche in night.leave)
    ceiling = _first(ceiling, going, tranche=night.leave[0] if len(night.leave) == 1 and keep > 0 else None)
    return replace(ceiling, checks=(*night.checks, *ceiling.checks))


def _told_stage(
    reading: Reading, episode: Episode, reason: str, stage: int, thresholds: tuple[float, float, float]
) -> str:
    """Return the reason with the price at which the next stage begins, where something is held and the rise counts."""
    if reading.own == 0:
        return "nothing is held"
    rise = episode.peak - episode.base
    if stage >= len(thresholds) or rise < least_rise(episode.base, reading.policy.unwind) - TOLERANCE:
        return reason
    level = episode.peak - thresholds[stage] * rise
    return (
        f"{reason} (base {episode.base:.2f}, highest {episode.peak:.2f}): stage {stage + 1} begins at "
        f"{thresholds[stage]:.0%}, VX {level:.2f}"
    )


def _unmeasured(episode: Episode, rules: UnwindPolicy) -> str:
    rise, least = episode.peak - episode.base, least_rise(episode.base, rules)
    if rise < least - TOLERANCE:
        return (
            f"a rise of {rise:.2f} from the base {episode.base:.2f} to {episode.peak:.2f} is under {least:.2f}, "
            "too small to count: no stage sells"
        )
    return "two closed bars since the rise are needed to measure what VX gave back"


def _quiet(samples: tuple[Sample, ...], policy: Policy) -> bool:
    bars = consecutive(samples)[-policy.unwind.quiet_bars :]
    below = policy.sizing.inflation_disarm
    calm = [sample.inflation is not None and sample.inflation < below for sample in bars]
    return len(calm) == policy.unwind.quiet_bars and all(calm)


def _ceiling(
    reading: Reading,
    purpose: Purpose,
    keep: int | None,
    why: str,
    reason: str,
    *,
    observed: float | None = None,
    threshold: float | None = None,
    stage: int | None = None,
) -> Ceiling:
    passed = keep is None or reading.own <= keep
    check = Check(name=f"hold: {purpose}", observed=observed, threshold=threshold, passed=passed, why=why)
    return Ceiling(purpose=purpose, minis=keep, reason=reason, checks=(check,), stage=stage)


def _first(ceiling: Ceiling, lots: tuple[Lot, ...], *, tranche: int | None = None) -> Ceiling:
    return Ceiling(
        purpose=ceiling.purpose,
        minis=ceiling.minis,
        reason=ceiling.reason,
        checks=ceiling.checks,
        tranche=tranche,
        first=lots,
    )
