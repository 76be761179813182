"""Decide one wake-up: a pure function from what the bot sees and knows to what it does and why."""

from __future__ import annotations

from strategies.alvh.policy import Policy
from strategies.alvh.readiness import opening_time, readiness
from strategies.alvh.records import Book, Decision, Exposure, HedgeState, MarketView


def decide(view: MarketView, book: Book, state: HedgeState, policy: Policy) -> Decision:
    """Return what to do at this wake-up, every check behind it, and the memory for the next one."""
    exposure = Exposure(
        condors=0, legs=len(book.legs), unknown_legs=len(book.legs), vega_usd=None, vega30_usd=None,
        vega30_baseline_usd=None, side_vega30_usd=None, side_vega30_baseline_usd=None, inflation=None, iv_only=None,
        ceiling=None, short_dated_share=None, vega_delta_usd=None, delta_usd=None, gamma_usd=None, theta_usd=None,
    )
    checks = (*readiness(view, book, state, None, exposure, policy), opening_time(view, policy))
    failed = [check for check in checks if not check.passed]
    summary = f"Nothing to do: {failed[0].why}." if failed else "Nothing to do."
    return Decision(
        at=view.now, phase_before=state.memory.phase, phase_after=state.memory.phase, proposals=(), cancel=(),
        checks=checks, exposure=exposure, hedge_usd_per_point=0.0, target_minis=0, summary=summary,
        memory=state.memory,
    )
