from __future__ import annotations

from datetime import timedelta

from builders import DAY
from fake_broker import VX, VXM

from bot.broker.port import Instrument
from bot.errors import Refuse, Retry
from bot.observe.margins import Margins


class Told:
    """Answer by conId; an exception is raised."""

    def __init__(self, **answers: float | Exception | None) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.wanted = True

    async def __call__(self, instrument: Instrument) -> float | None:
        self.asked.append(instrument.trading_class)
        answer = self.answers.get(instrument.trading_class)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def margins(self) -> Margins:
        return Margins(self, lambda: self.wanted)


async def test_each_contract_is_asked_about_once_a_session() -> None:
    told = Told(VX=9_000.0, VXM=900.0)
    margins = told.margins()
    assert margins.of(VX.con_id) is None
    assert await margins.fetch((VX,), DAY) == []
    assert await margins.fetch((VX, VXM), DAY) == []
    assert told.asked == ["VX", "VXM"]
    assert (margins.of(VX.con_id), margins.of(VXM.con_id)) == (9_000.0, 900.0)
    told.answers["VX"] = 12_000.0
    await margins.fetch((VX,), DAY + timedelta(days=1))
    assert (margins.of(VX.con_id), margins.of(VXM.con_id)) == (12_000.0, None)


async def test_nothing_is_asked_until_it_is_wanted() -> None:
    told = Told(VX=9_000.0)
    told.wanted = False
    margins = told.margins()
    assert await margins.fetch((VX,), DAY) == []
    assert told.asked == []
    told.wanted = True
    await margins.fetch((VX,), DAY)
    assert told.asked == ["VX"]


async def test_yesterday_s_margin_is_no_margin_of_today() -> None:
    told = Told(VX=9_000.0)
    margins = told.margins()
    await margins.fetch((VX,), DAY)
    told.wanted = False
    await margins.fetch((VX,), DAY + timedelta(days=1))
    assert margins.of(VX.con_id) is None


async def test_an_answer_that_fails_is_said_once_and_the_estimate_stands() -> None:
    told = Told(VX=Refuse("no margin"), VXM=Retry("no answer"))
    margins = told.margins()
    faults = await margins.fetch((VX, VXM), DAY)
    assert [fault.partition(": ")[2] for fault in faults] == ["no margin", "no answer"]
    assert await margins.fetch((VX, VXM), DAY) == []
    assert margins.of(VX.con_id) is None
    assert await Told(VX=None).margins().fetch((VX,), DAY) == []
