"""Check at the end of a day what must hold whatever happened: five rules, each with what broke it in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.drill.day import Day
from bot.journal import Entry, JournalReader, Kind
from bot.orders.refs import is_ours
from bot.session import session_at

BLIND_SHARE = 0.10  # a purchase may be limited at most this far above the true ask
MOMENT = timedelta(minutes=1)
LULL = timedelta(minutes=2)  # an outage is told once, however often the line comes and goes in it
TIME_TO_FLATTEN = timedelta(minutes=12)
RESTS = "cancel it there before you sell by hand"  # what a human is told of a sale that nothing moves
TURNED_AWAY = "the broker refused SELL"  # as at a price limit that is shown and is none
LONGEST_SILENCE = timedelta(minutes=6)  # between two explained wake-ups


def broken(day: Day) -> tuple[str, ...]:
    """Return every rule that the day broke, in words; the day must be closed."""
    entries = _entries(day)
    checks = (_sent_once, _lots_are_executions, _bounded, _sighted, _can_reduce, _back_in_step, _explained)
    return tuple(f"{check.__name__.strip('_')}: {what}" for check in checks for what in check(day, entries))


def _entries(day: Day) -> list[Entry]:
    if day.journal_path is None:
        return []
    reader = JournalReader.open(day.journal_path)
    try:
        return list(reader.entries())
    finally:
        reader.close()


def _sent_once(day: Day, entries: list[Entry]) -> Iterator[str]:
    """Ask whether an intent became two orders, or an order was sent that the journal does not hold."""
    intended = {entry.body["ref"] for entry in entries if entry.kind is Kind.INTENT}
    for ref, orders in day.witness.placed.items():
        if len(orders) > 1:
            yield f"{ref} reached the exchange as {len(orders)} orders {sorted(orders)}"
        if ref not in intended:
            yield f"{ref} reached the exchange and is not in the journal"


def _lots_are_executions(day: Day, entries: list[Entry]) -> Iterator[str]:
    """Hold the journal's lots against what the exchange executed, unless a human was told why it cannot know."""
    for con_id, (known, true) in sorted(day.final_lots.items()):
        if known != true and not _told(day):
            yield f"contract {con_id}: the journal says {known}, executed were {true}, and nobody was told"
        elif known > true and not _is_cut_off(day):
            yield f"contract {con_id}: the journal says {known}, executed were only {true}"


def _is_cut_off(day: Day) -> bool:
    """Say whether the day ended with no process, or without a line to ask by."""
    spans = day.watcher.spans
    return bool(spans) and spans[-1].until is None and any(_is_away(why) for why in spans[-1].why)


def _is_away(why: str) -> bool:
    return why == "no process" or why.startswith("line")


def _bounded(day: Day, entries: list[Entry]) -> Iterator[str]:
    """Hold the hedge, with what works for it, against its cap; neither it nor, by it, the account was short."""
    cap = day.options.guard.max_position_minis
    if day.witness.most_minis > cap:
        yield f"{day.witness.most_minis} minis were owned and at work, the cap is {cap}"
    for con_id, least in sorted(day.witness.least.items()):
        if least < 0:
            yield f"contract {con_id} was sold down to {least}"
    for con_id, left in sorted(day.witness.oversold.items()):
        if not day.setup.faults:  # which may hide what others sold
            yield f"contract {con_id}: long after others had sold, our own sale left the account at {left}"


def _sighted(day: Day, entries: list[Entry]) -> Iterator[str]:
    """Ask whether anything was opened on prices that were not the market's, or while it was closed."""
    for ref, placed in day.witness.bought.items():
        if not placed.is_open:
            yield f"{ref} was bought while the market was closed"
        elif placed.ask is None or placed.limit > placed.ask * (1 + BLIND_SHARE):
            yield f"{ref} was limited at {placed.limit}, the true ask was {placed.ask}"


def _can_reduce(day: Day, entries: list[Entry]) -> Iterator[str]:
    """Ask whether what the operator wanted sold was sold, when the broker could be reached for long enough."""
    asked = day.flattened_at
    if asked is None or day.gave_up or day.ends_at - asked < TIME_TO_FLATTEN:
        return
    bought_after = any(fill.at > asked and fill.side == "BOT" for fill in day.witness.own_fills())
    left = {con_id: n for con_id, n in _sellable(day).items() if n > 0}
    offered = _offered(day)
    if not left or bought_after or _reachable(day, asked) < TIME_TO_FLATTEN:
        return
    rests = all(left[con_id] <= offered[con_id] for con_id in left) and _was_told(day, asked, RESTS)
    if not rests and not _was_told(day, asked, TURNED_AWAY):
        yield f"flatten was asked for at {asked:%H:%M:%S} and {left} is left"


def _sellable(day: Day) -> dict[int, int]:
    """Return, by contract, what the bot owns and the account still holds: other hands may have sold it."""
    account = {each.con_id: round(each.quantity) for each in day.exchange.positions(day.account)}
    return {con_id: min(owned, account.get(con_id, 0)) for con_id, owned in day.witness.own.items()}


def _offered(day: Day) -> Counter[int]:
    """Return, by contract, what the bot's own sales still offer at the exchange: without a price they rest."""
    offered: Counter[int] = Counter()
    for report in day.exchange.open_orders():
        if report.request.action == "SELL" and is_ours(report.request.order_ref, day.setup.mode):
            offered[report.request.con_id] += round(report.remaining)
    return offered


def _was_told(day: Day, since: datetime, words: str) -> bool:
    return any(told.at >= since and words in told.why for told in day.told)


def _reachable(day: Day, since: datetime) -> timedelta:
    """Return how long bot and market were there, one with the other, after an instant."""
    closes = _closes_at(day, since)
    total = max(closes - since, timedelta())
    for span in day.watcher.spans:
        if any(_is_away(why) for why in span.why):
            begins, ends = max(span.since, since), min(span.until or closes, closes)
            total -= max(ends - begins, timedelta())
    return total


def _closes_at(day: Day, at: datetime) -> datetime:
    session = session_at(at)
    return at if session is None else min(session.closes_at, day.ends_at)


def _back_in_step(day: Day, entries: list[Entry]) -> Iterator[str]:
    """Ask whether the bot is in step again once its faults are over, or a human was told why not."""
    if day.final_differences and not _told(day):
        yield f"at the end {', '.join(day.final_differences)}, and nobody was told"


def _astray_since(day: Day) -> datetime:
    """Return when the bot fell out of step for the last time; spans with a short lull between them are one."""
    spans = day.watcher.spans
    if not spans or spans[-1].until is not None:
        return day.ends_at
    since = spans[-1].since
    for before in reversed(spans[:-1]):
        if before.until is None or since - before.until > LULL:
            break
        since = before.since
    return since


def _told(day: Day) -> bool:
    """Say whether a human has been told something since the bot fell out of step for the last time."""
    since = _astray_since(day)
    return any(told.at >= since - MOMENT for told in day.told if not told.why.startswith("parity"))


def _explained(day: Day, entries: list[Entry]) -> Iterator[str]:
    """Ask whether a living bot said at every wake-up what it thought, or why it could not look."""
    alive_since: datetime | None = None
    ends = sorted(day.deaths)
    marks = [e for e in entries if e.kind in (Kind.START, Kind.STOP, Kind.WAKEUP, Kind.MISSED)]
    for entry in marks:
        began = alive_since
        died = began is not None and any(began <= end <= entry.at for end in ends)
        if began is not None and not died and entry.kind is not Kind.START:
            before, now = session_at(began), session_at(entry.at)
            together = before is not None and now is not None and before.day == now.day
            if together and entry.at - began > LONGEST_SILENCE:
                yield f"nothing explains {began:%H:%M:%S} to {entry.at:%H:%M:%S}"
        alive_since = None if entry.kind is Kind.STOP else entry.at
