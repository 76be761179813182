"""Reprice a book in full under a joint shock of SPX, the level of volatility, its term structure and time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from strategies.alvh.columns import Columns, Floats
from strategies.alvh.policy import SizingPolicy
from strategies.alvh.records import MarketView, Smile
from strategies.alvh.surface import QuotedSmiles, fit_smiles, smile_sigma
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
    smiles = {smile.settles_at: smile for smile in fit_smiles(quoted, view)}
    forward = np.array([quoted.forwards.get(instant, math.nan) for instant in book.settles_at])[book.expiry]
    before = black76_price(forward, book.strike, book.years, view.rate, present.sigma, book.is_call)
    counted = held != 0.0
    found: list[float | None] = []
    for shock in shocks:
        moved = 1.0 + shock.spx_pct / 100.0
        if not moved > 0.0:
            found.append(None)
            continue
        slide = _slide(book, forward, moved, [smiles.get(instant) for instant in book.settles_at])
        sigma = np.maximum(present.sigma + slide + shock.vix_points * book.weight / 100.0, 0.0)
        years = np.maximum(book.years - shock.days / DAYS_PER_YEAR, 0.0)
        after = black76_price(forward * moved, book.strike, years, view.rate, sigma, book.is_call)
        change = float(np.sum((held * book.multiplier * (after - before))[counted]))
        found.append(change if math.isfinite(change) else None)
    return tuple(found)


def _slide(book: Columns, forward: Floats, moved: float, smiles: list[Smile | None]) -> Floats:
    """Return how far the smile slides each fixed strike's volatility when the forward moves, of shape (legs,).

    `smiles` has one entry an expiry.
    """
    slide = np.full(len(book.legs), np.nan)
    with np.errstate(all="ignore"):
        x = np.log(book.strike / forward)
    for expiry, smile in enumerate(smiles):
        if smile is not None:
            rows = book.expiry == expiry
            slide[rows] = smile_sigma(smile, x[rows] - math.log(moved)) - smile_sigma(smile, x[rows])
    return slide
