from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import BAR, CLOSE, VX, at, book, condor, exposure, future, leg, memory, sample, spike_view, state

from strategies.alvh.false_spike import consecutive, credible, persistent
from strategies.alvh.policy import Policy
from strategies.alvh.reading import Reading, read
from strategies.alvh.records import Book, Check, IndexQuote, MarketView, Right

POLICY = Policy()


def reading(view: MarketView | None = None, held: Book | None = None) -> Reading:
    return read(view or spike_view(), held or book(), state(), POLICY, memory(), exposure())


def check(name: str, view: MarketView | None = None, held: Book | None = None) -> Check:
    return next(found for found in credible(reading(view, held)) if found.name == f"filter: {name}")


def august(vx: float, vix: float) -> MarketView:
    """Return 5 August 2024: VIX closed at 23.39, the August future settled at 21.8527 sixteen days before expiry."""
    view = spike_view(vx=vx, vix=vix)
    front = future(VX, vx, dte=16, settle=21.8527)
    return replace(view, futures=(front,), vix=IndexQuote(symbol="VIX", last=vix, age_s=1.0, prev_close=23.39))


def test_a_vix_that_its_future_does_not_believe_is_rejected() -> None:
    view = august(37.10, 65.73)
    assert reading(view).implied == pytest.approx(48.37, abs=0.01)
    found = check("credibility", view)
    assert found.observed == pytest.approx(17.4, abs=0.05)
    assert found.threshold == pytest.approx(6.573)
    assert not found.passed


def test_a_vix_near_what_its_future_implies_is_credible() -> None:
    assert check("credibility", august(37.10, 53.0)).passed


def test_credibility_needs_both_prices() -> None:
    view = spike_view()
    assert not check("credibility", replace(view, futures=())).passed
    assert not check("credibility", replace(view, vix=replace(view.vix, last=None))).passed


def test_vx_must_have_moved_half_of_what_its_beta_says() -> None:
    # beta(30) = 0.5056, VIX +4: the future must be up 1.011
    assert check("VX confirms", spike_view(vx=17.02)).passed
    assert not check("VX confirms", spike_view(vx=17.0)).passed
    assert not check("VX confirms", spike_view(vix=15.9)).passed


def test_vx_confirmation_needs_fresh_numbers() -> None:
    view = spike_view()
    assert not check("VX confirms", replace(view, futures=())).passed
    assert not check("VX confirms", replace(view, vix=replace(view.vix, age_s=61.0))).passed


def test_vix_is_not_used_in_the_first_minutes_or_after_its_close() -> None:
    assert not check("VIX hours", spike_view(4)).passed
    assert check("VIX hours", spike_view(5)).passed
    late = spike_view()
    assert check("VIX hours", replace(late, now=CLOSE + timedelta(minutes=15))).passed
    assert not check("VIX hours", replace(late, now=CLOSE + timedelta(minutes=16))).passed


def test_option_quotes_three_times_wider_than_usual_are_not_believed() -> None:
    wide = tuple(replace(item, spread_median=0.019) for item in condor())
    fair = tuple(replace(item, spread_median=0.021) for item in condor())
    assert not check("option spreads", held=book(legs=wide)).passed
    assert check("option spreads", held=book(legs=fair)).passed


def test_option_quotes_without_history_are_not_believed() -> None:
    bare = leg(1, 2600.0, Right.PUT, -1, 10.0, spread_median=None)
    assert not check("option spreads", held=book(legs=(bare,))).passed
    assert not check("option spreads", held=book(legs=())).passed
    assert check("option spreads", held=book(legs=(bare, *condor()))).passed
    assert not check("option spreads", held=book(legs=(bare, bare, *condor()[:1]))).passed


def test_conditions_must_have_stood_on_two_closed_bars() -> None:
    calm = reading(spike_view(vx=17.5))
    assert not persistent(calm, ()).passed
    assert not persistent(calm, (sample(at(25)),)).passed
    assert persistent(calm, (sample(at(20)), sample(at(25)))).passed
    assert not persistent(calm, (sample(at(15)), sample(at(25)))).passed
    assert not persistent(calm, (sample(at(20), armable=False), sample(at(25)))).passed


def test_one_bar_is_enough_when_vx_itself_is_up_a_tenth() -> None:
    strong = reading(spike_view(vx=17.6))
    assert persistent(strong, (sample(at(25)),)).passed
    assert not persistent(strong, ()).passed
    blind = reading(replace(spike_view(), futures=()))
    assert not persistent(blind, (sample(at(25)),)).passed


def test_consecutive_bars_end_at_the_last_gap() -> None:
    ends = (at(5), at(10), at(20), at(25))
    assert [item.end for item in consecutive(tuple(sample(end) for end in ends))] == [at(20), at(20) + BAR]
    assert consecutive(()) == ()


def test_crossed_and_absurd_markets_say_nothing_about_spreads() -> None:
    first, *rest = condor()
    crossed = tuple(replace(item, quote=replace(item.quote, bid=item.quote.ask, ask=item.quote.bid)) for item in rest)
    absurd = tuple(replace(item, quote=replace(item.quote, bid=1e12, ask=1e12)) for item in rest)
    for broken in (crossed, absurd):
        found = check("option spreads", held=book(legs=(first, *broken)))
        assert (found.passed, found.observed) == (False, None)


def test_the_confirmation_says_what_it_found() -> None:
    assert check("VX confirms", spike_view(vx=17.02)).why == "VX moved +1.02 with VIX +4.00: confirms"
    assert check("VX confirms", spike_view(vx=17.0)).why.startswith(
        "VX moved +1.00 with VIX +4.00: does not confirm, +"
    )


def test_a_settlement_of_nothing_makes_no_bar_strong() -> None:
    view = spike_view(vx=17.6)
    empty = replace(view, futures=tuple(replace(one, prior_settle=0.0) for one in view.futures))
    assert not persistent(reading(empty), (sample(at(25)),)).passed


def test_a_rise_of_just_the_limit_is_strong() -> None:
    seen = reading(spike_view(vx=17.6))
    assert seen.price is not None
    rules = replace(POLICY.filter, single_bar_vx_jump=seen.price / 16.0 - 1.0)
    assert persistent(replace(seen, policy=replace(POLICY, filter=rules)), (sample(at(25)),)).passed
