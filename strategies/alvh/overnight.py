"""Decide a quarter of an hour before the close which tranches are worth carrying through the night."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from strategies.alvh.carry import differential, expected_roll_points, financing_usd, nights_ahead
from strategies.alvh.holdings import minis
from strategies.alvh.margin import margin_usd
from strategies.alvh.readiness import number
from strategies.alvh.reading import Reading, minutes_to_close
from strategies.alvh.records import Check, Episode, Lot, OptionLeg

MINI_USD_PER_POINT = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """Hold what one tranche would carry through the night: minis by settlement day, and the session it was bought."""

    tranche: int
    months: tuple[tuple[date, int], ...]
    bought_on: date

    @property
    def minis(self) -> int:
        """Return the minis of all months."""
        return sum(count for _, count in self.months)


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """Hold the tranches asked about, those that stay, the questions to the book, and those to each tranche in turn."""

    held: tuple[Stake, ...]
    stay: tuple[Stake, ...]
    book: tuple[Check, ...]
    asked: tuple[tuple[Check, ...], ...]

    @property
    def wanted(self) -> bool:
        """Say whether the book wants a hedge tonight at all."""
        return all(check.passed for check in self.book)

    @property
    def minis(self) -> int:
        """Return the minis that may stay."""
        return sum(stake.minis for stake in self.stay)

    @property
    def leave(self) -> tuple[int, ...]:
        """Return the tranches that go."""
        return tuple(stake.tranche for stake in self.held if stake not in self.stay)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Return every question, each tranche's with its number."""
        named = (
            replace(check, name=f"{check.name}, tranche {stake.tranche}")
            for stake, checks in zip(self.held, self.asked, strict=True)
            for check in checks
        )
        return (*self.book, *named)


def overnight_due(reading: Reading) -> bool:
    """Say whether the overnight decision stands now: from fifteen minutes before the close until the close."""
    return 0.0 <= minutes_to_close(reading.view) <= reading.policy.unwind.overnight_decide_minutes


def stakes(lots: tuple[Lot, ...]) -> tuple[Stake, ...]:
    """Return the tranches held, the first one first."""
    found = []
    for tranche in sorted({lot.tranche for lot in lots}):
        own = [lot for lot in lots if lot.tranche == tranche]
        days = sorted({lot.settles_on for lot in own})
        counts = tuple(
            (day, sum(minis(lot.quantity, lot.multiplier) for lot in own if lot.settles_on == day)) for day in days
        )
        found.append(Stake(tranche=tranche, months=counts, bought_on=min(lot.bought_on for lot in own)))
    return tuple(found)


def planned_stake(reading: Reading, tranche: int, count: int) -> Stake:
    """Return what a tranche bought now would carry; without a contract to buy it settles today, and so cannot stay."""
    today = reading.view.session.day
    settles_on = reading.front.settles_on if reading.front is not None else today
    return Stake(tranche=tranche, months=((settles_on, count),), bought_on=today)


def keep_overnight(reading: Reading, episode: Episode | None, held: tuple[Stake, ...]) -> Night:
    """Return which of these tranches may stay overnight (docs/method.md, section 10).

    The book is asked first, then each tranche in turn together with those that already stay, so that what is too much
    for the credit or for the account leaves the last tranche first. An answer that needs a missing number is no: a
    hedge that cannot be judged is not carried.
    """
    book = (_condors(reading), _still_inflated(reading), _stages(episode))
    stay: list[Stake] = []
    asked: list[tuple[Check, ...]] = []
    wanted = all(check.passed for check in book)
    for stake in held:
        together = (*stay, stake)
        checks = (
            _cost(reading, together),
            _nights(reading, stake),
            _margin(reading, sum(one.minis for one in together)),
            _expiry(reading, stake),
        )
        asked.append(checks)
        if wanted and all(check.passed for check in checks):
            stay.append(stake)
    return Night(held=held, stay=tuple(stay), book=book, asked=tuple(asked))


def sessions_held(reading: Reading, episode: Episode | None) -> int:
    """Return the number of sessions since the first fill, counting that day as one; zero before it."""
    if episode is None or episode.first_fill_on is None:
        return 0
    first = episode.first_fill_on
    return sum(first <= day <= reading.view.session.day for day in reading.view.session.recent_days)


def credit_remaining_usd(legs: tuple[OptionLeg, ...]) -> float | None:
    """Return what closing these legs at their mids would cost in dollars; `None` when a mid is missing."""
    total = 0.0
    for leg in legs:
        mid = number(leg.quote.mid)
        if mid is None:
            return None
        total -= leg.quantity * leg.multiplier * mid
    return total


def _condors(reading: Reading) -> Check:
    vega = number(reading.exposure.vega30_usd)
    passed = reading.exposure.guarded > 0 and vega is not None and vega < 0.0
    why = "condors are open and short vega" if passed else "no condor that is short vega, or it cannot be valued"
    return Check(name="overnight: book", observed=vega, threshold=0.0, passed=passed, why=why)


def _still_inflated(reading: Reading) -> Check:
    inflation, limit = number(reading.exposure.inflation), reading.policy.unwind.overnight_inflation
    near, spot = number(reading.view.vix9d.last), number(reading.view.vix.last)
    inverted = near is not None and spot is not None and near > spot
    passed = inverted or (inflation is not None and inflation >= limit)
    why = "VIX term structure is inverted" if inverted else "inflation stands" if passed else "the spike has faded"
    return Check(name="overnight: spike", observed=inflation, threshold=limit, passed=passed, why=why)


def _stages(episode: Episode | None) -> Check:
    done = episode.stages_done if episode else 0
    why = "no unwind stage has fired" if done == 0 else f"unwind stage {done} has fired: the collapse is under way"
    return Check(name="overnight: stages", observed=float(done), threshold=0.0, passed=done == 0, why=why)


def night_usd(reading: Reading, held: tuple[Stake, ...]) -> float | None:
    """Return what a night of these tranches is expected to cost in dollars: the roll, and interest on their margin."""
    margin = margin_usd(reading, sum(stake.minis for stake in held))
    if margin is None:
        return None
    total = financing_usd(margin, differential(reading), nights_ahead(reading))
    for settles_on, count in (month for stake in held for month in stake.months):
        roll = expected_roll_points(reading, settles_on)
        if roll is None:
            return None
        total += roll * count * MINI_USD_PER_POINT
    return total


def _cost(reading: Reading, held: tuple[Stake, ...]) -> Check:
    cost, credit = night_usd(reading, held), credit_remaining_usd(reading.book.legs)
    share = reading.policy.unwind.overnight_cost_share
    if cost is None or credit is None or credit <= 0.0:
        why = "roll, margin or remaining credit is not known"
        return Check(name="overnight: cost", observed=None, threshold=None, passed=False, why=why)
    limit = share * credit
    count = sum(stake.minis for stake in held)
    why = f"a night of {count} minis costs about ${cost:,.0f} of ${credit:,.0f} credit remaining (limit {share:.1%})"
    return Check(name="overnight: cost", observed=cost, threshold=limit, passed=cost <= limit, why=why)


def _nights(reading: Reading, stake: Stake) -> Check:
    held = sum(stake.bought_on <= day <= reading.view.session.day for day in reading.view.session.recent_days)
    limit = reading.policy.unwind.max_sessions
    why = f"session {held} of {limit}"
    return Check(name="overnight: nights", observed=float(held), threshold=float(limit), passed=held < limit, why=why)


def _margin(reading: Reading, count: int) -> Check:
    account, rules = reading.book.account, reading.policy.unwind
    excess, worth = number(account.excess_liquidity), number(account.net_liquidation)
    if excess is None or worth is None or worth <= 0.0 or reading.price is None:
        why = "excess liquidity, account value or VX price is not known"
        return Check(name="overnight: margin", observed=None, threshold=None, passed=False, why=why)
    left = excess - rules.stress_drop * reading.price * MINI_USD_PER_POINT * count
    limit = rules.min_excess_liquidity_share * worth
    why = f"VX {-rules.stress_drop:+.0%} leaves ${left:,.0f} of excess liquidity (needs ${limit:,.0f})"
    return Check(name="overnight: margin", observed=left, threshold=limit, passed=left >= limit, why=why)


def _expiry(reading: Reading, stake: Stake) -> Check:
    session, near = reading.view.session, reading.policy.contract.roll_dte
    first = min((settles_on for settles_on, _ in stake.months), default=session.day)
    days = (first - session.day).days
    passed = days > near and first > session.next_day
    why = f"the contract settles in {days} days" + ("" if passed else ": too near for a night")
    return Check(name="overnight: expiry", observed=float(days), threshold=float(near), passed=passed, why=why)
