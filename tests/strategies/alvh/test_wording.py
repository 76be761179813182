from __future__ import annotations

import pytest

from strategies.alvh.wording import show


@pytest.mark.parametrize(
    ("value", "text"),
    [(-0.5, "-0.5"), (-1000.0, "-1,000"), (999.0, "999"), (-0.00001, "-0.000010"), (0.0001, "0.0001")],
)
def test_numbers_below_zero_are_written_like_those_above(value: float, text: str) -> None:
    assert show(value) == text
