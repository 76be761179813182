from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bot.broker.holdings import Holdings, Rows
from bot.broker.ledger import Ledger
from bot.broker.port import BrokerPosition, Fill, Instrument
from bot.clock import SteppedClock
from bot.errors import Retry
from strategies.alvh.records import Side

NOON = datetime(2018, 2, 5, 17, tzinfo=UTC)


def rows(*quantities: int) -> Rows:
    return tuple(
        BrokerPosition(
            account="DU1",
            instrument=Instrument(con_id=number, symbol="VIX", sec_type="FUT", exchange="CFE"),
            quantity=quantity,
            avg_price=20.0,
        )
        for number, quantity in enumerate(quantities, start=1)
    )


class Told:
    """Answer one reading after the other; `None` stands for an answer that never came."""

    def __init__(self, *answers: Rows | None) -> None:
        self.left = list(answers)

    async def __call__(self) -> Rows:
        answer = self.left.pop(0)
        if answer is None:
            raise Retry("positions: no answer")
        return answer


async def taken(ledger: Ledger, told: Told) -> Sequence[tuple[int, bool]]:
    holdings, found = Holdings(ledger, SteppedClock(NOON), lambda: {}), []
    while told.left:
        positions = await holdings.take(told)
        assert positions.taken_at == NOON
        found.append((len(positions.rows), positions.complete))
    return found


async def test_an_answer_is_read_once_and_counts_what_may_be_sold():
    ledger = Ledger()
    assert await taken(ledger, Told(rows(3, 4), rows(5))) == [(2, True), (1, True)]
    assert (ledger.sellable(1), ledger.sellable(2)) == (5, 0)


async def test_no_answer_proves_nothing_and_makes_the_next_one_be_read_twice():
    ledger = Ledger()
    assert await taken(ledger, Told(None, rows(3), rows(3, 4))) == [(0, False), (1, False)]
    assert not ledger.confirmed


async def test_doubt_lasts_until_two_reads_agree():
    late, true = rows(3), rows(3, 4)
    ledger = Ledger()
    answers = Told(None, late, true, true, None, true, true, late)
    assert await taken(ledger, answers) == [(0, False), (1, False), (0, False), (2, True), (1, True)]
    assert ledger.held == {1: 3}


class Account:
    """Hold what one stage of the account's life shows: the list, the account updates, and the clock."""

    def __init__(self) -> None:
        self.clock = SteppedClock(NOON)
        self.ledger = Ledger()
        self.rows = rows(4, -2)
        self.second: dict[int, int] | None = {1: 4, 2: -2}
        self.holdings = Holdings(self.ledger, self.clock, lambda: self.second)

    async def read(self) -> Rows:
        return self.rows

    async def complete(self) -> bool:
        return (await self.holdings.take(self.read)).complete

    def sell(self, quantity: int) -> None:
        self.ledger.filled(
            Fill(
                ref="r",
                exec_id="a.b.01.01",
                perm_id=1,
                account="DU1",
                con_id=1,
                side=Side.SELL,
                quantity=quantity,
                price=20.0,
                at=NOON,
            )
        )


@pytest.mark.parametrize("left", [(), rows(4), rows(3, -2)], ids=["all gone", "a leg gone", "a lot gone"])
async def test_a_list_that_lacks_what_the_account_updates_show_is_not_believed(left: Rows):
    account = Account()
    assert await account.complete()
    account.rows = left
    for _ in range(3):
        positions = await account.holdings.take(account.read)
        assert not positions.complete
        assert "no execution explains it" in positions.why
        account.clock.move(account.clock.now() + timedelta(minutes=5))
    assert account.ledger.held == {1: 4, 2: -2}, "what may be sold is not counted from such a list"
    account.second = {row.instrument.con_id: row.quantity for row in left}
    assert await account.complete(), "both witnesses agree"


async def test_the_first_list_of_all_needs_its_second_witness_too():
    account = Account()
    account.rows = ()
    assert not await account.complete()
    assert not account.ledger.confirmed


async def test_an_execution_explains_what_is_missing_while_the_account_updates_lag():
    account = Account()
    assert await account.complete()
    account.sell(3)
    account.rows = rows(1, -2)
    assert await account.complete()
    assert await account.complete(), "and later too, although the account updates still lag"
    account.rows = rows(0, -2)
    assert not await account.complete(), "the same execution does not explain more"


async def test_without_account_updates_the_same_list_is_believed_the_second_time():
    account = Account()
    account.second = None
    assert await account.complete()
    account.rows = ()
    assert not await account.complete()
    account.clock.move(NOON + timedelta(seconds=19))
    assert not await account.complete()
    account.rows = rows(4)
    account.clock.move(NOON + timedelta(seconds=40))
    assert not await account.complete(), "another list is another suspicion"
    account.clock.move(NOON + timedelta(seconds=60))
    assert await account.complete()
