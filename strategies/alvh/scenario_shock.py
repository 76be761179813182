"""Reprice a book in full under a joint shock of SPX, the level of volatility, its term structure and time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from strategies.alvh.policy import SizingPolicy
from strategies.alvh.records import MarketView, Smile
from strategies.alvh.surface import QuotedSmiles, fit_smiles, smile_sigma
from strategies.alvh.valuation import Flags, Floats, Pieces, Present
from strategies.pricing import DAYS_PER_YEAR, black76_price


@dataclass(frozen=True, slots=True, kw_only=True)
class Shock:
    """Hold one joint move: points of VIX, percent of SPX, and the calendar days that pass meanwhile."""

    vix_points: float
    spx_pct: float
    days: float = 0.0


def regressed(vix_points: float, policy: SizingPolicy, *, days: float = 0.0) -> Shock:
    """Return the shock of this many VIX points with the SPX move that its regression on VIX gives."""
    return Shock(vix_points=vix_points, spx_pct=vix_points * policy.scenario_spx_pct_per_vix, days=days)


def shock_loss_usd(
    pieces: Pieces, present: Present, hedged: Flags, quoted: QuotedSmiles, view: MarketView, policy: SizingPolicy
) -> float | None:
    """Return the dollars that the hedged pieces lose when VIX rises by the scenario's points; negative for a gain."""
    shock = regressed(policy.scenario_vix_points, policy)
    (change,) = changes_usd(pieces, present, hedged, quoted, view, (shock,))
    return None if change is None else -change


def changes_usd(
    pieces: Pieces,
    present: Present,
    hedged: Flags,
    quoted: QuotedSmiles,
    view: MarketView,
    shocks: tuple[Shock, ...],
) -> tuple[float | None, ...]:
    """Return what each shock does to the value of the hedged pieces, in dollars.

    Each volatility moves by its term weight per VIX point on top of the smile at the new ln(K/F), so that delta, vanna
    and volga count; a piece that settles within the shock's days is worth what it then pays. `None` when a piece
    cannot be repriced.
    """
    smiles = {smile.settles_at: smile for smile in fit_smiles(quoted, view)}
    forward = np.array([quoted.forwards.get(settles_at, math.nan) for settles_at in pieces.settles_at])
    before = black76_price(forward, pieces.strike, pieces.years, view.rate, present.sigma, pieces.is_call)
    found: list[float | None] = []
    for shock in shocks:
        moved = 1.0 + shock.spx_pct / 100.0
        if not moved > 0.0:
            found.append(None)
            continue
        slide = _slide(pieces, forward, moved, smiles)
        sigma = np.maximum(present.sigma + slide + shock.vix_points * pieces.weight / 100.0, 0.0)
        years = np.maximum(pieces.years - shock.days / DAYS_PER_YEAR, 0.0)
        after = black76_price(forward * moved, pieces.strike, years, view.rate, sigma, pieces.is_call)
        change = float(np.sum((pieces.size * (after - before))[hedged]))
        found.append(change if math.isfinite(change) else None)
    return tuple(found)


def _slide(pieces: Pieces, forward: Floats, moved: float, smiles: dict[datetime, Smile]) -> Floats:
    """Return how far the smile slides each fixed strike's volatility when the forward moves."""
    slide = np.full(len(pieces.strike), np.nan)
    members: dict[datetime, list[int]] = {}
    for index, settles_at in enumerate(pieces.settles_at):
        members.setdefault(settles_at, []).append(index)
    with np.errstate(all="ignore"):
        x = np.log(pieces.strike / forward)
    for settles_at, rows in members.items():
        smile = smiles.get(settles_at)
        if smile is not None:
            slide[rows] = smile_sigma(smile, x[rows] - math.log(moved)) - smile_sigma(smile, x[rows])
    return slide
