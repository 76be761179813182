"""A look-up that fails later in a session forgets nothing that was checked before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from harness import stage

from bot.errors import Retry
from bot.observe import Observer, Sight
from bot.session import session_at

OPEN = datetime(2018, 2, 5, 14, 40, tzinfo=UTC)


async def test_a_failed_second_look_up_leaves_what_is_held_sellable(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(at=OPEN) as s:
        observer = Observer(s.broker, s.clock, Sight(rate=0.0145))
        session = session_at(s.clock.now())
        assert session is not None
        await observer.look(session)
        before = observer.tradable()
        assert before

        async def silent(query: object) -> object:
            raise Retry("no answer")

        monkeypatch.setattr(s.broker, "instruments", silent)
        await s.move(s.clock.now() + timedelta(minutes=1))
        await observer.warm_up(session)
        assert observer.tradable() == before
        view, _ = await observer.look(session)
        assert view.faults, "it is said that the look-up failed"
