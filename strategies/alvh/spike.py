"""Ask whether this is a spike that hurts the book: the exposure gauge, its limits and the quorum of signals."""

from __future__ import annotations

from dataclasses import dataclass

from strategies.alvh.policy import ArmOn
from strategies.alvh.readiness import number
from strategies.alvh.reading import Reading
from strategies.alvh.records import Check, Surface, SurfaceSource
from strategies.alvh.signals import Signal, quorum

CEILING_USABLE = 0.50
SHORT_DATED_MAX = 0.50


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """Hold the gauge's checks, and whether those that must pass before arming do."""

    checks: tuple[Check, ...]
    armable: bool


def gauge(reading: Reading, baseline: Surface | None, signals: tuple[Signal, ...]) -> Gauge:
    """Judge book, inflation and quorum (method note, 2.5.2 and 3.4).

    Setting `arm_on` decides whether inflation, the quorum or both must agree; that the put side is threatened is asked
    in any case. The ceiling is a warning: a book whose gauge cannot reach the arming level is told so, not refused.
    """
    arm_on = reading.policy.sizing.arm_on
    required = [*_suitable(reading, baseline), *_threatened(reading)]
    inflation, agreed = _inflation(reading), quorum(signals, reading.policy)
    if arm_on is not ArmOn.SIGNALS:
        required.append(inflation)
    if arm_on is not ArmOn.INFLATION:
        required.append(agreed)
    shown = (inflation, agreed, _ceiling(reading))
    optional = tuple(check for check in shown if check not in required)
    return Gauge(checks=(*required, *optional), armable=all(check.passed for check in required))


def keeps(reading: Reading, signals: tuple[Signal, ...]) -> bool | None:
    """Say whether the spike still justifies the episode's target; `None` when the gauge is missing.

    The gauge must stay at the keeping level (method note, 3.4). Where only signals arm, the quorum must stand instead.
    """
    if reading.policy.sizing.arm_on is ArmOn.SIGNALS:
        return quorum(signals, reading.policy).passed
    inflation = number(reading.exposure.inflation)
    return None if inflation is None else inflation >= reading.policy.sizing.inflation_keep


def disarmed(reading: Reading, signals: tuple[Signal, ...]) -> bool:
    """Say whether the spike has gone before anything was bought; a missing gauge disarms nothing."""
    if reading.policy.sizing.arm_on is ArmOn.SIGNALS:
        return all(signal.ok and not signal.confirmed for signal in signals)
    inflation = number(reading.exposure.inflation)
    return inflation is not None and inflation < reading.policy.sizing.inflation_disarm


def _suitable(reading: Reading, baseline: Surface | None) -> tuple[Check, ...]:
    sizing, exposure = reading.policy.sizing, reading.exposure
    side, share = number(exposure.side_vega30_baseline_usd), number(exposure.short_dated_share)
    vega = number(exposure.vega30_usd)
    return (
        _baseline(baseline),
        _check(
            "book: condors",
            float(exposure.guarded),
            1.0,
            exposure.guarded > 0,
            "iron condors held",
            "no condors to guard",
        ),
        _check(
            "book: net vega",
            vega,
            0.0,
            vega is not None and vega < 0.0,
            "the book is short vega",
            "the book is not short vega: nothing to hedge",
            "the book cannot be valued: no opening",
        ),
        _check(
            "book: days left",
            share,
            SHORT_DATED_MAX,
            share is not None and share <= SHORT_DATED_MAX,
            "most of the vega lives longer than two days",
            "too much of the vega expires within days: VX is the wrong hedge for such condors",
            "how much of the vega expires within days is not known",
        ),
        _check(
            "book: put side",
            side,
            sizing.min_side_vega_usd,
            side is not None and abs(side) >= sizing.min_side_vega_usd,
            "the short puts were large enough to hedge at the prior close",
            "the short puts carry too little vega: no opening",
            "the short puts have no vega at the prior close to compare with: no opening",
        ),
    )


def _baseline(baseline: Surface | None) -> Check:
    if baseline is None:
        return Check(
            name="book: baseline",
            observed=None,
            threshold="prior close",
            passed=False,
            why="no prior-close baseline: watch only",
        )
    modelled = baseline.source is SurfaceSource.MODELLED
    why = (
        "baseline modelled from prior index closes: first tranche only" if modelled else "prior-close surface is known"
    )
    return Check(name="book: baseline", observed=str(baseline.source), threshold="prior close", passed=True, why=why)


def _threatened(reading: Reading) -> tuple[Check, ...]:
    change, iv_only = reading.vix_change, number(reading.exposure.iv_only)
    return (
        put_side(reading),
        _check(
            "gauge: VIX up",
            change,
            0.0,
            change is not None and change > 0.0,
            "VIX is above its previous close",
            "VIX is not above its previous close",
            "VIX is stale, or its previous close is not known",
        ),
        _check(
            "gauge: IV part",
            iv_only,
            0.0,
            iv_only is not None and iv_only > 0.0,
            "implied volatility itself inflates the short puts",
            "implied volatility alone does not inflate the short puts",
            "what implied volatility alone did to the short puts is not known",
        ),
    )


def put_side(reading: Reading) -> Check:
    """Ask whether SPX has fallen enough to threaten the short puts (method note, 2.5.2 and 3.5)."""
    limit = None if reading.edr_pct is None else -reading.policy.filter.spx_edr_share * reading.edr_pct
    passed = limit is not None and reading.spx_pct is not None and reading.spx_pct <= limit
    return _check(
        "gauge: SPX down",
        reading.spx_pct,
        limit,
        passed,
        "SPX has fallen towards the short puts",
        "SPX has not fallen enough",
        "the move of SPX or its expected range is not known",
    )


def _inflation(reading: Reading) -> Check:
    sizing, inflation = reading.policy.sizing, number(reading.exposure.inflation)
    if inflation is None:
        why = "the inflation of the short puts' vega is not known"
    elif inflation >= sizing.inflation_arm:
        why = f"the short puts' vega is inflated by {inflation:.0%}"
    elif inflation >= sizing.inflation_watch:
        why = f"the short puts' vega is inflated by {inflation:.0%}: under watch"
    elif inflation < 0.0:
        why = f"the short puts' vega is {-inflation:.0%} below its prior close"
    else:
        why = f"the short puts' vega is inflated by {inflation:.0%} only"
    passed = inflation is not None and inflation >= sizing.inflation_arm
    return Check(name="gauge: inflation", observed=inflation, threshold=sizing.inflation_arm, passed=passed, why=why)


def _ceiling(reading: Reading) -> Check:
    """Warn of strikes too near the money for the gauge, measured from this prior close; not while a hedge is held."""
    ceiling, level = number(reading.exposure.ceiling), reading.policy.sizing.inflation_arm
    asked = reading.policy.sizing.arm_on is not ArmOn.SIGNALS and reading.own == 0
    low = asked and ceiling is not None and ceiling < CEILING_USABLE
    close = number(reading.view.vix.prev_close)
    start = f"from this prior close{'' if close is None else f' (VIX {close:.2f})'} these strikes can reach"
    why = "the gauge can reach its arming level with these strikes"
    if ceiling is None:
        why = "the gauge's ceiling is not known"
    elif reading.own:
        why = "a hedge is held: nothing is to arm"
    elif not asked:
        why = f"the gauge can reach at most {ceiling:.0%} with these strikes; signals alone arm"
    elif ceiling < level:
        why = f'{start} {ceiling:.0%} at most, {level:.0%} arms (sizing.inflation_arm, or sizing.arm_on = "signals")'
    elif low:
        why = f"{start} {ceiling:.0%} at most, {level:.0%} arms: little room"
    return Check(name="gauge: ceiling", observed=ceiling, threshold=CEILING_USABLE, passed=not low, why=why)


def _check(
    name: str, observed: float | None, threshold: float | None, passed: bool, yes: str, no: str, unknown: str = ""
) -> Check:
    """Return a check that says why it failed: the answer is no, or it is not known."""
    missing = unknown and (observed is None or threshold is None)
    return Check(
        name=name,
        observed=observed,
        threshold=threshold,
        passed=passed,
        why=yes if passed else unknown if missing else no,
    )
