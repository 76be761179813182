"""Find scenarios: those that come with the program, made-up ones by their number, and folders of one's own."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.gateway.errors import ScenarioError
from bot.gateway.market.scenario import ScenarioInfo
from bot.gateway.market.session_file import read_scenario
from bot.gateway.market.toml_table import SESSION_FILE

SCENARIOS = Path(__file__).resolve().parent.parent / "scenarios"
MADE_UP = "made-up-"  # begins the name of a scenario that is drawn from the number after it


def scenario_names() -> tuple[str, ...]:
    """Return the names of the scenarios that come with the program."""
    return tuple(sorted(folder.name for folder in SCENARIOS.iterdir() if (folder / SESSION_FILE).is_file()))


def find_scenario(scenario: str | Path) -> Path:
    """Return the folder of a scenario given by name or by path."""
    if isinstance(scenario, str) and scenario in scenario_names():
        return SCENARIOS / scenario
    number = made_up_number(scenario)
    if number is not None:
        return _made_up(number)
    folder = Path(scenario)
    if (folder / SESSION_FILE).is_file():
        return folder
    if folder.is_dir():
        raise ScenarioError(f"{folder}: no {SESSION_FILE} in this folder; expected one, make it with alvh data import")
    raise ScenarioError(
        f"unknown scenario {str(scenario)!r}; choose one of {', '.join(scenario_names())}, {MADE_UP} with any number, "
        "or give a scenario folder"
    )


def made_up_number(scenario: str | Path) -> int | None:
    """Return the number in the name of a made-up scenario; `None` for any other name."""
    digits = str(scenario).removeprefix(MADE_UP)
    is_one = isinstance(scenario, str) and digits != scenario and digits.isascii() and digits.isdigit()
    return int(digits) if is_one else None


@lru_cache(maxsize=16)
def _made_up(number: int) -> Path:
    """Return the folder of a made-up scenario, written at the first question and gone with the process."""
    from bot.gateway.importing.made_up import made_up, write_made_up

    return write_made_up(made_up(number), Path(_workshop().name))


@cache
def _workshop() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="alvh-made-up-")


def scenario_info(scenario: str | Path) -> ScenarioInfo:
    """Return the description of a scenario given by name or by folder."""
    found = read_scenario(find_scenario(scenario))
    series = tuple((item.name, item.kind, item.source) for item in found.series.values())
    return ScenarioInfo(
        name=found.name,
        title=found.title,
        text=found.text,
        start=found.start,
        end=found.end,
        seed=found.seed,
        series=series,
        policy=found.policy,
        surprises=found.folder / found.surprises if found.surprises else None,
    )
