"""Fifty days drawn at random break no rule; thousands are run by hand with `alvh drill --random`."""

from __future__ import annotations

import pytest

from bot.drill.draw import DAYS_A_MARKET
from bot.drill.search import play_number

MARKETS = (0, 4, 5, 9, 17)  # of which the bot buys in all when nobody disturbs it
DAYS = 10


@pytest.mark.parametrize("market", MARKETS)
def test_ten_random_days_of_a_market_break_no_rule(market: int) -> None:
    first = market * DAYS_A_MARKET
    days = [play_number(number) for number in range(first, first + DAYS)]
    assert {day.number: day.failed for day in days if day.failed} == {}
    assert any(day.bought for day in days), "none of them bought anything: they show nothing"
