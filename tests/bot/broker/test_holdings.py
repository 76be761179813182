from collections.abc import Sequence
from datetime import UTC, datetime

from bot.broker.holdings import Holdings, Rows
from bot.broker.ledger import Ledger
from bot.broker.port import BrokerPosition, Instrument
from bot.clock import SteppedClock
from bot.errors import Retry

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
    holdings, found = Holdings(ledger, SteppedClock(NOON)), []
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
