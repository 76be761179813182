"""Match orders against the displayed market and keep the account's books."""

from bot.gateway.exchange.exchange import SimulatedExchange

__all__ = ["SimulatedExchange"]
