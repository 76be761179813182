"""Read the signs of a spike: the signals, the gauge, and whether data and filter let them be believed."""

from __future__ import annotations

from dataclasses import dataclass

from strategies.alvh.false_spike import credible
from strategies.alvh.parity import Parity, monitor
from strategies.alvh.readiness import readiness
from strategies.alvh.reading import Reading
from strategies.alvh.records import Check, Surface
from strategies.alvh.signals import Signal, breadth_stress, term_inversion, vix_rsi, vx_jump, vx_momentum
from strategies.alvh.spike import gauge
from strategies.alvh.tranches import last_buy_price
from strategies.alvh.variance_strip import informed


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Hold the signals, whether the data is `ready` and the spike `real`, and every check behind that."""

    signals: tuple[Signal, ...]
    momentum: Signal
    checks: tuple[Check, ...]
    parity: Parity
    ready: bool
    real: bool
    armable: bool


def read_signs(reading: Reading, baseline: Surface | None) -> Signs:
    """Return what this wake-up shows of a spike, measured against the baseline."""
    view, policy = reading.view, reading.policy
    signals = (
        breadth_stress(view, policy),
        vix_rsi(view, policy),
        vx_jump(reading.front, policy),
        term_inversion(view, policy),
    )
    momentum = vx_momentum(reading.front, view.now, policy, last_buy=last_buy_price(reading))
    data = readiness(view, reading.book, reading.state, reading.front, reading.exposure, policy)
    judged, filters = gauge(reading, baseline, signals), credible(reading)
    parity = monitor(reading)
    ready = all(check.passed for check in data) and parity.connected
    real = all(check.passed for check in filters)
    shown = (*(signal.check() for signal in signals), momentum.check())
    return Signs(
        signals=signals,
        momentum=momentum,
        checks=(*data, *parity.checks, *informed(reading), *shown, *judged.checks, *filters),
        parity=parity,
        ready=ready,
        real=real,
        armable=ready and real and judged.armable,
    )
