"""The three parts of the hurdle on outcomes given by hand, and what they leave of a purchase."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from builders import lot

from strategies.alvh.economics import worth_it
from strategies.alvh.hurdle import hurdle, rates
from strategies.alvh.policy import EconomicsPolicy, Policy
from strategies.alvh.records import Account, Check, Quote
from strategies.alvh.scenarios import Outcome, Outlook
from strategies.alvh.tranches import Plan
from strategies.alvh.wacc import CostOfCapital
from tests.strategies.alvh.spike_book import ACCOUNT, SETTLES_ON, reading

RULES = EconomicsPolicy()
CAPITAL = CostOfCapital(wacc=0.10, equity=0.10, debt=0.05, debt_share=0.0)


def outlook(
    condors: tuple[float, float, float], hedge: tuple[float, float, float], margin: float = 50_000.0
) -> Outlook:
    points = (-4.2, -1.75, 5.75)
    one, two, three = (
        Outcome(name=name, vix_points=move, condor_usd=earned, hedge_usd=insured)
        for name, move, earned, insured in zip(("fast", "slow", "on"), points, condors, hedge, strict=True)
    )
    return Outlook(
        outcomes=(one, two, three), days=3.0, condor_margin_usd=margin - 5_000.0, hedge_margin_usd=5_000.0, entry_usd=0
    )


def verdict(found: Outlook, capital: CostOfCapital | None = CAPITAL) -> dict[str, Check]:
    return {check.name.removeprefix("hurdle: "): check for check in hurdle(found, capital, RULES)}


# Base case of the condors: .57 * 1000 + .31 * 500 - .12 * 4000 = 245 $
CONDORS = (1000.0, 500.0, -4000.0)


def test_condors_and_hedge_together_must_earn_what_capital_costs() -> None:
    # the hedge: .57 * -400 + .31 * -200 + .12 * 1800 = -74; 171 $ on 50,000 $ in 3 days: 0.342% * 365 / 3 = 41.6%
    passed = verdict(outlook(CONDORS, (-400.0, -200.0, 1800.0)))["return"]
    assert (passed.observed, passed.threshold, passed.passed) == (pytest.approx(0.4161, abs=1e-4), 0.10, True)
    # 206 $ dearer each way leaves -35 $
    failed = verdict(outlook(CONDORS, (-606.0, -406.0, 1594.0)))["return"]
    assert not failed.passed
    assert failed.observed == pytest.approx(-35.0 / 50_000.0 * 365 / 3)
    assert "the hurdle is missed, first tranche only: base case: -$35 in 3 days" in failed.why
    assert "capital costs 10.0%" in failed.why


def test_exactly_the_cost_of_capital_is_enough() -> None:
    # 41.0959 $ on 50,000 $ in 3 days is 10%
    exact = outlook((50_000 * 0.10 * 3 / 365,) * 3, (0.0, 0.0, 0.0))
    assert verdict(exact, replace(CAPITAL, wacc=exact.simple(RULES.base_probabilities) or 0.0))["return"].passed


def test_an_unknown_cost_of_capital_or_margin_fails() -> None:
    assert not verdict(outlook(CONDORS, (0.0, 0.0, 0.0)), None)["return"].passed
    assert not verdict(outlook(CONDORS, (0.0, 0.0, 0.0), margin=0.0))["return"].passed


def test_the_stressed_expectation_must_not_be_worse_for_the_hedge() -> None:
    # .25 * -400 + .35 * -200 + .40 * 425 = 0
    even = verdict(outlook(CONDORS, (-400.0, -200.0, 425.0)))["stress"]
    assert even.passed
    assert even.observed == pytest.approx(even.threshold)
    worse = verdict(outlook(CONDORS, (-400.0, -200.0, 424.0)))["stress"]
    assert not worse.passed
    # .25 * 1000 + .35 * 500 - .40 * 4000 = -1175
    assert worse.threshold == pytest.approx(-1175.0)
    assert worse.observed == pytest.approx(-1175.4)


def test_the_worst_scenario_must_save_three_times_the_cost() -> None:
    # cost .57 * 1000 - .12 * 3000 = 210, 14.29 times; dearer .57 * 2400 - .12 * 3000 = 1008, 2.98 times
    good = verdict(outlook(CONDORS, (-1000.0, 0.0, 3000.0)))["saving"]
    assert (good.observed, good.passed) == (pytest.approx(3000 / 210), True)
    poor = verdict(outlook(CONDORS, (-2400.0, 0.0, 3000.0)))["saving"]
    assert (poor.observed, poor.passed) == (pytest.approx(3000 / 1008), False)
    assert "2.98 times (needs 3)" in poor.why


def test_a_hedge_that_costs_nothing_passes_and_one_that_saves_nothing_fails() -> None:
    free = verdict(outlook(CONDORS, (0.0, 0.0, 0.0)))["saving"]
    assert (free.observed, free.passed) == (None, True)
    assert not verdict(outlook(CONDORS, (-100.0, -100.0, -100.0)))["saving"].passed


def test_the_worst_scenario_is_the_condors_own() -> None:
    # condors that suffer from the reversal: the hedge's loss there is what counts
    turned = outlook((-4000.0, 500.0, 1000.0), (-100.0, 0.0, 300.0))
    assert verdict(turned)["saving"].observed == pytest.approx(-100.0 / (57.0 - 36.0))


def test_the_stressed_rate_is_told_with_and_without_the_hedge() -> None:
    base, stressed = rates(outlook(CONDORS, (-400.0, -200.0, 1800.0)), RULES)
    assert base.passed and stressed.passed
    # stressed hedge: -100 - 70 + 720 = 550: -625 hedged, -1175 unhedged
    assert "-$625 in 3 days" in stressed.why
    assert "unhedged (-$1,175)" in stressed.why
    assert stressed.observed == pytest.approx((1 - 625 / 50_000) ** (365 / 3) - 1)
    assert stressed.observed is not None and stressed.observed < 0.0


def test_a_rate_beyond_telling_is_said_to_be_so() -> None:
    # 10% in three days is 1.1 ^ 121.7 a year, some 11 million percent; 1 $ on 5,000 $ is 1.0002 ^ 121.7
    base, _ = rates(outlook((5_000.0, 5_000.0, 5_000.0), (1.0, 1.0, 1.0)), RULES)
    assert "condors more than +100,000%, hedge +2%, both more than" in base.why


def plan(number: int = 2, minis: int = 3, *, allowed: bool = True) -> Plan:
    return Plan(number=number, goal=7, minis=minis, allowed=allowed, checks=())


def failed(checks: tuple[Check, ...]) -> list[str]:
    return [check.name for check in checks if not check.passed]


def test_a_modest_spike_passes_the_hurdle() -> None:
    # VIX 18 to 22: the further rise, 5.5 points, weighs more than what a reversal gives back
    granted = worth_it(reading(vix=22.0, previous=18.0), plan())
    assert failed(granted.checks) == []
    assert (granted.tranche, granted.minis) == (3, None)


def test_after_a_rise_of_almost_half_the_hedge_is_too_dear_for_more_than_a_tranche() -> None:
    granted = worth_it(reading(vix=23.0, previous=16.0), plan())
    assert granted.tranche == 1
    assert "hurdle: saving" in failed(granted.checks)


def test_every_number_that_is_missing_leaves_the_first_tranche() -> None:
    unknown_cash = worth_it(reading(vix=22.0, previous=18.0, account=replace(ACCOUNT, cash=None)), plan())
    assert (unknown_cash.tranche, failed(unknown_cash.checks)) == (1, ["hurdle: return"])
    dark = reading(vix=math.nan)
    assert worth_it(dark, plan()).tranche == 1
    assert failed(worth_it(dark, plan()).checks) == ["hurdle: outlook", "reer: expected"]


def test_nothing_is_asked_while_nothing_is_bought_or_the_rule_is_off() -> None:
    seen = reading()
    for quiet in (plan(allowed=False), plan(minis=0)):
        assert worth_it(seen, quiet).checks == ()
    off = replace(seen, policy=Policy(economics=EconomicsPolicy(enabled=False)))
    assert (worth_it(off, plan()).checks, worth_it(off, plan()).tranche) == ((), 3)


def test_dear_insurance_leaves_the_first_tranche() -> None:
    # premium 10 condors at 20 points: 20,000 $; a realised loss of 9,000 $ is 45%
    calm: dict[str, Any] = {"vix": 22.0, "previous": 18.0}
    granted = worth_it(reading(**calm, state={"realised_usd": -9_000.0}), plan())
    assert (granted.tranche, failed(granted.checks)) == (1, ["reer: realised"])
    cheaper = worth_it(reading(**calm, state={"realised_usd": -8_999.0}), plan())
    assert (cheaper.tranche, failed(cheaper.checks)) == (3, [])
    warned = next(check for check in cheaper.checks if check.name == "reer: realised")
    assert "dear insurance" in warned.why


def test_every_question_gives_its_numbers_and_its_reason() -> None:
    granted = worth_it(reading(lot(quantity=2, settles_on=SETTLES_ON)), plan())
    names = [check.name for check in granted.checks]
    assert len(set(names)) == len(names)
    assert all(check.why for check in granted.checks)
    assert {name.split(":")[0] for name in names} == {"hurdle", "reer", "carry"}


@pytest.mark.parametrize("account", [Account(), Account(net_liquidation=-1.0, cash=1.0)])
def test_an_account_that_says_nothing_fails_the_hurdle(account: Account) -> None:
    assert worth_it(reading(vix=22.0, previous=18.0, account=account), plan()).tranche == 1


def test_an_unquoted_future_fails_the_hurdle() -> None:
    seen = reading(vix=22.0, previous=18.0)
    months = tuple(replace(future, quote=Quote()) for future in seen.view.futures)
    dark = replace(seen, view=replace(seen.view, futures=months), vx=months[0], vxm=months[1], front=months[0])
    assert worth_it(replace(dark, price=None), plan()).tranche == 1


def test_a_single_mini_is_asked_about_and_the_night_is_told_for_all_that_would_be_held() -> None:
    held = lot(quantity=2, settles_on=SETTLES_ON)
    granted = worth_it(reading(held, vix=22.0, previous=18.0), plan(minis=1))
    financing = next(check for check in granted.checks if check.name == "carry: financing")
    assert "of margin for 3 minis" in financing.why


def test_the_insurance_is_charged_with_what_the_hedge_loses_in_the_base_case() -> None:
    # after a rise of almost half the reversal is likelier than the rest of the rise
    dear = worth_it(reading(vix=23.0, previous=16.0), plan())
    assert (next(check for check in dear.checks if check.name == "reer: expected").observed or 0.0) > 0.0
