"""The account must carry the hedge before a tranche is bought; the figures are worked by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from builders import VX, VXM, book, exposure, future, lot, memory, order, spike_view, state

from strategies.alvh.judge import judge
from strategies.alvh.margin import affordable, margin_usd
from strategies.alvh.policy import EconomicsPolicy, Policy
from strategies.alvh.reading import Reading, read
from strategies.alvh.records import Account, Decision, Side

FREE = Policy(economics=EconomicsPolicy(enabled=False))


def seen(account: Account, *, own: int = 0, buying: int = 0) -> Reading:
    lots = (lot(VXM, own),) if own else ()
    working = (order(VXM, Side.BUY, buying),) if buying else ()
    view = spike_view(60, futures=(future(VXM, 20.0),))
    held, known = book(*lots, account=account), state(*lots, working=working)
    return read(view, held, known, Policy(), memory(), exposure())


def account(excess: float | None, worth: float | None = 400_000.0) -> Account:
    return Account(net_liquidation=worth, excess_liquidity=excess)


def test_margin_and_a_fall_of_thirty_percent_must_leave_a_quarter_of_the_account() -> None:
    # 4 minis at 20 are 8,000: margin 2,800; with 2 held and 1 being bought 7 minis lose 6 points each: 4,200
    enough = account(107_000.0)
    check = affordable(seen(enough, own=2, buying=1), 4)
    assert (check.observed, check.threshold, check.passed) == (pytest.approx(100_000.0), 100_000.0, True)
    assert not affordable(seen(account(106_999.0), own=2, buying=1), 4).passed


@pytest.mark.parametrize(
    "unknown", [account(None), account(200_000.0, None), account(float("nan")), account(200_000.0, 0.0)]
)
def test_an_account_that_says_nothing_carries_nothing(unknown: Account) -> None:
    check = affordable(seen(unknown), 1)
    assert not check.passed
    assert "not known" in check.why


def test_without_a_price_nothing_is_affordable() -> None:
    assert not affordable(replace(seen(account(400_000.0)), price=None), 1).passed


def wake(**changes: Any) -> Decision:
    remembered = memory()
    return judge(spike_view(30, vx=18.5), book(**changes), state(), FREE, memory=remembered, exposure=exposure())


def test_a_spike_is_not_hedged_beyond_the_means_of_the_account() -> None:
    assert wake().proposals
    for poor in (account(90_000.0), account(None)):
        refused = wake(account=poor)
        assert not refused.proposals
        assert [check.name for check in refused.checks if not check.passed] == ["account: excess liquidity"]
        assert "excess liquidity" in refused.summary


def test_what_the_broker_says_of_one_contract_replaces_the_estimate() -> None:
    # a VXM that ties up 1,500 $: 4 of them 6,000 $, and 4 minis at 20 lose 6 points each: 2,400
    view = spike_view(60, futures=(future(VX, 20.0, margin_usd=9_000.0), future(VXM, 20.0, margin_usd=1_500.0)))
    known = read(view, book(account=account(108_400.0)), state(), Policy(), memory(), exposure())
    check = affordable(known, 4)
    assert (check.observed, check.passed) == (pytest.approx(100_000.0), True)
    assert "the broker's margin of $6,000" in check.why
    assert margin_usd(known, 10) == 15_000.0


def test_a_big_contract_s_margin_is_that_of_ten_minis() -> None:
    view = spike_view(60, futures=(future(VX, 20.0, margin_usd=9_000.0), future(VXM, 20.0, margin_usd=-1.0)))
    known = read(view, book(), state(), Policy(), memory(), exposure())
    assert margin_usd(known, 4) == 3_600.0


def test_without_a_word_of_the_broker_margin_is_a_share_of_the_notional() -> None:
    assert margin_usd(seen(account(None)), 4) == pytest.approx(0.35 * 4 * 20.0 * 100.0)
    assert margin_usd(replace(seen(account(None)), price=None), 4) is None
    assert "an estimated margin of $2,800" in affordable(seen(account(400_000.0)), 4).why


def test_a_margin_of_nothing_is_no_word_of_the_broker() -> None:
    view = spike_view(60, futures=(future(VX, 20.0, margin_usd=9_000.0), future(VXM, 20.0, margin_usd=0.0)))
    assert margin_usd(read(view, book(), state(), Policy(), memory(), exposure()), 4) == 3_600.0
