import csv
import math
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.alvh.policy import Policy
from strategies.alvh.records import (
    ChainQuote,
    Greeks,
    GreeksSource,
    Quote,
    Right,
    Smile,
    SmilePoint,
    Surface,
    SurfaceSource,
)
from strategies.alvh.surface import forwards, quoted_mid, quoted_smiles, smile_sigma, surface_smile, take_surface
from tests.strategies.alvh.condor_market import (
    NOW,
    around,
    book_of,
    condor,
    leg,
    pairs,
    price,
    settles,
    skew,
    view_of,
    with_ib_greeks,
)

POLICY = Policy()
CALM = skew(0.13)
STRIKES = (2740.0, 2750.0, 2760.0, 2770.0, 2780.0)
EMPTY = book_of()
DATA = Path(os.environ.get("ALVH_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))


def with_quote(chain: tuple[ChainQuote, ...], place: int, quote: Quote) -> tuple[ChainQuote, ...]:
    return (*chain[:place], replace(chain[place], quote=quote), *chain[place + 1 :])


def flat(days: float, sigma: float, forward: float = 2760.0, rate: float = 0.02) -> Smile:
    return Smile(
        settles_at=settles(days),
        forward=forward,
        rate=rate,
        years=days / 365,
        points=(SmilePoint(x=-0.1, sigma=sigma), SmilePoint(x=0.1, sigma=sigma)),
    )


def surface(*smiles: Smile) -> Surface:
    return Surface(taken_at=NOW, session_day=NOW.date(), source=SurfaceSource.STORED, smiles=smiles)


def test_parity_gives_the_forward_of_each_expiry() -> None:
    chain = (*pairs(STRIKES, smile=CALM), *pairs(STRIKES, days=20.0, forward=2757.0, smile=CALM))
    found = forwards(view_of(*chain), EMPTY, POLICY)
    assert found == {settles(45.0): pytest.approx(2760.0), settles(20.0): pytest.approx(2757.0)}


def test_parity_agrees_with_the_published_example() -> None:
    # K = 20, C = 2.10, P = 1.60, 30 days, 4%: 20.5016
    quotes = {Right.CALL: 2.10, Right.PUT: 1.60}
    chain = tuple(
        replace(option, strike=20.0, settles_at=NOW + timedelta(days=30), quote=around(quotes[option.right]))
        for option in pairs((2760.0,), smile=CALM)
    )
    found = forwards(view_of(*chain, rate=0.04), EMPTY, POLICY)
    assert found[NOW + timedelta(days=30)] == pytest.approx(20.5016, abs=5e-5)


def test_forwards_agree_with_the_exchange_s_worked_vix_calculation() -> None:
    path = DATA / "golden" / "vix_whitepaper_2009_options.csv"
    if not path.exists():
        pytest.skip(f"{path} is not there: set ALVH_SHARED_DATA to the folder of shared data")
    now = datetime(2009, 1, 1, 14, 46, tzinfo=UTC)
    near, far = datetime(2009, 1, 10, 14, 30, tzinfo=UTC), datetime(2009, 2, 7, 14, 30, tzinfo=UTC)
    settles_at = {"20090110": near, "20090207": far}
    chain = []
    with path.open() as rows:
        for number, row in enumerate(csv.DictReader(rows)):
            for right, side in ((Right.CALL, "Call"), (Right.PUT, "Put")):
                quote = Quote(bid=float(row[f"{side} Bid"]) or None, ask=float(row[f"{side} Ask"]) or None, age_s=0.0)
                at = settles_at[row["Expiration"]]
                chain.append(
                    ChainQuote(
                        con_id=number, trading_class="SPX", right=right, strike=float(row["Strike"]),
                        expires_on=at.date(), settles_at=at, quote=quote,
                    )
                )  # fmt: skip
    found = forwards(view_of(*chain, now=now, rate=0.0038), EMPTY, POLICY)
    # F = 920 + e^{rT} (37.15 - 36.65) and F = 920 + e^{rT} (61.55 - 60.55), give or take the neighbouring strikes
    assert found[near] == pytest.approx(920.50, abs=0.15)
    assert found[far] == pytest.approx(921.00, abs=0.15)


def test_one_bad_pair_does_not_move_the_forward() -> None:
    chain = pairs(STRIKES, smile=CALM)
    bad = with_quote(chain, 4, around(chain[4].quote.mid + 25.0))
    assert forwards(view_of(*bad), EMPTY, POLICY)[settles(45.0)] == pytest.approx(2760.0, abs=1e-6)


@pytest.mark.parametrize(
    "quote",
    [
        Quote(),
        Quote(bid=10.0, ask=9.0, age_s=1.0),
        Quote(bid=math.nan, ask=9.0, age_s=1.0),
        Quote(bid=math.inf, ask=math.inf, age_s=1.0),
        Quote(bid=-1.0, ask=0.5, age_s=1.0),
        Quote(bid=10.0, ask=11.0),
        Quote(bid=10.0, ask=11.0, age_s=60.1),
        Quote(bid=10.0, ask=11.0, age_s=math.nan),
        Quote(bid=10.0, ask=11.0, age_s=1.0, halted=True),
        Quote(bid=10.0, ask=11.0, age_s=1.0, delayed=True),
    ],
)
def test_a_quote_that_says_nothing_gives_no_mid(quote: Quote) -> None:
    assert quoted_mid(quote, 60.0) is None


def test_a_quote_of_just_the_allowed_age_counts() -> None:
    assert quoted_mid(Quote(bid=10.0, ask=11.0, age_s=60.0), 60.0) == 10.5


def test_foreign_classes_settled_options_and_impossible_strikes_are_not_read() -> None:
    chain = pairs((2760.0,), smile=CALM)
    for change in ({"trading_class": "XSP"}, {"settles_at": NOW}, {"strike": 0.0}, {"strike": math.nan}):
        assert forwards(view_of(*(replace(quote, **change) for quote in chain)), EMPTY, POLICY) == {}


@pytest.mark.parametrize("rate", [math.nan, math.inf, 1e6])
def test_without_a_rate_there_is_no_forward(rate: float) -> None:
    assert forwards(view_of(*pairs(STRIKES, smile=CALM), rate=rate), EMPTY, POLICY) == {}


def test_the_surface_gives_back_the_smile_that_made_the_quotes() -> None:
    taken = take_surface(view_of(*pairs(STRIKES, smile=CALM)), book_of(*condor(smile=CALM)), POLICY)
    assert taken is not None
    assert (taken.taken_at, taken.session_day, taken.source) == (NOW, NOW.date(), SurfaceSource.STORED)
    (smile,) = taken.smiles
    assert smile.forward == pytest.approx(2760.0)
    assert smile.years == pytest.approx(45 / 365)
    assert smile.rate == 0.02
    assert [point.x for point in smile.points] == sorted(point.x for point in smile.points)
    assert len(smile.points) == 9
    for point in smile.points:
        assert point.sigma == pytest.approx(CALM(point.x), rel=1e-6)


def test_the_option_out_of_the_money_speaks_first() -> None:
    chain = pairs((2600.0, 2760.0), smile=CALM)
    wrong = with_quote(chain, 0, around(chain[0].quote.mid + 3.0))  # the call in the money at 2600
    assert wrong[0].right is Right.CALL
    sigmas = quoted_smiles(view_of(*wrong, *pairs(STRIKES, smile=CALM)), EMPTY, POLICY).sigmas
    assert sigmas[settles(45.0), 2600.0] == pytest.approx(CALM(math.log(2600 / 2760)), rel=1e-6)


def test_the_partner_in_the_money_speaks_when_the_other_is_silent() -> None:
    chain = with_quote(pairs((2740.0, 2760.0, 2780.0), smile=CALM), 1, Quote())  # the put out of the money at 2740
    sigmas = quoted_smiles(view_of(*chain), EMPTY, POLICY).sigmas
    assert sigmas[settles(45.0), 2740.0] == pytest.approx(CALM(math.log(2740 / 2760)), rel=1e-6)


def test_at_the_forward_itself_the_call_is_the_one_out_of_the_money() -> None:
    chain = (*pairs((2750.0, 2770.0), smile=CALM), *pairs((2760.0,), smile=CALM))
    put = price(2760.0, 2760.0, 45.0, Right.PUT, CALM)
    odd = tuple(
        replace(option, quote=around(put + 0.5)) if option.strike == 2760.0 and option.right is Right.PUT else option
        for option in chain
    )
    sigma = quoted_smiles(view_of(*odd), EMPTY, POLICY).sigmas[settles(45.0), 2760.0]
    assert sigma == pytest.approx(CALM(0.0), abs=1e-6)


def test_ib_s_volatility_stands_in_for_a_missing_mid_only_while_fresh() -> None:
    chain = pairs(STRIKES, smile=CALM)
    silent = with_ib_greeks(leg(2600.0, Right.PUT, -1), 2760.0, CALM)
    key = (settles(45.0), 2600.0)
    assert quoted_smiles(view_of(*chain), book_of(silent), POLICY).sigmas[key] == pytest.approx(
        CALM(math.log(2600 / 2760))
    )
    for change in ({"age_s": 61.0}, {"iv": math.nan}, {"iv": 0.0}, {"iv": -1.0}, {"iv": 5.0}):
        odd = replace(silent, greeks=replace(silent.greeks, **change))
        assert key not in quoted_smiles(view_of(*chain), book_of(odd), POLICY).sigmas


def test_a_chain_volatility_shares_the_age_of_its_quote() -> None:
    chain = pairs(STRIKES, smile=CALM)
    far = replace(chain[0], strike=2500.0, iv=0.3, quote=Quote(ask=0.1, age_s=5.0))
    key = (settles(45.0), 2500.0)
    assert quoted_smiles(view_of(*chain, far), EMPTY, POLICY).sigmas[key] == 0.3
    for quote in (Quote(ask=0.1), Quote(ask=0.1, age_s=99.0)):
        assert key not in quoted_smiles(view_of(*chain, replace(far, quote=quote)), EMPTY, POLICY).sigmas


def test_a_held_expiry_without_a_pair_has_no_surface() -> None:
    assert take_surface(view_of(), book_of(*condor(smile=CALM)), POLICY) is None
    assert take_surface(view_of(*pairs(STRIKES, days=20.0, smile=CALM)), book_of(*condor(smile=CALM)), POLICY) is None


def test_a_held_expiry_needs_two_points() -> None:
    wing = leg(2600.0, Right.PUT, 1)
    assert take_surface(view_of(*pairs((2760.0,), smile=CALM)), book_of(wing), POLICY) is None
    assert take_surface(view_of(*pairs((2750.0, 2760.0), smile=CALM)), book_of(wing), POLICY) is not None


def test_the_smile_must_reach_every_short_strike_that_the_gauge_reads() -> None:
    view = view_of(*pairs(STRIKES, smile=CALM))
    assert take_surface(view, book_of(leg(2600.0, Right.PUT, -1)), POLICY) is None
    assert take_surface(view, book_of(leg(2900.0, Right.CALL, -1)), POLICY) is None
    assert take_surface(view, book_of(leg(2740.0, Right.PUT, -1)), POLICY) is not None
    assert take_surface(view, book_of(leg(2780.0, Right.CALL, -1)), POLICY) is not None
    assert take_surface(view, book_of(leg(2600.0, Right.PUT, 1)), POLICY) is not None  # a wing may lie beyond
    soon = view_of(*pairs(STRIKES, days=1.9, smile=CALM))
    assert take_surface(soon, book_of(leg(2600.0, Right.PUT, -1, days=1.9)), POLICY) is not None


def test_legs_that_the_method_does_not_hedge_ask_for_no_smile() -> None:
    view = view_of(*pairs(STRIKES, smile=CALM))
    odd = replace(leg(260.0, Right.PUT, -1), symbol="XSP", trading_class="XSP")
    settled = leg(2600.0, Right.PUT, -1, days=0.0)
    empty = leg(2600.0, Right.PUT, 0)
    assert take_surface(view, book_of(odd, settled, empty), POLICY) is not None


def test_no_market_at_all_is_no_surface() -> None:
    assert take_surface(view_of(), EMPTY, POLICY) is None


def test_a_smile_is_straight_between_its_points_and_flat_beyond_them() -> None:
    smile = replace(flat(30.0, 0.2), points=(SmilePoint(x=-0.1, sigma=0.3), SmilePoint(x=0.1, sigma=0.1)))
    np.testing.assert_allclose(
        smile_sigma(smile, np.array([-0.5, -0.1, -0.05, 0.0, 0.1, 0.5])), [0.3, 0.3, 0.25, 0.2, 0.1, 0.1]
    )
    assert float(smile_sigma(smile, 0.05)) == pytest.approx(0.15)
    assert np.isnan(smile_sigma(replace(smile, points=()), np.zeros(3))).all()


def test_an_expiry_of_the_surface_is_given_back_as_stored() -> None:
    stored = surface(flat(20.0, 0.2), flat(45.0, 0.18))
    assert surface_smile(stored, settles(45.0), NOW) is stored.smiles[1]


def test_between_two_expiries_total_variance_is_linear_in_time() -> None:
    # 18% at 30 days and 19% at 60 days: 19.95% forward, hence 18.673% at 45 days
    between = surface_smile(surface(flat(60.0, 0.19, 2770.0, 0.04), flat(30.0, 0.18)), settles(45.0), NOW)
    assert between is not None
    expected = math.sqrt((0.18**2 * 30 + 0.1995**2 * 15) / 45)
    assert float(smile_sigma(between, 0.0)) == pytest.approx(expected, abs=2e-6)
    assert between.forward == pytest.approx(math.sqrt(2760.0 * 2770.0))
    assert between.rate == pytest.approx(0.03)
    assert between.years == pytest.approx(45 / 365)


def test_the_weights_between_expiries_follow_the_time_left_today() -> None:
    later = NOW + timedelta(days=20)
    between = surface_smile(surface(flat(30.0, 0.18), flat(60.0, 0.19)), settles(45.0), later)
    assert between is not None
    assert float(smile_sigma(between, 0.0)) == pytest.approx(math.sqrt((0.18**2 * 5 + 0.19**2 * 20) / 25), rel=1e-9)


@pytest.mark.parametrize(("days", "sigma", "forward"), [(5.0, 0.2, 2755.0), (90.0, 0.18, 2760.0)])
def test_beyond_the_ends_the_surface_is_flat(days: float, sigma: float, forward: float) -> None:
    smile = surface_smile(surface(flat(45.0, 0.18), flat(20.0, 0.2, 2755.0)), settles(days), NOW)
    assert smile is not None
    assert float(smile_sigma(smile, 0.02)) == sigma
    assert smile.forward == forward
    assert smile.settles_at == settles(days)
    assert smile.years == pytest.approx(days / 365)


def test_dead_and_broken_expiries_lend_nothing() -> None:
    assert surface_smile(surface(), settles(30.0), NOW) is None
    assert surface_smile(surface(flat(10.0, 0.2)), settles(30.0), settles(10.0)) is None
    assert surface_smile(surface(flat(40.0, 0.2, forward=0.0)), settles(30.0), NOW) is None
    assert surface_smile(surface(replace(flat(40.0, 0.2), points=())), settles(30.0), NOW) is None


wild = st.one_of(st.none(), st.floats(), st.sampled_from([0.0, -1.0, 1e-320, 1.7e308, 12.5]))
wild_quotes = st.builds(Quote, bid=wild, ask=wild, age_s=wild, halted=st.booleans())


@given(
    st.lists(st.tuples(st.sampled_from(Right), wild, wild_quotes, wild, st.floats(-3, 400)), max_size=8),
    st.floats(),
    wild,
    wild,
)
@settings(max_examples=200, deadline=None)
def test_no_market_makes_the_surface_raise(
    rows: list[tuple[Right, float | None, Quote, float | None, float]],
    rate: float,
    iv: float | None,
    age_s: float | None,
) -> None:
    chain = [
        ChainQuote(
            con_id=1,
            trading_class="SPXW",
            right=right,
            strike=strike if strike is not None else 2760.0,
            expires_on=NOW.date(),
            settles_at=settles(days),
            quote=quote,
            iv=chain_iv,
        )
        for right, strike, quote, chain_iv, days in rows
    ]
    greeks = None
    if iv is not None and age_s is not None:
        greeks = Greeks(
            iv=iv, delta=iv, gamma=iv, vega=iv, theta=iv, underlying=iv, age_s=age_s, source=GreeksSource.IB
        )
    legs = [replace(x, greeks=greeks) for x in condor(smile=CALM)]
    for chosen in (chain, [*chain, *pairs(STRIKES, smile=CALM)]):
        taken = take_surface(view_of(*chosen, rate=rate), book_of(*legs), POLICY)
        for smile in taken.smiles if taken is not None else ():
            assert math.isfinite(smile.forward) and smile.forward > 0
            assert all(math.isfinite(point.x) and 0 < point.sigma < 5 for point in smile.points)


def test_the_volatility_of_a_very_calm_market_is_believed() -> None:
    chain = pairs(STRIKES, smile=lambda _: 0.06)
    silent = with_ib_greeks(leg(2700.0, Right.PUT, -1), 2760.0, lambda _: 0.05)
    sigmas = quoted_smiles(view_of(*chain), book_of(silent), POLICY).sigmas
    assert sigmas[settles(45.0), 2760.0] == pytest.approx(0.06)
    assert sigmas[settles(45.0), 2700.0] == 0.05


def test_a_foreign_leg_lends_the_smile_nothing() -> None:
    foreign = replace(leg(2600.0, Right.PUT, -1, smile=CALM), symbol="XSP", trading_class="XSP")
    assert (settles(45.0), 2600.0) not in quoted_smiles(
        view_of(*pairs(STRIKES, smile=CALM)), book_of(foreign), POLICY
    ).sigmas


@pytest.mark.parametrize("strike", [0.0, math.nan, math.inf])
def test_a_short_strike_that_is_no_price_leaves_the_expiry_without_a_surface(strike: float) -> None:
    odd = replace(leg(2740.0, Right.PUT, -1), strike=strike)
    assert take_surface(view_of(*pairs(STRIKES, smile=CALM)), book_of(odd), POLICY) is None


def test_every_short_strike_of_an_expiry_must_be_reached() -> None:
    view = view_of(*pairs(STRIKES, smile=CALM))
    inside = (leg(2740.0, Right.PUT, -1), leg(2780.0, Right.CALL, -1))
    assert take_surface(view, book_of(*inside), POLICY) is not None
    assert take_surface(view, book_of(*inside, leg(2600.0, Right.PUT, -1)), POLICY) is None
    assert take_surface(view, book_of(*inside, leg(2900.0, Right.CALL, -1)), POLICY) is None
