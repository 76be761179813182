"""Hand pages to one hook from a thread of its own, so that nothing that happens there can hold the bot up."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from threading import Condition, Thread

from bot.watch.hooks import Hook, Undelivered
from bot.watch.pages import Page

log = logging.getLogger(__name__)

MOST_WAITING = 50
SHOWN = 80  # characters of a page in a failure
PAUSES_S = (2.0, 15.0, 60.0)  # before the second, third and fourth attempt


class Outbox:
    """Keep what waits for one hook; `post` returns at once, whatever the other end does."""

    def __init__(self, hook: Hook, pauses_s: Sequence[float] = PAUSES_S) -> None:
        self.name = hook.name
        self._hook = hook
        self._pauses_s = tuple(pauses_s)
        self._waiting: deque[Page] = deque()
        self._failures: deque[str] = deque(maxlen=MOST_WAITING)
        self._changed = Condition()
        self._closing = False
        self._is_sending = False
        self._thread: Thread | None = None

    def post(self, page: Page) -> None:
        """Leave a page for the hook; when too many wait the newest is given up, and that is a failure like others."""
        with self._changed:
            if len(self._waiting) >= MOST_WAITING or self._closing:
                why = "it is closed" if self._closing else f"{MOST_WAITING} pages wait"
                self._failures.append(f"{self.name}: {why}, '{page.text[:SHOWN]}' was given up")
                return
            self._waiting.append(page)
            if self._thread is None:
                self._thread = Thread(target=self._run, name=f"pages to {self.name}", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def failures(self) -> tuple[str, ...]:
        """Return what could not be delivered since the last question."""
        with self._changed:
            found = tuple(self._failures)
            self._failures.clear()
        return found

    def settle(self, timeout_s: float) -> bool:
        """Wait so many real seconds until nothing is left to send; say whether that came to be."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._is_sending, timeout_s)

    def close(self, timeout_s: float) -> None:
        """Give what waits so many real seconds to leave, each in one attempt, then let it go."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self.settle(timeout_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                page, self._is_sending = self._waiting.popleft(), True
            try:
                self._deliver(page)
            finally:
                with self._changed:
                    self._is_sending = False
                    self._changed.notify_all()

    def _deliver(self, page: Page) -> None:
        for pause_s in (*self._pauses_s, None):
            why = self._attempt(page)
            if not why:
                return
            with self._changed:
                if pause_s is None or self._closing:
                    self._failures.append(f"{why}: '{page.text[:SHOWN]}' was not delivered")
                    return
                self._changed.wait_for(lambda: self._closing, pause_s)

    def _attempt(self, page: Page) -> str:
        """Return why the page was not delivered, or an empty text."""
        try:
            self._hook.send(page)
        except Undelivered as problem:
            return str(problem)
        except Exception as problem:  # a hook's own fault ends neither its thread nor the bot
            log.error("a hook failed: %s", type(problem).__name__)
            return f"{self.name} failed ({type(problem).__name__})"
        return ""
