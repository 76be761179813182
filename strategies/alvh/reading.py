"""Gather what one wake-up knows into one value that every rule of the method reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from strategies.alvh.breadth import edr_pct, spx_return_pct
from strategies.alvh.condors import Recognition, recognise
from strategies.alvh.holdings import owned, working_minis
from strategies.alvh.policy import Policy
from strategies.alvh.readiness import fresh_price, number
from strategies.alvh.records import Book, Exposure, FutureQuote, HedgeState, MarketView, Memory, Side
from strategies.alvh.sizing import beta, choose_contract, vix_implied
from strategies.alvh.valued import Valued


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Hold the inputs of a wake-up and what follows from them at once.

    `vx` and `vxm` are the two contracts of the traded month, `front` the one whose price and bars are followed,
    `price` its fresh mid in points. `implied` is the VIX that this price implies. `own` counts the bot's lots and
    `buying` and `selling` its working orders, all in minis. `valued` holds the legs where they are valued already.
    """

    view: MarketView
    book: Book
    state: HedgeState
    policy: Policy
    memory: Memory
    exposure: Exposure
    vx: FutureQuote | None
    vxm: FutureQuote | None
    front: FutureQuote | None
    price: float | None
    implied: float | None
    beta: float | None
    vix_change: float | None
    spx_pct: float | None
    edr_pct: float | None
    own: int
    buying: int
    selling: int
    valued: Valued | None = None

    @property
    def found(self) -> Recognition:
        """Return what the book's legs are."""
        return self.valued.found if self.valued else recognise(self.book.legs, self.view.now)


def read(
    view: MarketView,
    book: Book,
    state: HedgeState,
    policy: Policy,
    memory: Memory,
    exposure: Exposure,
    valued: Valued | None = None,
) -> Reading:
    """Return the reading of this wake-up."""
    vx, vxm, front = traded_month(view, state, memory, policy)
    price = fresh_price(front, policy)
    return Reading(
        view=view,
        book=book,
        state=state,
        policy=policy,
        memory=memory,
        exposure=exposure,
        vx=vx,
        vxm=vxm,
        front=front,
        price=price,
        implied=_implied(view, front, price, policy),
        beta=beta(front.dte, policy.sizing) if front is not None and front.dte >= 0 else None,
        vix_change=_vix_change(view, policy),
        spx_pct=spx_return_pct(view),
        edr_pct=edr_pct(view, policy),
        own=owned(state.lots),
        buying=working_minis(state, Side.BUY),
        selling=working_minis(state, Side.SELL),
        valued=valued,
    )


def traded_month(
    view: MarketView, state: HedgeState, memory: Memory, policy: Policy
) -> tuple[FutureQuote | None, FutureQuote | None, FutureQuote | None]:
    """Return VX, VXM and the followed contract of the month that the episode, the lots or a new spike would trade."""
    followed: FutureQuote | None = None
    if memory.episode is not None:
        followed = contract(view, memory.episode.con_id)
        settles_on = followed.settles_on if followed else None
    elif state.lots:
        settles_on = min(lot.settles_on for lot in state.lots)
    else:
        settles_on = choose_contract(view.futures, policy.contract)
    vx, vxm = pair(view, settles_on)
    return vx, vxm, followed or vx or vxm


def pair(view: MarketView, settles_on: date | None) -> tuple[FutureQuote | None, FutureQuote | None]:
    """Return the big and the small contract that settle on one day, each `None` when it is not quoted."""
    month = [future for future in view.futures if future.settles_on == settles_on]
    big = next((future for future in month if future.multiplier > 100), None)
    small = next((future for future in month if future.multiplier == 100), None)
    return big, small


def contract(view: MarketView, con_id: int) -> FutureQuote | None:
    """Return one quoted future by its contract id."""
    return next((future for future in view.futures if future.con_id == con_id), None)


def month_price(reading: Reading, settles_on: date) -> float | None:
    """Return the fresh mid of one month in points, of the VX if it has one and else of the VXM."""
    big, small = pair(reading.view, settles_on)
    price = fresh_price(big, reading.policy)
    return fresh_price(small, reading.policy) if price is None else price


def minutes_to_close(view: MarketView) -> float:
    """Return the minutes until the session's close, negative after it."""
    return (view.session.closes_at - view.now) / timedelta(minutes=1)


def _implied(view: MarketView, front: FutureQuote | None, price: float | None, policy: Policy) -> float | None:
    previous = number(view.vix.prev_close)
    settle = number(front.prior_settle) if front else None
    if front is None or front.dte < 0 or price is None or previous is None or settle is None:
        return None
    return number(vix_implied(previous, price, settle, front.dte, policy.sizing))


def _vix_change(view: MarketView, policy: Policy) -> float | None:
    last, previous, age_s = number(view.vix.last), number(view.vix.prev_close), number(view.vix.age_s)
    if last is None or previous is None or age_s is None or age_s > policy.freshness.vix_s:
        return None
    return last - previous
