"""Reprice a book in full under a joint shock of SPX, the level of volatility, its term structure and time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from strategies.alvh.columns import Columns, Floats
from strategies.alvh.policy import SizingPolicy
from strategies.alvh.records import MarketView
from strategies.alvh.surface import QuotedSmiles, SmilePoints, smile_points
from strategies.alvh.valuation import Present
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
    book: Columns, held: Floats, present: Present, quoted: QuotedSmiles, view: MarketView, policy: SizingPolicy
) -> float | None:
    """Return the dollars that the book loses when VIX rises by the scenario's points; negative for a gain."""
    shock = regressed(policy.scenario_vix_points, policy)
    (change,) = changes_usd(book, held, present, quoted, view, (shock,))
    return None if change is None else -change


def changes_usd(
    book: Columns, held: Floats, present: Present, quoted: QuotedSmiles, view: MarketView, shocks: tuple[Shock, ...]
) -> tuple[float | None, ...]:
    """Return what each shock does to the value of the legs, in dollars.

    `held` is the signed quantity of each leg that counts, of shape (legs,). Each volatility moves by its term weight
    per VIX point on top of the smile at the new ln(K/F), so that delta, vanna and volga count; a leg that settles
    within the shock's days is worth what it then pays. `None` when a leg cannot be repriced.
    """
    forward = np.array([quoted.forwards.get(instant, math.nan) for instant in book.settles_at])[book.expiry]
    before = black76_price(forward, book.strike, book.years, view.rate, present.sigma, book.is_call)
    points, spx, days = np.array([[shock.vix_points, shock.spx_pct, shock.days] for shock in shocks]).T[:, :, None]
    moved = 1.0 + spx / 100.0
    moved[~(moved > 0.0)] = np.nan
    slide = _slide(book, forward, moved, smile_points(quoted))
    sigma = np.maximum(present.sigma + slide + points * book.weight / 100.0, 0.0)
    years = np.maximum(book.years - days / DAYS_PER_YEAR, 0.0)
    after = black76_price(forward * moved, book.strike, years, view.rate, sigma, book.is_call)
    changes = np.where(held != 0.0, held * book.multiplier * (after - before), 0.0).sum(axis=1)
    return tuple(change if math.isfinite(change) else None for change in changes.tolist())


def _slide(book: Columns, forward: Floats, moved: Floats, smiles: Mapping[datetime, SmilePoints]) -> Floats:
    """Return how far the smile slides each fixed strike's volatility when the forward moves.

    `moved` has shape (shocks, 1), the result (shocks, legs).
    """
    slide = np.full((len(moved), len(book.legs)), np.nan)
    with np.errstate(all="ignore"):
        x = np.log(book.strike / forward)
        shifted = np.vstack((x, x - np.log(moved)))
    for expiry, settles_at in enumerate(book.settles_at):
        if settles_at in smiles:
            rows = np.flatnonzero(book.expiry == expiry)
            known, sigmas = zip(*smiles[settles_at], strict=True)
            sigma = np.interp(shifted[:, rows], known, sigmas)
            slide[:, rows] = sigma[1:] - sigma[0]
    return slide
