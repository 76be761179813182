"""Hold what one contract costs to trade, all in, in dollars.

Modelled constants in the order of magnitude of a retail broker's published schedules (commission + exchange +
regulatory fees); they are not any broker's price list. VX: about 0.85 commission + 1.5 exchange and NFA fees. VXM:
about 0.25 + 0.3. SPX options: about 0.65 commission + 0.6-0.75 exchange fee + regulatory cents; the exchange fee is
lower for premiums below one dollar. VIX options: about 0.65 + 0.5.
"""

from __future__ import annotations

from bot.gateway.records import Contract

PER_FUTURE_USD = {"VIX": 2.38, "VXM": 0.55}
PER_OPTION_USD = {"SPX": 1.45, "VIX": 1.10}
SPX_CHEAP_OPTION_USD = 1.32
DEFAULT_FUTURE_USD = 2.50
DEFAULT_OPTION_USD = 1.05


def per_contract(contract: Contract, price: float) -> float:
    """Return the cost of trading one contract at `price` points, in dollars."""
    if contract.sec_type == "FUT":
        return PER_FUTURE_USD.get(contract.symbol, DEFAULT_FUTURE_USD)
    if contract.symbol == "SPX" and abs(price) < 1.0:
        return SPX_CHEAP_OPTION_USD
    return PER_OPTION_USD.get(contract.symbol, DEFAULT_OPTION_USD)


def commission(contract: Contract, quantity: float, price: float) -> float:
    """Return the cost of trading `quantity` contracts at `price`, in dollars, to the cent."""
    return round(abs(quantity) * per_contract(contract, price), 2)
