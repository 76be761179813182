"""Bring a lost line back, and the bot in step with what was executed meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.alarm import CLOCK, Alarm
from bot.broker.port import Answer, LinkState
from bot.broker.readonly import ReadOnlyBroker
from bot.clock import Clock
from bot.errors import Refuse, Retry, Unreachable
from bot.outage import Outage

REMIND_EVERY = timedelta(hours=1)
PATIENCE = timedelta(minutes=10)  # with a TWS that says it has lost the exchange and says nothing more
RECENT = timedelta(seconds=40)  # what a wake-up asked half a minute ago need not be asked again
WHOLE_SECOND = timedelta(seconds=1)  # the broker tells its time without fractions


def skew_s(before: datetime, theirs: datetime, after: datetime) -> float:
    """Return by how many seconds the broker's clock is proven to differ, positive when it is ahead of ours.

    Its answer was written between `before` and `after` and holds whole seconds, so that much proves nothing.
    """
    ahead, behind = (theirs - after).total_seconds(), (theirs + WHOLE_SECOND - before).total_seconds()
    return ahead if ahead > 0.0 else min(0.0, behind)


class Line:
    """Watch the broker's line: listen whether anybody is there, reconnect it, have `recover` called when it is back.

    Without `largest_skew_s` the clocks are not compared.
    """

    def __init__(
        self,
        broker: ReadOnlyBroker,
        alarm: Alarm,
        recover: Callable[[], Awaitable[tuple[str, ...]]],
        clock: Clock,
        largest_skew_s: float | None = None,
    ) -> None:
        self._broker = broker
        self._alarm = alarm
        self._recover = recover
        self._clock = clock
        self._largest_skew_s = largest_skew_s
        self._was_up = True
        self._lost_at: datetime | None = None  # when the exchange was, with TWS still there
        self._outage = Outage()
        self._told: tuple[LinkState, datetime] | None = None

    def needs_care(self) -> bool:
        """Say whether there is anything to mend."""
        return bool(self._broker.fault) or self._broker.link is not LinkState.UP

    async def tend(self) -> None:
        """Bring a lost line back, and everything in step: what was executed meanwhile nobody tells by itself."""
        broker = self._broker
        if broker.fault:
            self._alarm.lock_opening(f"an event of the broker could not be handled ({broker.fault})")
            await broker.disconnect()
        elif self._should_answer(broker.link):
            await self.listen()
        lost = broker.link is LinkState.DISCONNECTED
        if lost and not await self._reconnected():
            return
        up = broker.link is LinkState.UP
        if lost or (up and not self._was_up):
            self._was_up = False  # should this fail it is done again in a minute
            await self._recover()
        if up:
            self._told = None
        else:
            self._complain(broker.link)
        self._was_up = up

    def _should_answer(self, state: LinkState) -> bool:
        """Say whether TWS is to be heard: while it has lost the exchange only after a time, for it has other worries.

        A socket that died with it would otherwise wait for ever for a word that the exchange is back.
        """
        if state is not LinkState.LOST:
            self._lost_at = None
            return state is not LinkState.DISCONNECTED
        now = self._clock.now()
        self._lost_at = self._lost_at or now
        return now - self._lost_at >= PATIENCE

    async def listen(self) -> None:
        """Ask the broker for its time unless it has just told it.

        One that does not answer is hung up; clocks that disagree lock opening.
        """
        answer = self._broker.last_answer
        if answer is None or self._clock.now() - answer.answered_at > RECENT:
            answer = await self._ask()
        if answer is not None and self._largest_skew_s is not None:
            skew = skew_s(answer.asked_at, answer.theirs, answer.answered_at)
            self._compare_clocks(skew, self._largest_skew_s)

    async def _ask(self) -> Answer | None:
        try:
            await self._broker.heartbeat()
        except Retry as silence:
            self._alarm.alert(f"the line is open and nobody answers ({silence}): it is closed and opened anew")
            await self._broker.disconnect()
            return None
        return self._broker.last_answer

    def _compare_clocks(self, skew: float, largest: float) -> None:
        why = ""
        if abs(skew) > largest:
            which = "ahead of" if skew > 0 else "behind"
            why = f"the broker's clock is {abs(skew):.0f} s {which} this machine's, at most {largest:g} s are allowed: "
            why += "see that NTP runs here"
        self._alarm.lock(CLOCK, why)

    async def _reconnected(self) -> bool:
        began = self._clock.now()
        if not self._outage.allows(began):
            return False
        try:
            await self._broker.connect()
        except (Unreachable, Refuse) as problem:
            self._was_up = False
            said = self._outage.failed(began, problem)
            if said is not None:
                self._alarm.alert(*said)
            return False
        self._outage.over()
        return True

    def _complain(self, state: LinkState) -> None:
        """Say a trouble of the line once, and again every hour while it lasts."""
        now = self._clock.now()
        if self._told is None or self._told[0] is not state or now - self._told[1] >= REMIND_EVERY:
            self._told = (state, now)
            self._alarm.alert(f"the line to the exchange is {state}: nothing is opened until it is up")
