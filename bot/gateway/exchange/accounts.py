"""Keep the books of every account of a login: the scenario's own first, then those beside it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.gateway.errors import ScenarioError
from bot.gateway.exchange.books import Books
from bot.gateway.records import Market, OpeningAccount, Report


class Accounts:
    """Find the books of an account by its name, and let the days pass for all of them."""

    def __init__(self, market: Market, beside: Sequence[OpeningAccount] = ()) -> None:
        own = market.opening_account()
        self._books: dict[str, Books] = {}
        for opening in (own, *own.beside, *beside):
            if opening.account in self._books:
                raise ScenarioError(f"account {opening.account} is named twice; give each account a name of its own")
            self._books[opening.account] = Books(market, opening)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the account ids."""
        return tuple(self._books)

    def known(self, account: str) -> Books | None:
        """Return the books of an account; `None` when the login has no such account."""
        return self._books.get(account)

    def of(self, account: str) -> Books:
        """Return the books of an account; without a name, those of the first."""
        return self._books[account or self.names[0]]

    def start_day(self) -> None:
        """Begin the day of every account."""
        for books in self._books.values():
            books.start_day()

    def settle_daily(self) -> None:
        """Pay the variation of every account's futures."""
        for books in self._books.values():
            books.settle_daily()

    def settle_finally(self) -> list[Report]:
        """Close every account's positions in contracts that have settled, and report them."""
        return [report for books in self._books.values() for report in books.settle_finally()]
