"""Say when a roll is late: a month that should have been left a session ago, or two months held side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from strategies.alvh.holdings import owned
from strategies.alvh.reading import Reading
from strategies.alvh.records import Check, Episode, Lot, RollWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """Hold what is late of a roll: the checks that say so, whom to alert, and what to remember."""

    checks: tuple[Check, ...]
    alerts: tuple[str, ...]
    watch: RollWatch


def watch_roll(reading: Reading, episode: Episode | None, surplus: int) -> Late:
    """Ask both questions; each is alerted once a session. `surplus` are near minis that far ones already replace."""
    before, today = reading.memory.roll, reading.view.session.day
    late, apart = _overdue(reading), _apart(reading, episode, surplus)
    found = tuple(check for check in (late, apart) if check is not None)
    alerts = [
        f"roll: {check.why}"
        for check, told_on in ((late, before.overdue_on), (apart, before.apart_on))
        if check is not None and told_on != today
    ]
    watch = RollWatch(
        overdue_on=before.overdue_on if late is None else today, apart_on=before.apart_on if apart is None else today
    )
    return Late(checks=found, alerts=tuple(alerts), watch=watch)


def _overdue(reading: Reading) -> Check | None:
    """Return the failed check when lots stood in the roll zone at the session before and are still there."""
    session, limit = reading.view.session, reading.policy.contract.roll_dte
    before = max((day for day in session.recent_days if day < session.day), default=None)
    if before is None:
        return None
    lots: list[Lot] = [lot for lot in reading.state.lots if (lot.settles_on - before).days <= limit]
    if not lots:
        return None
    days = min((lot.settles_on - session.day).days for lot in lots)
    why = (
        f"{owned(lots)} minis settle in {days} days and should have left that month in the session before: "
        "look why they were neither rolled nor sold; they are never held into the settlement"
    )
    return Check(name="roll: overdue", observed=float(days), threshold=float(limit), passed=False, why=why)


def _apart(reading: Reading, episode: Episode | None, surplus: int) -> Check | None:
    """Return the failed check when the legs of a roll have stood apart for longer than the limit since the last fill.

    The far leg is bought first, so for that long the hedge is larger than it was.
    """
    filled_at, limit_s = reading.state.last_fill_at, reading.policy.contract.legging_s
    if episode is None or episode.roll_from is None or surplus <= 0 or filled_at is None:
        return None
    age_s = (reading.view.now - filled_at) / timedelta(seconds=1)
    if age_s <= limit_s:
        return None
    why = (
        f"{surplus} minis of the old month stand beside what replaced them for {age_s:.0f} s (limit {limit_s:g} s): "
        "the hedge is larger than planned until they are sold"
    )
    return Check(name="roll: legs", observed=age_s, threshold=limit_s, passed=False, why=why)
