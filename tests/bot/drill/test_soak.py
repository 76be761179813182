"""Weeks in a row, measured: here one session, to see that the measures say something."""

from __future__ import annotations

from bot.drill.soak import soak


def test_a_session_is_played_with_its_trouble_and_measured() -> None:
    lines: list[str] = []
    found = soak(1, 5, lines.append)
    (measure,) = found.measures
    assert found.failed == ()
    assert found.troubles == 2
    assert measure.journal_mb > 1.0
    assert measure.handles > 5
    assert measure.tasks == 1
    assert len(lines) == 1
    assert str(measure.day) in lines[0]
