from __future__ import annotations

from dataclasses import replace

from strategies.alvh.columns import lay_out
from strategies.alvh.policy import SizingPolicy
from strategies.alvh.records import Right
from tests.strategies.alvh.condor_market import NOW, leg


def test_only_legs_that_are_held_and_still_to_settle_are_laid_out() -> None:
    kept = leg(2600.0, Right.PUT, -1)
    sold, settled = replace(kept, quantity=0), replace(kept, settles_at=NOW)
    assert lay_out((sold, settled, kept), NOW, SizingPolicy()).legs == (kept,)
