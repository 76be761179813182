"""Compare what the bot's executions add up to with two independent readings of the account, contract by contract.

The first reading is the list of positions, the second the stream of account updates, or where there is none the list
again, read at another time. A contract on which they do not agree is locked: nothing of it is opened, everything may
be sold. Positions that cannot be read lock all. The account may hold more than the bot bought: that is somebody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.broker.port import Positions, Reader
from bot.clock import Clock
from bot.errors import Halt, Refuse, Retry, Unreachable
from bot.journal.entry import Kind
from bot.journal.projections import Projection, session_day
from bot.orders.ladder import OrderSettings
from bot.orders.pen import POSITIONS_LOCK, Pen

STREAM, LATER = "account updates", "an earlier reading"
ACCEPTED_UP_TO = timedelta(minutes=5)  # a comparison older than this is not accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Hold one contract: what our executions add up to, and what each reading shows; `None`: there was no second."""

    con_id: int
    own: int
    first: int
    second: int | None

    @property
    def fault(self) -> str:
        """Say what is wrong, or nothing."""
        if self.own < 0:
            return "our executions add up to a short position"
        if self.first < self.own:
            return "the account holds less than our executions add up to"
        if self.second is not None and self.second != self.first:
            return "the two readings differ"
        return ""


class Comparing:
    """Take the readings, lock and unlock, and say exactly what differs since when."""

    def __init__(self, broker: Reader, projection: Projection, pen: Pen, clock: Clock, settings: OrderSettings) -> None:
        self._broker = broker
        self._projection = projection
        self._pen = pen
        self._clock = clock
        self._settings = settings
        self._earlier: tuple[datetime, Mapping[int, int]] | None = None
        self._rows: dict[int, Row] = {}
        self._at: datetime | None = None

    @property
    def is_locked(self) -> bool:
        """Say whether positions lock anything, so that they must be read again."""
        return POSITIONS_LOCK in self._projection.locks or bool(self._projection.contract_locks)

    async def compare(self, because: str) -> None:
        """Read the positions and lock or unlock by what they show; `because` is for the journal."""
        try:
            positions = await self._broker.positions()
        except (Retry, Refuse, Halt, Unreachable) as failure:
            self._pen.lock(POSITIONS_LOCK, f"positions could not be read ({failure}): not confirmed")
            return
        waits = self._at is None or POSITIONS_LOCK in self._projection.locks
        held = _held(positions)
        second, source = self._second(held, whole=positions.complete)
        rows = self._compared(held, second)
        why = "" if positions.complete else f"the broker did not confirm that its positions are whole: {positions.why}"
        self._write(because, rows, positions.complete, why)
        if why:
            self._pen.lock(POSITIONS_LOCK, why)
            return
        self._rows, self._at = {row.con_id: row for row in rows}, self._clock.now()
        for row in rows:
            self._judge(row, source)
        for con_id in [con_id for con_id in self._projection.contract_locks if con_id not in self._rows]:
            self._unlock(con_id)
        unsure = waits and second is None and rows
        self._pen.lock(POSITIONS_LOCK, "the positions were read once: a second reading follows" if unsure else "")

    def _second(self, held: Mapping[int, int], *, whole: bool) -> tuple[Mapping[int, int] | None, str]:
        """Return the second reading and its name: the stream, or an earlier list that is old enough to be another.

        A list that was not whole is no reading of anything.
        """
        stream = self._broker.portfolio()
        if stream is not None:
            return stream, STREAM
        now, earlier = self._clock.now(), self._earlier
        if earlier is not None and now - earlier[0] < timedelta(seconds=self._settings.read_again_s):
            return None, LATER
        if whole:
            self._earlier = (now, held)
        return (None if earlier is None else earlier[1]), LATER

    def _compared(self, held: Mapping[int, int], second: Mapping[int, int] | None) -> tuple[Row, ...]:
        owned = self._projection.nets(session_day(self._clock.now()))
        return tuple(
            Row(
                con_id=con_id,
                own=own,
                first=held.get(con_id, 0),
                second=None if second is None else second.get(con_id, 0),
            )
            for con_id, own in sorted(owned.items())
        )

    def _write(self, because: str, rows: tuple[Row, ...], complete: bool, why: str) -> None:
        shown = [[row.con_id, row.own, row.first, row.second] for row in rows]
        body = {"because": because, "positions": shown, "complete": complete, "why": why}
        self._pen.write(Kind.RECONCILE, body)

    def _judge(self, row: Row, source: str) -> None:
        """Lock the contract, or unlock it; a single reading unlocks nothing."""
        if not row.fault:
            if row.second is not None:
                self._unlock(row.con_id)
            return
        since = self._projection.locked_since.get(row.con_id, self._clock.now())
        second = "" if row.second is None else f", {row.second} ({source})"
        differs = f"own executions {row.own}, account {row.first} (positions){second}"
        why = f"{self._name(row.con_id)}: {row.fault}: {differs}, since {since:%Y-%m-%d %H:%M:%S} UTC"
        self._pen.lock_contract(row.con_id, f"positions of {row.con_id}", f"{why}; alvh reconcile shows the choices")

    def _unlock(self, con_id: int) -> None:
        self._pen.lock_contract(con_id, f"positions of {con_id}", "")

    def _name(self, con_id: int) -> str:
        for order in self._projection.orders.values():
            instrument = order.ticket.instrument
            if instrument.con_id == con_id:
                strike = f" {instrument.strike:g} call" if instrument.strike else ""
                return f"{instrument.trading_class} {instrument.expires_on}{strike} (contract {con_id})"
        return f"contract {con_id}"

    # --- the operator's choice

    def objection(self, con_id: int) -> str:
        """Say why the account cannot be accepted as right about a contract now; an empty text when it can."""
        row, now = self._rows.get(con_id), self._clock.now()
        if con_id not in self._projection.contract_locks or row is None:
            return f"nothing differs on contract {con_id}"
        if self._at is None or now - self._at > ACCEPTED_UP_TO:
            return "the last comparison with the account is too old: wait for the next"
        if self._projection.nets(session_day(now)).get(con_id, 0) != row.own:
            return f"contract {con_id} was traded since the last comparison: wait for the next"
        if row.second is None or row.first != row.second:
            return f"the two readings of the account do not agree yet ({row.first} and {row.second})"
        if any(order.ticket.instrument.con_id == con_id for order in self._projection.open_orders):
            return "an order of this contract is still open: its outcome comes first"
        return ""

    def accept(self, con_id: int, who: str) -> None:
        """Take what the account shows as what is left of the bot's lots, never more than that, and lift the lock."""
        row = self._rows[con_id]
        now_owned = max(0, min(row.own, row.first))
        self._pen.write(Kind.ADJUST, {"con_id": con_id, "was": row.own, "now": now_owned, "by": who})
        del self._rows[con_id]
        self._unlock(con_id)


def _held(positions: Positions) -> dict[int, int]:
    held: dict[int, int] = {}
    for row in positions.rows:
        held[row.instrument.con_id] = held.get(row.instrument.con_id, 0) + row.quantity
    return held
