"""Look all day whether the bot is in step with the truth, and since when and why it is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.broker.port import LinkState
from bot.broker.readonly import ReadOnlyBroker
from bot.drill.witness import Witness
from bot.journal import Projection
from bot.journal.projections import session_day
from bot.orders.life import Life


@dataclass(frozen=True, slots=True, kw_only=True)
class Astray:
    """Hold one span in which the bot was out of step; `until` is `None` while it lasts."""

    since: datetime
    until: datetime | None
    why: tuple[str, ...]


class Watcher:
    """Compare what the bot knows with what the exchange did, whenever the market's time has moved."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._looked_at: datetime | None = None
        self._spans: list[Astray] = []

    @property
    def spans(self) -> tuple[Astray, ...]:
        """Return every span out of step, oldest first; the last may still be open."""
        return tuple(self._spans)

    def look(self, at: datetime, broker: ReadOnlyBroker | None, known: Projection | None) -> None:
        """Compare; `broker` and `known` are `None` while no process runs."""
        if at == self._looked_at:
            return
        self._looked_at = at
        why = differences(at, broker, known, self._witness)
        last = self._spans[-1] if self._spans and self._spans[-1].until is None else None
        if last is None and why:
            self._spans.append(Astray(since=at, until=None, why=why))
        elif last is not None:
            new = tuple(one for one in why if one not in last.why)
            if not why or new:
                until = None if why else at
                self._spans[-1] = Astray(since=last.since, until=until, why=(*last.why, *new))


def differences(
    at: datetime, broker: ReadOnlyBroker | None, known: Projection | None, witness: Witness
) -> tuple[str, ...]:
    """Return in words what is not as it should be; empty when the bot is in step."""
    if broker is None or known is None:
        return ("no process",)
    found = [] if broker.link is LinkState.UP else [f"line {broker.link}"]
    doubtful = [o for o in known.open_orders if o.life in (Life.UNKNOWN, Life.INTENDED) or o.missing]
    found += ["an order of unknown outcome"] if doubtful else []
    contracts = {con_id for con_id, owned in witness.own.items() if owned}
    contracts |= {lot.con_id for lot in known.lots()} | {lot.con_id for lot in known.calls()}
    if any(known.position(con_id) != witness.own[con_id] for con_id in contracts):
        found.append("the journal holds other lots than were executed")
    found += ["opening is locked"] if known.locked(session_day(at)) or known.contract_locks else []
    return tuple(found)
