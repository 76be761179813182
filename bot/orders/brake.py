"""Keep the kill switch on disk and in the journal in step, and pull it when the hedge loses too much in a day."""

from __future__ import annotations

from datetime import datetime

from bot.broker.port import Reader
from bot.guard.kill import KillSwitch
from bot.journal.entry import Kind
from bot.journal.projections import Projection, session_day
from bot.orders.pen import Pen
from bot.orders.sending import Sender
from bot.orders.situation import Looks, hedge_loss_usd
from strategies.alvh.records import Proposal, Purpose


class Brake:
    """Stop every order but what flattens while the kill switch is engaged; only `rearm` lifts it."""

    def __init__(self, kill: KillSwitch, projection: Projection, pen: Pen, sender: Sender) -> None:
        self._kill = kill
        self._projection = projection
        self._pen = pen
        self._sender = sender

    def stops(self, proposal: Proposal) -> str:
        """Return why this order may be neither sent nor moved, or an empty text."""
        return "" if proposal.purpose is Purpose.FLATTEN else self.engaged()

    def engaged(self) -> str:
        """Return why nothing may be sent, or an empty text."""
        return self._kill.engaged() or self._projection.killed

    def obey(self) -> None:
        """Keep file and journal in step (only `rearm` lifts either), and take back what works but what flattens."""
        why = self._kill.engaged()
        if why and not self._projection.killed:
            self._pen.write(Kind.KILL, {"by": "file or environment", "why": why})
        elif self._projection.killed and not why:
            self._pull(self._projection.killed)
        if self._projection.killed:
            for order in self._projection.open_orders:
                if order.proposal.purpose is not Purpose.FLATTEN:
                    self._sender.cancel(order.ref, "kill switch")

    def engage(self, by: str, why: str) -> None:
        """Engage the kill switch: on disk first, then in the journal, then take back what works."""
        fault = self._pull(why)
        if not self._projection.killed:
            self._pen.write(Kind.KILL, {"by": by, "why": why})
        if fault:
            body = {"name": "kill switch", "why": f"the kill switch is in force but not on disk: {fault}"}
            self._pen.write(Kind.ALERT, body)
        self.obey()

    def rearm(self, by: str) -> str:
        """Lift the kill switch on a human's word; return why it is still engaged, or an empty text."""
        try:
            self._kill.rearm()
        except OSError as fault:
            return f"the kill switch {self._kill.path} cannot be removed ({fault})"
        still = self._kill.engaged()
        if not still:
            self._pen.write(Kind.REARM, {"by": by})
        return still

    def _pull(self, why: str) -> str:
        """Put the kill switch on disk; return what prevents it, for a full disk must not save what has to stop."""
        try:
            self._kill.engage(why)
        except OSError as fault:
            return str(fault)
        return ""


class LossWatch:
    """Engage the kill switch when the hedge lost its largest share of the account in one session."""

    def __init__(
        self, projection: Projection, broker: Reader, looks: Looks, brake: Brake, largest_share: float
    ) -> None:
        self._projection = projection
        self._broker = broker
        self._looks = looks
        self._brake = brake
        self._share = largest_share

    def attend(self, now: datetime) -> None:
        """Compare today's loss with the account as it was last seen; without a value of either nothing is concluded."""
        owned = self._projection.lots() or self._projection.calls()
        if self._projection.killed or not owned:
            return
        look = self._looks.latest()
        value = None if look is None else look.book.account.net_liquidation
        if value is None or value <= 0:
            return
        loss = hedge_loss_usd(self._projection, self._broker, session_day(now))
        if loss is not None and loss >= self._share * value:
            why = f"the hedge lost {loss:,.0f} USD today, {self._share:.0%} of the account or more"
            self._brake.engage("daily loss", why)
