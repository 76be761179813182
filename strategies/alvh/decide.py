"""Decide one wake-up: a pure function from what the bot sees and knows to what it does and why."""

from __future__ import annotations

from strategies.alvh.baseline import begin_session, ensure_baseline, see_legs, store_surface
from strategies.alvh.exposure import measure
from strategies.alvh.judge import judge
from strategies.alvh.policy import Policy
from strategies.alvh.records import Book, Decision, HedgeState, MarketView
from strategies.alvh.valued import value_legs


def decide(view: MarketView, book: Book, state: HedgeState, policy: Policy) -> Decision:
    """Return what to do at this wake-up, every check behind it, and the memory for the next one.

    Total and deterministic: missing or broken market input is refused with a reason, never raised.
    """
    valued = value_legs(view, book, policy)
    memory = see_legs(begin_session(state.memory, view), view, book, policy, valued.quoted)
    memory = ensure_baseline(store_surface(memory, view, book, policy, valued.quoted), view, policy)
    baseline = memory.episode.baseline if memory.episode else memory.baseline
    first_seen = {seen.con_id: seen.surface for seen in memory.first_seen}
    exposure = measure(valued, view, baseline, policy, first_seen=first_seen)
    return judge(view, book, state, policy, memory=memory, exposure=exposure, valued=valued)
