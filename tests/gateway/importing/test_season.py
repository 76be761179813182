"""A season is a scenario like any other: sessions in a row, the same for the same number."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from bot.gateway.importing.season import season, write_season
from bot.gateway.market import load_market

FIRST = date(2023, 3, 30)  # Good Friday, 7 April 2023, lies within


def files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_a_season_is_the_same_for_the_same_number_and_another_for_another(tmp_path: Path) -> None:
    first = files(write_season(season(FIRST, 8, 3), tmp_path / "a"))
    assert first == files(write_season(season(FIRST, 8, 3), tmp_path / "b"))
    assert first != files(write_season(season(FIRST, 8, 4), tmp_path / "c"))


def test_a_season_has_the_sessions_that_were_asked_for_and_no_holiday() -> None:
    days = season(FIRST, 8, 3).sessions
    assert days == tuple(
        date.fromisoformat(f"2023-{day}")
        for day in (
            "03-30",
            "03-31",
            "04-03",
            "04-04",
            "04-05",
            "04-06",
            "04-10",
            "04-11",
        )
    )


def test_a_season_opens_with_condors_that_expire_within_and_after_it(tmp_path: Path) -> None:
    drawn = season(FIRST, 40, 3)
    market = load_market(str(write_season(drawn, tmp_path)))
    held = [position.con_id for position in market.opening_account().positions]
    ends = {contract.expiry for con_id in held if (contract := market.contract(con_id)) is not None}
    last = f"{drawn.sessions[-1]:%Y%m%d}"
    assert any(expiry < last for expiry in ends)
    assert any(expiry > last for expiry in ends)
