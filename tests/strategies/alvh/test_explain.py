from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import builders
import pytest
from builders import VXM, at, book, exposure, lot, memory, order, spike_view, state

from strategies.alvh.explain import AGREED, SHOWN, TITLES, TOLD, explain, summarise, table
from strategies.alvh.judge import judge
from strategies.alvh.kept import kept
from strategies.alvh.policy import Policy
from strategies.alvh.records import (
    Check,
    Decision,
    Episode,
    Exposure,
    HedgeableShare,
    Leftover,
    Lot,
    MarketView,
    Phase,
    Sample,
    Side,
)
from strategies.alvh.wording import label, limit, line, show, told

POLICY = Policy()


def decision(*lots: Lot, valued: Exposure | None = None, view: MarketView | None = None, **known: Any) -> Decision:
    knows = state(*lots, **known)
    seen = view or spike_view(10, vx=18.5)
    return judge(seen, book(*lots), knows, POLICY, memory=knows.memory, exposure=valued or exposure())


def buying() -> Decision:
    return decision()


def calm() -> Decision:
    return decision(valued=exposure(inflation=0.02), view=spike_view(10, vx=16.1, vix=16.0, spx=2760.0))


def holding() -> Decision:
    known = memory(episode=episode(), phase=Phase.T1)
    return decision(lot(price=18.6), memory=known, view=spike_view(30, vx=18.5))


def test_a_purchase_is_one_sentence_with_its_reason() -> None:
    found = buying()
    assert found.summary == ("Buy 4 VXM (tranche 1): short-put vega inflated by 50%; breadth, VX jump, term inversion.")


def test_the_text_shows_order_theta_vega_and_hedge() -> None:
    text = explain(replace(buying(), exposure=exposure(lower_break_even=2585.0, upper_break_even=2866.0)))
    assert "Order: Buy 4 VXM" in text
    assert "Theta $900 a day, vega -$2,600 per vol point (-$2,500 per VIX point)" in text
    assert "Nearest break-evens, each expiry by itself: 2,585 below, 2,866 above" in text
    assert "Hedge: $0 per VIX point, leaving -$2,500 with the book; target 15 minis; tranche-1" in text


def test_every_check_stands_in_the_full_text_once_and_refusals_come_first() -> None:
    for found in (buying(), calm(), holding()):
        lines = explain(found, everything=True).splitlines()
        for check in found.checks:
            assert sum(line.startswith(f"  {label(check)}: ") for line in lines) == 1
        against = min(n for n, line in enumerate(lines) if line in TITLES)
        assert against < lines.index(TOLD) < lines.index(AGREED)


def test_the_short_text_counts_what_passed_instead_of_listing_it() -> None:
    found = calm()
    passed = [check for check in found.checks if check.passed and not told(check)]
    text = explain(found)
    assert text.splitlines()[-1] == f"In order: {len(passed)} more checks (--all)"
    assert not any(f"  {label(check)}: " in text for check in passed)


def test_a_refusal_stands_under_what_it_speaks_against() -> None:
    dear = Check(name="hurdle: saving", observed=2.1, threshold=3.0, passed=False, why="too dear")
    flat = Check(name="signal: VX MACD", observed=0.0, threshold=0.0, passed=False, why="flat")
    others = tuple(check for check in buying().checks if check.name != flat.name)
    bought = explain(replace(buying(), checks=(*others, dear, flat))).splitlines()
    later = bought[
        bought.index("Against more than tranche 1:") + 1 : bought.index("Did not agree, and was not needed:")
    ]
    assert any(said.startswith("  hurdle: saving: too dear") for said in later)
    assert any(said.startswith("  signal: VX MACD") for said in later)
    unneeded = bought.index("Did not agree, and was not needed:")
    assert bought[unneeded + 1].startswith("  signal: VIX RSI")
    assert "Against opening:" not in bought
    assert "Against opening:" in explain(calm()).splitlines()
    known = memory(episode=episode(), phase=Phase.T1)
    stays = explain(decision(lot(price=18.6), memory=known, valued=exposure(inflation=0.1))).splitlines()
    assert stays[stays.index("Against buying more:") + 1].startswith("  signal: VX MACD")
    anew = stays[stays.index("Against arming anew:") + 1 :]
    assert any(said.startswith("  gauge: inflation: ") for said in anew)


def test_of_what_is_held_the_nearest_exit_is_told_first() -> None:
    """Half of the rise from 16 to 19 is given back at 17.50, one point below; the stop lies 2 points under 18.60."""
    lines = explain(holding()).splitlines()
    first = lines.index("Exits, the nearest first:")
    assert lines[first + 1].endswith("(base 16.00, highest 19.00): stage 1 begins at 50%, VX 17.50")
    assert lines[first + 2] == (
        "  hold: over the loss stop: VX 18.50 is 1.90 above the stop at 16.60 (tranche 1 bought at 18.60)"
    )
    assert "Exits, the nearest first:" not in explain(calm())


def test_a_stop_that_is_nearer_than_the_stage_comes_first() -> None:
    bars = tuple(Sample(end=at(n), inflation=0.5, armable=True, retraced=0.4, term_inverted=None, vix_implied=20.0 - n,
                        breadth_divergent=False, macd_hist=None) for n in (25, 30))  # fmt: skip
    known = replace(memory(episode=episode(base=15.0), phase=Phase.T1), samples=bars)
    lines = explain(decision(lot(price=19.2), memory=known, view=spike_view(30, vx=17.4))).splitlines()
    stop, stage = lines[lines.index("Exits, the nearest first:") + 1 :][:2]
    assert stop.endswith("VX 17.40 is 0.20 above the stop at 17.20 (tranche 1 bought at 19.20)")
    assert stage.endswith(
        "40% of the rise retraced on two closed bars (base 15.00, highest 19.00): stage 1 begins at 50%, VX 17.00"
    )


def test_a_rule_that_sells_stands_before_the_exits_that_do_not() -> None:
    known = memory(episode=episode(), phase=Phase.T1)
    lines = explain(decision(lot(price=21.0), memory=known, view=spike_view(30, vx=18.5))).splitlines()
    against = lines.index("Against holding:")
    assert lines[against + 1].startswith("  hold: loss stop crossed: VX 18.50 is 0.40 below the stop")
    assert lines[against + 2] == "Exits, the nearest first:"
    assert "loss stop" not in "".join(lines[against + 3 :])


def test_in_the_last_session_the_time_stop_is_named_before_price_rules() -> None:
    last = Check(name="hold: time-stop", observed=5.0, threshold=5.0, passed=True, why="session 5 of 5: soon")
    found = holding()
    checks = tuple(last if check.name == last.name else check for check in found.checks)
    assert kept(replace(found, checks=checks)).startswith("session 5 of 5: soon; two closed bars")
    assert kept(found).startswith("two closed bars")


def test_what_is_only_told_has_no_bound_and_never_refuses() -> None:
    for found in (buying(), calm(), holding()):
        for check in found.checks:
            if told(check):
                assert check.passed
                assert line(check) == f"{label(check)}: {check.why}"
                assert (check.name, limit(check)) == (check.name, "-")
    answers = {row[0]: row[3] for row in table(buying())}
    assert answers["engine: risk"] == "told"
    assert answers["signal: VIX RSI"] == "no"


def test_strikes_that_cannot_arm_come_before_the_inflation_that_is_missing() -> None:
    spike = decision(valued=exposure(inflation=0.16, ceiling=0.20))
    assert spike.summary.startswith("No order (watch): from this prior close (VIX 16.00) these strikes can reach 20%")
    reachable = decision(valued=exposure(inflation=0.16, ceiling=0.45))
    assert reachable.summary == "No order (watch): the short puts' vega is inflated by 16% only."


def test_the_smaller_of_the_two_numbers_behind_the_vega_delta_is_named() -> None:
    both = exposure(vega30_baseline_usd=-2000.0, vega30_usd=-1500.0, inflation=0.5, vega_delta_usd=1000.0)
    assert "vega delta $1,000, the smaller of $2,000 x 50.0% = $1,000 and $1,500 now" in explain(decision(valued=both))
    other = replace(both, vega_delta_usd=700.0)
    assert "the smaller of" not in explain(decision(valued=other))


def test_missing_numbers_are_said_to_be_unknown() -> None:
    blank = exposure(theta_usd=None, vega_usd=None, vega30_usd=None, delta_usd=None, inflation=None)
    text = explain(decision(valued=blank))
    assert "against the prior close unknown" in text
    assert "Theta unknown a day" in text


def test_a_decision_without_exposure_or_refusals_still_explains_itself() -> None:
    found = buying()
    bare = replace(found, exposure=None, checks=tuple(check for check in found.checks if check.passed))
    text = explain(bare)
    assert "Book:" not in text
    assert "Against opening:" not in text
    assert AGREED not in explain(replace(found, checks=()), everything=True)


def test_orders_taken_back_are_named() -> None:
    buy = order(VXM, Side.BUY, 2, ref="buy-7")
    assert "Take back: buy-7" in explain(decision(lot(), valued=exposure(condors=0), working=(buy,)))


def test_the_table_has_a_row_per_check() -> None:
    found = buying()
    rows = table(found)
    assert len(rows) == len(found.checks)
    assert rows[0] == ("data: session", "09:40 New York", "session", "yes", "session is open")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        ("yes", "yes"),
        (1234.5678, "1,235"),
        (-10340.0, "-10,340"),
        (1.468e7, "14,680,000"),
        (0.0512, "0.0512"),
        (0.0, "0"),
        (0.00001, "0.000010"),
    ],
)
def test_values_are_shown_as_a_trader_reads_them(value: float | str | None, text: str) -> None:
    assert show(value) == text


def test_a_quiet_day_names_the_first_thing_that_is_missing() -> None:
    assert calm().summary == "No order (watch): SPX has not fallen enough."


def test_broken_data_is_named_before_the_market() -> None:
    found = decision(view=replace(spike_view(10), feed_ok=False))
    assert found.summary == "No order (watch): link or data farm is down: no opening."


def episode(**changes: Any) -> Episode:
    return builders.episode(**(dict(peak=19.0, target_minis=15, peak_position_minis=3, tranche_goal_minis=3) | changes))


def test_a_holding_says_why_the_next_tranche_waits() -> None:
    waiting = holding().summary
    assert waiting.startswith("No order (tranche-1): nothing is sold, two closed bars since the rise are needed")
    assert "stop" not in waiting  # the nearest exit alone
    assert waiting.endswith("; nothing is bought, VX 18.50 is not above the last purchase at 18.60.")


def test_a_holding_says_when_the_next_tranche_does_not_earn_its_capital() -> None:
    dear = Check(name="hurdle: saving", observed=2.1, threshold=3.0, passed=False, why="hurdle_failed: too dear")
    found = replace(buying(), proposals=(), phase_after=Phase.T1, checks=(dear,))
    assert summarise(found) == "No order (watch to tranche-1): hurdle_failed: too dear."


def test_an_unwind_says_that_it_waits() -> None:
    known = memory(episode=episode(selling=True, stages_done=1), phase=Phase.UNWIND)
    found = decision(lot(quantity=2), memory=known, view=spike_view(30))
    assert found.summary == "No order (unwinding): the rest of the hedge waits for its next stage."


def test_the_end_of_a_spike_is_said() -> None:
    found = decision(memory=memory(episode=episode(), phase=Phase.UNWIND))
    assert found.summary == "No order (unwinding to flat): the hedge is off, the spike is over."


def test_nothing_against_and_nothing_to_do_is_said_too() -> None:
    found = replace(buying(), proposals=(), checks=())
    assert summarise(found) == "No order (watch to tranche-1): nothing calls for an order."


@pytest.mark.parametrize(
    ("name", "observed", "threshold", "passed", "text"),
    [
        ("filter: VX confirms", 3.2, 1.791, True, "filter: VX confirms: so (3.20 points; at least 1.79 points)"),
        ("hold: excess", 4.0, 11.0, True, "hold: no more than the book needs: so (4 minis; at most 11 minis)"),
        ("hold: overnight", None, None, True, "hold: through the night: so"),
        ("book: net vega", -10340.0, 0.0, True, "book: net vega: so (-$10,340; below $0)"),
        ("account: excess liquidity", None, 62500.0, False, "account: excess liquidity: so (needs at least $62,500)"),
        ("tranche overnight: margin", 3e5, 2e5, True, "tranche overnight: margin: so ($300,000; at least $200,000)"),
        ("overnight: cost, tranche 1", 20.04, 689.7, True, "overnight: cost, tranche 1: so ($20; at most $690)"),
        ("new: rule", 12345.6, 0.5, True, "new: rule: so (12,346; 0.5)"),
    ],
)
def test_a_check_is_one_line_with_units_and_the_side_of_its_limit(
    name: str, observed: float | None, threshold: float | None, passed: bool, text: str
) -> None:
    assert line(Check(name=name, observed=observed, threshold=threshold, passed=passed, why="so")) == text


def test_no_number_of_a_decision_is_written_with_an_exponent() -> None:
    text = explain(buying())
    assert re.search(r"\de[+-]\d", text) is None


def test_what_is_no_condor_is_listed_and_a_missing_baseline_is_left_out() -> None:
    beside = tuple(
        Leftover(con_ids=(n,), label=f"put spread {n}", quantity=2, why="no call side", hedged=n == 1)
        for n in range(1, SHOWN + 3)
    )
    valued = exposure(leftovers=beside, vega30_baseline_usd=None)
    text = explain(replace(buying(), exposure=valued))
    assert "Beside the condors: 2 put spread 1, no call side; 2 put spread 2, no call side, not hedged" in text
    assert text.count("put spread") == SHOWN
    assert "; and 2 more" in text
    assert "Prior close:" not in text
    assert (
        "more" not in explain(replace(buying(), exposure=replace(valued, leftovers=beside[:SHOWN]))).split("Hedge")[0]
    )


def test_the_share_that_vix_can_address_is_told() -> None:
    share = HedgeableShare(share=0.46, deviation_usd=5200.0, vega_part=0.3, delta_part=0.5, rest_part=0.2)
    text = explain(replace(buying(), exposure=exposure(hedgeable_share=share)))
    assert "$5,200; a VIX hedge can address 46% of its variance (vega 30%, delta 50%, rest 20%)" in text


def test_a_book_that_breaks_even_on_one_side_only_shows_no_band() -> None:
    assert "break-evens" not in explain(replace(buying(), exposure=exposure(lower_break_even=2585.0)))


def test_where_nothing_is_held_nobody_asks_what_speaks_against_holding() -> None:
    quiet = spike_view(380, vx=16.1, vix=16.0, spx=2760.0)
    late = decision(valued=exposure(inflation=0.02), view=replace(quiet, vix9d=replace(quiet.vix9d, last=15.0)))
    assert any(check.name.startswith("overnight: ") and not check.passed for check in late.checks)
    assert "gainst holding" not in explain(late)
    assert "  overnight: " not in explain(late)
    assert "Nothing is held; what would speak against holding:" in explain(late, everything=True)
