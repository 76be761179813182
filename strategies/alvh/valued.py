"""Recognise and value the legs of a book once, for everything that is then measured on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategies.alvh.columns import Columns, Flags, Floats, lay_out
from strategies.alvh.condors import Recognition, recognise
from strategies.alvh.policy import Policy, VegaDelta
from strategies.alvh.records import Book, MarketView
from strategies.alvh.surface import QuotedSmiles, quoted_smiles
from strategies.alvh.valuation import Present, trusted_greeks, value_now


@dataclass(frozen=True, slots=True, kw_only=True)
class Valued:
    """Hold the legs of a book with what they are part of and what they are worth now.

    `held` is the quantity of each leg that counts, signed, of shape (legs,); the rest of it is left over. `quoted` is
    `None` when no leg needed it. `with_lone` says that spreads without a partner count too.
    """

    book: Columns
    found: Recognition
    held: Floats
    present: Present
    quoted: QuotedSmiles | None
    with_lone: bool

    @property
    def counted(self) -> Flags:
        """Return which legs count, of shape (legs,)."""
        return np.asarray(self.held != 0.0)

    @property
    def size(self) -> Floats:
        """Return quantity times multiplier of what counts, of shape (legs,)."""
        return self.held * self.book.multiplier


@np.errstate(over="ignore", invalid="ignore")
def value_legs(view: MarketView, book: Book, policy: Policy) -> Valued:
    """Return the living legs of the book, recognised and valued; the quotes are read only when a leg needs them."""
    columns = lay_out(book.legs, view.now, policy.sizing)
    found = recognise(columns.legs, view.now)
    ib, trusted = trusted_greeks(columns, policy.freshness.greeks_s)
    needs_quotes = policy.sizing.vega_delta is VegaDelta.SCENARIO or not trusted.all()
    quoted = quoted_smiles(view, book, policy) if needs_quotes else None
    present = value_now(columns, ib, trusted, quoted, view.rate)
    with_lone = policy.sizing.hedge_lone_spreads
    held = np.array(found.holding(lone=with_lone), dtype=np.float64)
    return Valued(book=columns, found=found, held=held, present=present, quoted=quoted, with_lone=with_lone)
