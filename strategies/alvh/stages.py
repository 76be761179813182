"""Take the hedge off in stages as VX gives back its rise (docs/method.md, section 10, "Cash Press")."""

from __future__ import annotations

from dataclasses import replace

from strategies.alvh.ceiling import Ceiling, ceiling_of
from strategies.alvh.context import context, paced
from strategies.alvh.false_spike import consecutive
from strategies.alvh.policy import Policy, UnwindPolicy
from strategies.alvh.reading import Reading
from strategies.alvh.records import Episode, Purpose, Sample
from strategies.alvh.rounding import TOLERANCE
from strategies.alvh.sizing import stage_remaining

CONFIRM_BARS = 2


def stages(reading: Reading, episode: Episode | None, samples: tuple[Sample, ...]) -> Ceiling:
    """Take the hedge off in thirds as VX gives back its rise (method note, 3.14, "Cash Press")."""
    background = context(reading)
    thresholds = paced(reading.policy.unwind.stages, background.pace)
    if episode is None:
        found = ceiling_of(reading, Purpose.STAGE, None, "no spike is being followed", "", threshold=thresholds[0])
        return replace(found, checks=(*background.checks, *found.checks))
    due, reason = stages_due(samples, episode, reading.policy, pace=background.pace)
    stage = max(due, episode.stages_done)
    if stage > due:
        reason = f"stage {stage} has fired"
    found = ceiling_of(
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
