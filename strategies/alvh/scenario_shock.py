"""Reprice a book in full under a joint shock of SPX, the level of volatility and its term structure."""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np

from strategies.alvh.policy import SizingPolicy
from strategies.alvh.records import MarketView, Smile
from strategies.alvh.surface import QuotedSmiles, fit_smiles, smile_sigma
from strategies.alvh.valuation import Flags, Floats, Pieces, Present
from strategies.pricing import black76_price


def shock_loss_usd(
    pieces: Pieces, present: Present, hedged: Flags, quoted: QuotedSmiles, view: MarketView, policy: SizingPolicy
) -> float | None:
    """Return the dollars that the hedged pieces lose when VIX rises by the scenario's points; negative for a gain.

    SPX moves by its regression on VIX, each volatility by its term weight per VIX point on top of the smile at the
    new ln(K/F), so that delta, vanna and volga count. `None` when a piece cannot be repriced.
    """
    points = policy.scenario_vix_points
    moved = 1.0 + points * policy.scenario_spx_pct_per_vix / 100.0
    smiles = {smile.settles_at: smile for smile in fit_smiles(quoted, view)}
    forward = np.array([quoted.forwards.get(settles_at, math.nan) for settles_at in pieces.settles_at])
    slide = _slide(pieces, forward, moved, smiles)
    sigma = np.maximum(present.sigma + slide + points * pieces.weight / 100.0, 0.0)
    before = black76_price(forward, pieces.strike, pieces.years, view.rate, present.sigma, pieces.is_call)
    after = black76_price(forward * moved, pieces.strike, pieces.years, view.rate, sigma, pieces.is_call)
    change = float(np.sum((pieces.size * (after - before))[hedged]))
    return -change if math.isfinite(change) else None


def _slide(pieces: Pieces, forward: Floats, moved: float, smiles: dict[datetime, Smile]) -> Floats:
    """Return how far the smile slides each fixed strike's volatility when the forward moves."""
    slide = np.full(len(pieces.strike), np.nan)
    for index, settles_at in enumerate(pieces.settles_at):
        smile = smiles.get(settles_at)
        if smile is not None and pieces.strike[index] > 0.0:
            x = math.log(pieces.strike[index] / forward[index])
            slide[index] = float(smile_sigma(smile, x - math.log(moved)) - smile_sigma(smile, x))
    return slide
