"""The grid of prices: what lies on it, and what is too large to lie on any."""

from __future__ import annotations

import pytest

from bot.gateway.exchange.ticks import conforms


@pytest.mark.parametrize(
    ("price", "step", "lies"),
    [(20.05, 0.05, True), (20.02, 0.05, False), (0.1 + 0.2, 0.05, True), (1e308, 0.01, False), (-0.03, 0.01, True)],
)
def test_a_price_lies_on_the_grid_or_not(price: float, step: float, lies: bool) -> None:
    assert conforms(price, step) is lies
