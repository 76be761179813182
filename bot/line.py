"""Bring a lost line back, and the bot in step with what was executed meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.alarm import Alarm
from bot.broker.port import LinkState
from bot.broker.readonly import ReadOnlyBroker
from bot.errors import Unreachable


class Line:
    """Watch the broker's line: reconnect it, and have `recover` called when it is back."""

    def __init__(self, broker: ReadOnlyBroker, alarm: Alarm, recover: Callable[[], Awaitable[tuple[str, ...]]]) -> None:
        self._broker = broker
        self._alarm = alarm
        self._recover = recover
        self._was_up = True

    async def tend(self) -> None:
        """Bring a lost line back, and everything in step: what was executed meanwhile nobody tells by itself."""
        broker = self._broker
        if broker.fault:
            self._alarm.lock_opening(f"an event of the broker could not be handled ({broker.fault})")
            await broker.disconnect()
        lost = broker.link is LinkState.DISCONNECTED
        if lost and not await self._reconnected():
            return
        up = broker.link is LinkState.UP
        if lost or (up and not self._was_up):
            await self._recover()
        if not up and self._was_up:
            self._alarm.alert(f"the line to the exchange is {broker.link}: nothing is opened until it is up")
        self._was_up = up

    async def _reconnected(self) -> bool:
        try:
            await self._broker.connect()
        except Unreachable as problem:
            if self._was_up:
                self._alarm.alert(f"the line is lost: {problem}")
            self._was_up = False
            return False
        return True
