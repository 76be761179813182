"""`alvh whatif` reads small books, says what it assumes, and runs the real rules on them."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from builders import BAR, OPEN

from bot import cli
from bot.whatif.bars import Macd, last_closed, with_macd, with_rsi
from strategies.alvh import indicators

Output = pytest.CaptureFixture[str]
EXAMPLES = Path(__file__).resolve().parents[3] / "docs" / "examples"
SPIKE = ("--vix", "30", "--vx", "25", "--spx", "6450")
HELD = """
day = 2026-03-17
[account]
net_liquidation = 1_500_000
[prior]
spx = 6700.0
vix = 17.0
vx = [17.4, 18.3, 19.0]
[[condor]]
expires = 2026-04-10
quantity = 40
puts = [6250, 6300]
calls = [6950, 7000]
[[hedge]]
settles = 2026-04-15
quantity = 9
price = 21.0
"""


def asked(capsys: Output, *arguments: str) -> dict[str, Any]:
    assert cli.run(["whatif", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def example(name: str) -> tuple[str, str]:
    return "--book", str(EXAMPLES / name)


def refused(capsys: Output, *arguments: str) -> str:
    assert cli.run(["whatif", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    return told.err


def written(folder: Path, text: str, name: str = "book.toml") -> tuple[str, str]:
    path = folder / name
    path.write_text(text)
    return "--book", str(path)


def test_a_small_book_arms_and_gets_its_first_tranche_in_minis(capsys: Output) -> None:
    found = asked(capsys, *example("small.toml"), *SPIKE)
    assert found["arms"]
    assert (found["tranche"], found["minis_after"], found["target_minis"]) == (1, 2, 8)
    assert found["contracts"] == "2 VXM Apr26 at about 25.00"
    assert found["notional_usd"] == 2 * 100 * 25.0
    assert found["cost_usd"] == pytest.approx(2 * (0.005 * 100 + 0.55))  # half a tick and the fee of each


def test_the_vega_after_is_the_vega_before_plus_the_minis_at_their_beta(capsys: Output) -> None:
    found = asked(capsys, *example("small.toml"), *SPIKE)
    by_hand = 2 * 100 * 0.80 / (1 + 0.59 * 29 / 30.4)  # VX Apr26 settles 29 days later
    assert found["vega_after_usd"] - found["vega_before_usd"] == pytest.approx(by_hand, abs=1e-6)


def test_the_target_follows_from_the_exposure_by_the_formula_of_the_method(capsys: Output) -> None:
    found = asked(capsys, *example("small.toml"), *SPIKE)
    seen = {check["name"]: check["observed"] for check in found["checks"]}
    net_now = -seen["book: net vega"]
    by_hand = int(0.60 * net_now / (0.80 / (1 + 0.59 * 29 / 30.4) * 100))  # I is far over what net vega allows
    assert found["target_minis"] == by_hand


def test_the_text_begins_with_the_sentence_that_sums_it_up(capsys: Output) -> None:
    assert cli.run(["whatif", *example("small.toml"), *SPIKE]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:3] == ["", "Read as:"]
    assert "Assumed:" in lines
    assert lines[0].startswith("It arms and buys tranche 1: 2 minis as 2 VXM Apr26 at about 25.00 ($5,000 of VX")
    assert cli.run(["whatif", *example("small.toml"), *SPIKE, "--table"]) == 0
    assert "check " in capsys.readouterr().out


def test_a_quiet_market_and_a_lonely_bar_buy_nothing(capsys: Output) -> None:
    quiet = asked(capsys, *example("small.toml"), "--vix", "18", "--vx", "18.6", "--spx", "6680")
    assert not quiet["arms"]
    assert quiet["answer"].startswith("It does not arm and buys nothing")
    lonely = asked(capsys, *example("small.toml"), "--vix", "22", "--vx", "20", "--spx", "6530", "--no-persisted")
    assert lonely["answer"].startswith(
        "It does not arm and buys nothing: conditions stood on 0 closed bars in a row, 2 needed"
    )


def test_between_the_windows_it_only_watches(capsys: Output) -> None:
    found = asked(capsys, *example("small.toml"), *SPIKE, "--at", "12:30")
    assert found["arms"]
    assert found["tranche"] is None
    assert "between the windows" in found["answer"]


def test_a_medium_book_gets_a_larger_hedge(capsys: Output) -> None:
    found = asked(capsys, *example("medium.toml"), "--vix", "26", "--vx", "23", "--spx", "6530")
    assert found["minis_after"] == 9
    assert found["target_minis"] == 30  # the cap


def test_condors_of_today_and_tomorrow_are_not_hedged_with_vx(capsys: Output) -> None:
    found = asked(capsys, *example("zero-days.toml"), "--vix", "26", "--vx", "23", "--spx", "6600")
    assert not found["arms"]
    assert "VX is the wrong hedge for such condors" in found["answer"]


def test_the_promoter_buys_more_of_the_same_target_book(capsys: Output) -> None:
    assert asked(capsys, *example("small.toml"), *SPIKE, "--profile", "promoter")["target_minis"] == 10


def test_a_modelled_baseline_allows_the_first_tranche_only(capsys: Output) -> None:
    first = asked(capsys, *example("small.toml"), *SPIKE, "--baseline", "modelled")
    assert first["tranche"] == 1
    seen = {check["name"]: check for check in first["checks"]}
    assert seen["book: baseline"]["observed"] == "modelled"
    assert seen["tranche: number"]["threshold"] == 1.0


def test_a_second_tranche_needs_two_rising_bars_or_a_promoter(capsys: Output, tmp_path: Path) -> None:
    loose = tmp_path / "loose.toml"
    loose.write_text("[policy.economics]\nenabled = false\n")
    market = (*written(tmp_path, HELD), "--vix", "26", "--vx", "22.5", "--spx", "6520", "--config", str(loose))
    assert asked(capsys, *market, "--macd", "rising")["tranche"] == 2
    assert asked(capsys, *market, "--macd", "once")["tranche"] is None
    assert asked(capsys, *market, "--macd", "once", "--profile", "promoter")["tranche"] == 2


def test_a_falling_vx_takes_the_hedge_off_in_thirds(capsys: Output, tmp_path: Path) -> None:
    """From the peak of 25 the rise is 6.7; at 21 it has given back 60%: a third goes; at 20 75%: another."""
    market = (*written(tmp_path, HELD), "--vix", "20", "--spx", "6600", "--peak", "25")
    assert asked(capsys, *market, "--vx", "21")["minis_after"] == 6
    assert asked(capsys, *market, "--vx", "20")["minis_after"] == 3
    assert asked(capsys, *market, "--vx", "18.4")["minis_after"] == 0  # the loss stop of 2.1 points


def test_each_price_of_vx_is_named_with_its_month_and_the_traded_one_is_marked(capsys: Output, tmp_path: Path) -> None:
    found = asked(capsys, *written(tmp_path, HELD), "--vix", "24", "--vx", "22,21.5,20.9")
    assert found["read"][0] == (
        "VX: Mar26 22.00 (before 17.40; settles 18 Mar, 1 day, beta 0.785), "
        "Apr26 21.50 (before 18.30; settles 15 Apr, 29 days, beta 0.512, traded), "
        "May26 20.90 (before 19.00; settles 19 May, 63 days, beta 0.360); "
        "the first price is the nearest month that settles after 2026-03-17"
    )
    later = written(tmp_path, HELD.replace("2026-03-17", "2026-03-18"), "later.toml")
    found = asked(capsys, *later, "--vix", "24")
    assert found["read"][0].startswith("VX: Apr26")
    assert found["read"][0].endswith("after 2026-03-18; Mar26 settles today and is left out")


def test_the_volatility_of_each_leg_is_shown_before_and_now(capsys: Output) -> None:
    """By the formula of the guide: 31 days and 50 minutes lie between VIX (30 days) and VIX3M (93 days)."""
    line = asked(capsys, *example("small.toml"), *SPIKE)["read"][1]
    assert line.startswith("IV at the close before and now, 17Apr26: ")
    legs = dict(part.split(" ", 1) for part in line.partition(": ")[2].split(", "))
    assert list(legs) == ["P6200", "P6250", "C7000", "C7050"]
    vix, vix3m, days = 30.0, 19.3 + 0.64 * 13.0, 31.0 + 50.0 / 1440.0
    total = vix**2 * 30 + (vix3m**2 * 93 - vix**2 * 30) * (days - 30.0) / 63.0
    atm, years = math.sqrt(total / days) / 109.35, days / 365.0
    for name, told in legs.items():
        z = math.log(float(name[1:]) / (6450.0 * math.exp(0.04 * years))) / (atm * math.sqrt(years))
        by_hand = atm * math.sqrt(1.0 + 0.33 * (math.sqrt((z - 0.6) ** 2 + 0.49) - 0.92195 - 0.62 * z))
        assert told.split(" and ")[1] == f"{by_hand:.1%}"


def test_what_is_assumed_of_a_held_hedge_is_said_first(capsys: Output, tmp_path: Path) -> None:
    told = asked(capsys, *written(tmp_path, HELD), "--vix", "24", "--vx", "21.5", "--spx", "6560")["assumed"]
    assert told[0] == "the exits depend on these:"
    assert told[1] == "- the spike began from 18.30, the settlement of Apr26 before ([spike] base)"
    assert told[2].startswith("- VX stood highest at 21.50 since")
    assert told[3] == "- its target was the 9 minis held ([spike] target)"
    assert told[5].startswith("- the gauge is measured against the close of [prior]")
    assert told[6] == "- the hedge was bought today, 30 minutes ago: this is session 1 of the spike"
    assert "tranche 1 of a target of 9 ends at 2 minis, and 9 are held" in told[7]
    spike = HELD + "[spike]\nbase = 18.0\npeak = 25.0\ntarget = 30\ninverted = true\n"
    told = asked(capsys, *written(tmp_path, spike), "--vix", "24", "--vx", "21.5", "--spx", "6560")["assumed"]
    assert told[0] == "the exits depend on these:"
    assert told[1].startswith("- the gauge is measured against")
    assert told[2].startswith("- the hedge was bought today")


OVERNIGHT = """[spike]
base = 18.0
peak = 25.0
target = 30
since = 2026-03-16
"""
BEFORE = "[spike.prior]\nspx = 6780.0\nvix = 14.5\nvix9d = 13.0\nvix3m = 17.0\n"


def test_a_hedge_of_yesterday_keeps_the_surface_from_before_its_spike(capsys: Output, tmp_path: Path) -> None:
    market = ("--vix", "24", "--vx", "21.5", "--spx", "6560")
    today = asked(capsys, *written(tmp_path, HELD + OVERNIGHT.replace("since = 2026-03-16\n", "")), *market)
    plain = asked(capsys, *written(tmp_path, HELD + OVERNIGHT), *market)
    frozen = asked(capsys, *written(tmp_path, HELD + OVERNIGHT + BEFORE), *market)

    def seen(found: dict[str, Any], name: str) -> Any:
        return next(check["observed"] for check in found["checks"] if check["name"] == name)

    assert [seen(found, "hold: time-stop") for found in (today, plain, frozen)] == [1.0, 2.0, 2.0]
    assert seen(today, "gauge: inflation") == seen(plain, "gauge: inflation")
    assert seen(frozen, "gauge: inflation") > seen(plain, "gauge: inflation") + 0.1
    assert "- the hedge was bought on 2026-03-16: this is session 2 of the spike" in frozen["assumed"]
    assert any("gauge and vega delta are off" in row for row in plain["assumed"])
    assert not any("gauge" in row for row in frozen["assumed"])


def test_a_spike_that_cannot_have_begun_then_is_refused(capsys: Output, tmp_path: Path) -> None:
    def said(text: str) -> str:
        return refused(capsys, *written(tmp_path, HELD + text), "--vix", "24")

    assert "give the trading day of the first fill" in said(OVERNIGHT.replace("03-16", "03-15"))
    assert "give the trading day of the first fill" in said(OVERNIGHT.replace("03-16", "03-18"))
    assert "needs base too" in said(OVERNIGHT.replace("base = 18.0\n", ""))
    assert "give [spike] since" in said(OVERNIGHT.replace("since = 2026-03-16\n", "") + BEFORE)


def test_a_holding_is_told_first_why_it_is_not_sold_then_why_no_more_is_bought(capsys: Output, tmp_path: Path) -> None:
    found = asked(capsys, *written(tmp_path, HELD), "--vix", "22", "--vx", "20.4", "--spx", "6560", "--peak", "21.5")
    words = found["answer"]
    assert words.startswith("It keeps its 9 minis and sells nothing: no exit rule fires; ")
    assert "VX 20.40 is 1.50 above the stop at 18.90 (tranche 1 bought at 21.00)" in words
    assert "(base 18.30, highest 21.50): stage 1 begins at 50%, VX 19.90" in words
    assert words.index("stage 1") < words.index("VX 20.40 is 1.50 above") < words.index("It buys no more: ")


def test_a_rise_too_small_to_count_is_said_with_its_numbers(capsys: Output, tmp_path: Path) -> None:
    market = ("--vix", "18", "--vx", "19.1", "--spx", "6690", "--peak", "19.2")
    held = HELD.replace("price = 21.0", "price = 19.0")
    words = asked(capsys, *written(tmp_path, held), *market)["answer"]
    assert "a rise of 0.90 from the base 18.30 to 19.20 is under 1.00, too small to count: no stage sells" in words


def test_a_macd_that_falls_takes_the_second_third_at_once(capsys: Output, tmp_path: Path) -> None:
    market = (*written(tmp_path, HELD), "--vix", "20", "--spx", "6600", "--peak", "25", "--vx", "21")
    assert asked(capsys, *market)["minis_after"] == 6
    assert asked(capsys, *market, "--macd", "falling")["minis_after"] == 3


def test_a_sale_says_of_which_tranches_its_minis_are(capsys: Output, tmp_path: Path) -> None:
    """The dearer lots go first: of nine at 21 and five at 22, stage 1 keeps nine of fourteen."""
    second = HELD + "[[hedge]]\nsettles = 2026-04-15\nquantity = 5\ntranche = 2\nprice = 22.0\n"
    market = ("--vix", "20", "--spx", "6600", "--peak", "25")
    first = asked(capsys, *written(tmp_path, second), *market, "--vx", "21")
    assert first["answer"].startswith("It sells 5 VXM Apr26 at about 21.00 (5 of tranche 2) (stage 1: ")
    later = asked(capsys, *written(tmp_path, second), *market, "--vx", "20")
    assert later["answer"].startswith(
        "It sells 10 VXM Apr26 at about 20.00 (5 of tranche 2, 5 of tranche 1) (stage 2: "
    )
    one = asked(capsys, *written(tmp_path, HELD), *market, "--vx", "21")["answer"]
    assert one.startswith("It sells 3 VXM Apr26 at about 21.00 (stage 1: ")


def test_the_division_behind_the_target_is_shown_also_while_nothing_arms(capsys: Output) -> None:
    """Vega delta $764, 60% of it over the 51.2 dollars that a mini adds: 8.96."""
    market = (*example("small.toml"), "--vix", "24", "--vx", "21.5", "--spx", "6560")
    armed = asked(capsys, *market, "--breadth", "-0.7", "--rsi", "75")
    assert armed["read"][-1] == "target = floor(0.60 x 764 / 51.2) = 8 minis of Apr26"
    late = (*market, "--no-persisted", "--vx", "19")
    idle = asked(capsys, *late)
    assert idle["read"][-1].endswith(" = 8 minis of Apr26; what it would be if it armed")
    assert cli.run(["whatif", *late]) == 0
    told = capsys.readouterr().out
    assert "; no target while not armed; the first tranche would be 2 minis to reach 2 of 8 if it armed; watch" in told


def test_beside_one_doubt_of_the_filter_stand_the_others(capsys: Output) -> None:
    found = asked(capsys, *example("small.toml"), "--vix", "24", "--vx", "19", "--spx", "6560")
    assert (
        "VX does not believe it (also: VX moved +0.70 with VIX +7.00: does not confirm, +1.79 asked)"
        in (found["answer"])
    )


def test_months_back_in_order_after_an_inversion_take_all_of_it(capsys: Output, tmp_path: Path) -> None:
    market = ("--vix", "20", "--spx", "6600", "--peak", "25", "--vx", "20.5,21,21.5")
    spike = HELD + "[spike]\ninverted = true\n"
    assert asked(capsys, *written(tmp_path, spike), *market)["minis_after"] == 0
    assert asked(capsys, *written(tmp_path, HELD), *market)["minis_after"] == 6


def test_a_target_that_the_cap_cut_says_what_the_book_would_need(capsys: Output) -> None:
    found = asked(capsys, *example("medium.toml"), "--vix", "26", "--vx", "23", "--spx", "6530")
    size = next(check["why"] for check in found["checks"] if check["name"] == "tranche: size")
    assert re.fullmatch(r"9 minis to reach 9 of 30 \(the cap; the book would need \d\d\)", size)
    assert found["read"][-1].endswith("; the target in force is 30; the cap is 30")


def test_the_checks_that_passed_come_with_all(capsys: Output) -> None:
    assert cli.run(["whatif", *example("small.toml"), *SPIKE]) == 0
    short = capsys.readouterr().out
    assert "more checks (--all)" in short.splitlines()[-1]
    assert cli.run(["whatif", *example("small.toml"), *SPIKE, "--all"]) == 0
    full = capsys.readouterr().out
    assert "  data: SPX: " in full
    assert "  data: SPX: " not in short


def test_legs_in_csv_need_the_rest_on_the_command_line(capsys: Output, tmp_path: Path) -> None:
    rows = "expires,right,strike,quantity\n2026-04-17,P,6200,10\n2026-04-17,P,6250,-10\n"
    rows += "2026-04-17,C,7000,-10\n2026-04-17,C,7050,10\n"
    told = ("--day", "2026-03-17", "--spx-prev", "6700", "--vix-prev", "17", "--vix9d-prev", "15.9")
    more = ("--vix3m-prev", "19.3", "--vx-prev", "17.4,18.3,19", "--hv20", "12", "--nlv", "250000")
    found = asked(capsys, *written(tmp_path, rows, "legs.csv"), *told, *more, "--excess", "150000", *SPIKE)
    same = asked(capsys, *example("small.toml"), *SPIKE)
    assert found["answer"] == same["answer"]


def test_what_is_assumed_is_said(capsys: Output, tmp_path: Path) -> None:
    found = asked(capsys, *written(tmp_path, HELD), "--vix", "26")
    told = "; ".join(found["assumed"])
    for word in ("VIX9D", "VIX3M", "SPX at", "excess liquidity", "VX month", "15:10", "breadth", "RSI"):
        assert word in told, word


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "which VIX? give --vix 30"),
        (("--vix", "-1"), "--vix is -1: give a price above zero"),
        (("--vix", "nan"), "--vix is nan: give a price above zero"),
        (("--vix", "30", "--at", "17:00"), "the session runs from 09:30 to 16:00"),
        (("--vix", "30", "--at", "noon"), "write it as 15:10"),
        (("--vix", "30", "--day", "2026-03-15"), "which is no trading day"),
        (("--vix", "30", "--day", "17 March"), "write it as 2026-03-17"),
        (("--vix", "30", "--day", "2026-05-01"), "has settled: take it out of the book"),
        (("--vix", "30", "--vx", "25,24"), "give one, of the month the bot trades, or 3"),
        (("--vix", "30", "--vx", "x"), "--vx is 'x': give a price"),
        (("--vix", "30", "--vx-prev", "18"), "none has 12 to 50 days left"),
        (("--vix", "30", "--breadth", "-7"), "give a number from -1 to 1"),
        (("--vix", "30", "--macd", "up"), "choose rising, once, flat or falling"),
        (("--vix", "30", "--baseline", "x"), "choose stored or modelled"),
        (("--vix", "30", "--live"), "which book? give one of --book FILE"),
    ],
)
def test_a_wrong_word_gets_one_clear_line(capsys: Output, arguments: tuple[str, ...], words: str) -> None:
    assert words in refused(capsys, *example("small.toml"), *arguments)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("day = 2026-03-17\n", "holds no position: write a [[condor]]"),
        ("day = ", "is not valid TOML"),
        (f"a = {'[' * 20_000}", "is not valid TOML"),
        (f"a = {'9' * 5_000}", "is not valid TOML"),
        ("[[condor]]\nexpires = 2026-04-17\nputs = [1]\ncalls = [7000, 7050]\n", "condor[1].puts"),
        ("[[condor]]\nexpires = 2026-04-17\nputs = [6200, 6250]\n", "condor[1].calls is missing"),
        ("[[condor]]\nexpires = 2026-04-17\nputs = [7200, 7250]\ncalls = [7000, 7050]\n", "two put strikes below two"),
        ("[[condor]]\nstrike = 1\n", "is not a known name"),
        (HELD.replace("spx = 6700.0", ""), "the previous close of SPX is missing: give --spx-prev"),
        (HELD.replace("vx = [17.4, 18.3, 19.0]", ""), "the settlements of VX before are missing"),
        (HELD.replace("2026-04-15", "2026-04-16"), "the hedge settles on 2026-04-16"),
        (HELD.replace("2026-04-10", "2026-04-11"), "is no trading day"),
        (HELD.replace("day = 2026-03-17", ""), "which session? give --day"),
    ],
)
def test_a_wrong_file_gets_one_clear_line(capsys: Output, tmp_path: Path, text: str, words: str) -> None:
    assert words in refused(capsys, *written(tmp_path, text), "--vix", "30")


@pytest.mark.parametrize("text", ["expires,right,strike\n", "a,b\n1,2\n", "expires,right,strike,quantity,x\n"])
def test_a_csv_with_other_columns_is_told_which_it_needs(capsys: Output, tmp_path: Path, text: str) -> None:
    assert "its first line must be expires,right,strike,quantity" in refused(
        capsys, *written(tmp_path, text, "legs.csv"), "--vix", "30"
    )


def test_a_csv_with_an_endless_cell_is_told(capsys: Output, tmp_path: Path) -> None:
    text = f"expires,right,strike,quantity\n2026-04-17,P,{'9' * 200_000},-1\n"
    assert "is not valid CSV" in refused(capsys, *written(tmp_path, text, "legs.csv"), "--vix", "30")


def test_a_missing_file_is_named(capsys: Output, tmp_path: Path) -> None:
    assert "no such file" in refused(capsys, "--book", str(tmp_path / "none.toml"), "--vix", "30")
    assert "which book?" in refused(capsys, "--vix", "30")


@pytest.mark.parametrize("wanted", [5.0, 35.0, 50.0, 70.0, 78.0, 95.0])
def test_bars_have_the_rsi_that_was_told(wanted: float) -> None:
    end = last_closed(OPEN + BAR * 20, OPEN)
    values = indicators.rsi(with_rsi(30.0, wanted, 14, end), 14)
    assert values is not None
    assert float(values[-1]) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(("macd", "rises"), [(Macd.RISING, (True, True)), (Macd.ONCE, (False, True))])
def test_bars_have_the_macd_that_was_told(macd: Macd, rises: tuple[bool, bool]) -> None:
    found = indicators.macd(with_macd(25.0, macd, 500, OPEN), 12, 26, 9)
    assert found is not None
    older, middle, last = found.histogram
    assert (middle > older, last > middle) == rises
    assert last > 0.0
    assert found.line > found.signal
