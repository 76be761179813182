"""Give the market of a scenario: load_market; and what there is to choose from: scenario_names, scenario_info."""

from bot.gateway.market.catalogue import scenario_info, scenario_names
from bot.gateway.market.scenario import ScenarioInfo
from bot.gateway.market.simulated import SimulatedMarket, load_market

__all__ = ["ScenarioInfo", "SimulatedMarket", "load_market", "scenario_info", "scenario_names"]
