"""What can be wrong with market data, history, lists, contracts and clocks; seen by a raw client."""

from __future__ import annotations

from typing import Any

import pytest

from bot.gateway.errors import FaultError
from bot.gateway.messages import outbound
from tests.gateway.fakes_gateway import PUT, SPX, VX_APRIL, VX_MARCH
from tests.gateway.faults.stage_faults import Stage, codes, ended, heard, ids
from tests.gateway.raw_gateway import Raw

HISTORY = ["20", "40", str(VX_MARCH.con_id), "", "FUT", "", "0", "", "", "CFE", "", "", "", "", "0"]
HISTORY += ["", "5 mins", "3600 S", "1", "TRADES", "2", "0", ""]


def market_data(request_id: int, con_id: int = VX_MARCH.con_id, *, snapshot: bool = False) -> list[str]:
    kind, place = {SPX.con_id: ("IND", "CBOE"), PUT.con_id: ("OPT", "SMART")}.get(con_id, ("FUT", "CFE"))
    contract = [str(con_id), "", kind, "", "0", "", "", place, "", "", "", ""]
    return ["1", "11", str(request_id), *contract, "0", "", "1" if snapshot else "0", "0", ""]


def details(request_id: int, con_id: int = VX_MARCH.con_id) -> list[str]:
    return ["9", "8", str(request_id), str(con_id), "", "FUT", "", "0", "", "", "CFE", *[""] * 4, "0", "", "", ""]


def ticks(frames: list[list[str]], request_id: int) -> dict[int, str]:
    """Return the last price of each tick number of one line."""
    return {int(fields[3]): fields[4] for fields in frames if fields[0] == "1" and fields[2] == str(request_id)}


async def watching(stage: Stage, *con_ids: int) -> Raw:
    raw = await stage.connect()
    for number, con_id in enumerate(con_ids or (VX_MARCH.con_id,), start=30):
        raw.write(*market_data(number, con_id))
    await heard(raw)
    return raw


async def test_of_ticks_that_a_rule_strikes_the_log_tells_the_first(stage: Stage) -> None:
    raw = await watching(stage)
    stage.inject("frame", act="drop", messages=["tickPrice", "tickString"])
    stage.after(600.0)
    assert not {"1", "46"} & set(ids(await heard(raw)))
    assert [note.frame for note in stage.gateway.fault_log] == ["tickPrice", "tickString"]


# ---- F7, F8: frozen


@pytest.mark.parametrize(("snapshots", "bid"), [("none", None), ("old", "15"), ("true", "15.25")])
async def test_f7_ticks_stop_without_a_word_and_snapshots_say_nothing_old_or_true(
    stage: Stage, snapshots: str, bid: str | None
) -> None:
    raw = await watching(stage)
    stage.inject("frozen", lasts_s=600.0, snapshots=snapshots)
    stage.after(300.0)
    assert await heard(raw) == []
    raw.write(*market_data(50, snapshot=True))
    frames = await heard(raw)
    assert ticks(frames, 50).get(1) == bid
    assert "57" in ids(frames)
    stage.after(300.0)
    assert ticks(await heard(raw), 30)[1] == "15.5"


async def test_a_freeze_is_about_the_contracts_it_names(stage: Stage) -> None:
    raw = await watching(stage, VX_MARCH.con_id, VX_APRIL.con_id)
    stage.inject("frozen", contracts=["VXH8"])
    stage.after(60.0)
    frames = await heard(raw)
    assert ticks(frames, 30) == {}
    assert ticks(frames, 31)[1] == "15.05"


async def test_a_freeze_stops_every_kind_of_stream(stage: Stage) -> None:
    raw = await watching(stage, VX_APRIL.con_id)
    raw.write(
        "50", "3", "60", str(VX_MARCH.con_id), "", "FUT", "", "0", "", "", "CFE", *[""] * 4, "5", "TRADES", "0", ""
    )
    raw.write(*[*HISTORY[:16], *HISTORY[16:21], "1", ""])
    await heard(raw)
    stage.after(60.0)
    assert {"50", "90", "1"} <= set(ids(await heard(raw)))
    stage.inject("frozen")
    stage.after(60.0)
    assert await heard(raw) == []


async def test_f7_a_broken_farm_says_so_freezes_and_is_good_again(stage: Stage) -> None:
    raw = await watching(stage)
    stage.inject("farm-broken", farms=["data", "history", "secdef"], lasts_s=60.0)
    assert codes(await heard(raw)) == [2103, 2105, 2157]
    raw.write(*HISTORY)
    raw.write(*details(41))
    assert codes(await heard(raw)) == [162, 200]
    stage.after(59.0)
    assert ids(await heard(raw)) == []
    stage.after(1.0)
    frames = await heard(raw)
    assert codes(frames) == [2104, 2106, 2158]
    assert 1 in ticks(frames, 30)


async def test_f7_who_connects_while_a_farm_is_broken_is_told_so(stage: Stage) -> None:
    stage.inject("farm-broken", farms=["data"], lasts_s=60.0)
    assert codes((await stage.connect()).welcome) == [2103, 2106, 2158]
    stage.after(60.0)
    assert codes((await stage.connect(client_id=8)).welcome) == [2104, 2106, 2158]


async def test_f7_a_farm_may_be_said_to_be_good_while_ticks_stay_dead(stage: Stage) -> None:
    raw = await watching(stage)
    stage.inject("farm-broken", lasts_s=3600.0, good_after_s=3.0)
    stage.after(3.0)
    assert codes(await heard(raw)) == [2103, 2104]
    stage.after(3000.0)
    assert await heard(raw) == []
    stage.after(600.0)
    frames = await heard(raw)
    assert codes(frames) == []
    assert 1 in ticks(frames, 30)


async def test_f8_another_session_takes_the_data(stage: Stage) -> None:
    raw = await watching(stage)
    stage.inject("competing-session", lasts_s=60.0)
    (said,) = await heard(raw)
    assert said[2:4] == ["30", "10197"]
    raw.write(*market_data(31, VX_APRIL.con_id))
    frames = await heard(raw)
    assert [fields[2:4] for fields in frames if fields[0] == "4"] == [["31", "10197"]]
    assert ticks(frames, 31) == {}
    stage.after(60.0)
    assert 1 in ticks(await heard(raw), 31)


async def test_f8_it_may_be_said_again_and_again(stage: Stage) -> None:
    raw = await watching(stage)
    stage.inject("competing-session", lasts_s=60.0, repeat_s=20.0)
    stage.after(59.0)
    assert codes(await heard(raw)) == [10197] * 3


# ---- F9: permissions


@pytest.mark.parametrize("code", [354, 10089, 10168, 10186])
async def test_f9_data_is_refused_for_some_contracts_also_on_lines_that_stand(stage: Stage, code: int) -> None:
    raw = await watching(stage)
    stage.inject("no-subscription", contracts=["VX"], code=code)
    (said,) = await heard(raw)
    assert said[2:4] == ["30", str(code)]
    stage.after(60.0)
    assert await heard(raw) == []
    raw.write(*market_data(31, VX_APRIL.con_id))
    raw.write(*market_data(32, SPX.con_id))
    frames = await heard(raw)
    assert codes(frames) == [code]
    assert (ticks(frames, 31), 4 in ticks(frames, 32)) == ({}, True)


@pytest.mark.parametrize("code", [10167, 10090])
async def test_f9_live_data_turns_into_delayed_data_and_back(stage: Stage, code: int) -> None:
    raw = await watching(stage)
    stage.inject("delayed", lasts_s=60.0, code=code)
    stage.after(30.0)
    frames = await heard(raw)
    assert codes(frames) == [code]
    assert [fields[3] for fields in frames if fields[0] == "58"] == ["3"]
    assert set(ticks(frames, 30)) == {66, 67, 68}
    raw.write(*market_data(31, VX_APRIL.con_id))
    frames = await heard(raw)
    assert codes(frames) == [code]
    assert [fields[3] for fields in frames if fields[0] == "58"] == ["3"]
    stage.after(30.0)
    frames = await heard(raw)
    assert [fields[3] for fields in frames if fields[0] == "58"] == ["1", "1"]
    assert {1, 2, 4} <= set(ticks(frames, 30))


# ---- F25: false data


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        ({"fields": ["bid"], "value": -1.0}, {1: "-1", 2: "15.05"}),
        ({"fields": ["last"], "value": 0.0}, {1: "15", 4: "0"}),
        ({"fields": ["bid"], "factor": 1.1}, {1: "16.5", 2: "15.05"}),
        ({"fields": ["ask"], "value": 1.7976931348623157e308}, {2: "1.7976931348623157E308"}),
        ({"fields": ["ask"], "value": float("nan")}, {2: "nan"}),
    ],
)
async def test_f25_prices_are_false_at_once_also_in_snapshots_and_true_afterwards(
    stage: Stage, values: dict[str, Any], seen: dict[int, str]
) -> None:
    raw = await watching(stage)
    stage.inject("bad-data", lasts_s=20.0, **values)
    raw.write(*market_data(50, snapshot=True))
    frames = await heard(raw)
    assert seen.items() <= ticks(frames, 50).items()
    stage.after(5.0)
    assert seen.items() <= ticks(await heard(raw), 30).items()
    stage.after(15.0)
    assert {1: "15", 2: "15.05", 4: "15"}.items() <= ticks(await heard(raw), 30).items()


async def test_f25_sizes_are_zero(stage: Stage) -> None:
    raw = await watching(stage)
    stage.inject("bad-data", fields=["bid_size"], value=0.0)
    stage.after(5.0)
    sizes = {fields[3]: fields[5] for fields in await heard(raw) if fields[0] == "1"}
    assert (sizes["1"], sizes["2"]) == ("0", "40")


async def test_f25_greeks_are_not_computed(stage: Stage) -> None:
    raw = await watching(stage, PUT.con_id)
    stage.inject("bad-data", fields=["vega"], value=-2.0, contracts=["SPXW"])
    stage.after(5.0)
    models = [
        outbound.OPTION_COMPUTATION.parse(fields, 176)
        for fields in await heard(raw)
        if fields[:3] == ["21", "30", "13"]
    ]
    assert [model["vega"] for model in models] == [-2.0]
    assert models[0]["delta"] == -0.2


async def test_bad_data_must_say_what_is_false(stage: Stage) -> None:
    with pytest.raises(FaultError, match="fields is missing; add it"):
        stage.inject("bad-data")
    with pytest.raises(FaultError, match="fields names none; expected some of bid, ask"):
        stage.inject("bad-data", fields=[])


async def test_f25_a_halt_is_tick_49_without_quotes_and_matches_nothing(stage: Stage) -> None:
    raw = await watching(stage)
    stage.place(raw, 5)
    await heard(raw)
    stage.inject("halted", contracts=["VX"], reason=2, lasts_s=60.0)
    stage.place(raw, 6, orderType="MKT", lmtPrice=None)
    stage.exchange.fill_next = 3.0
    stage.after(30.0)
    frames = await heard(raw)
    assert {fields[4] for fields in frames if fields[0] == "45" and fields[3] == "49"} == {"2"}
    assert ticks(frames, 30)[1] == ticks(frames, 30)[2] == "-1"
    assert "11" not in ids(frames)
    stage.after(35.0)
    frames = await heard(raw)
    assert [fields[4] for fields in frames if fields[0] == "45" and fields[3] == "49"][-1] == "0"
    assert "11" in ids(frames)
    assert ticks(frames, 30)[1].startswith("15")


@pytest.mark.parametrize(("way", "seen"), [("up", {1: "11", 2: "-1", 4: "11"}), ("down", {1: "-1", 2: "9", 4: "9"})])
async def test_f25_a_limit_state_has_one_side(stage: Stage, way: str, seen: dict[int, str]) -> None:
    raw = await watching(stage)
    quote = stage.market.quote(VX_MARCH.con_id)
    from dataclasses import replace

    stage.market.quotes[VX_MARCH.con_id] = replace(quote, close=10.0)
    stage.inject("limit-state", way=way)
    stage.after(5.0)
    assert seen.items() <= ticks(await heard(raw), 30).items()


# ---- F10, F11: limits on what may be asked


@pytest.mark.parametrize("code", [162, 366, 321])
async def test_f10_history_is_refused(stage: Stage, code: int) -> None:
    raw = await stage.connect()
    stage.inject("pacing", code=code, times=1)
    raw.write(*HISTORY)
    (said,) = await heard(raw)
    assert said[2:4] == ["40", str(code)]
    raw.write(*HISTORY)
    assert ids(await heard(raw)) == ["17"]


async def test_f10_history_is_not_answered(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("pacing", code=0)
    raw.write(*HISTORY)
    assert await heard(raw) == []


async def test_f10_history_has_a_budget(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("history-budget", limit=3, window_s=100.0, same_s=15.0)
    raw.write(*HISTORY)
    raw.write(*[*HISTORY[:1], "41", *HISTORY[2:]])
    assert ids(await heard(raw)) == ["17", "4"]  # the same one again
    stage.after(15.0)
    raw.write(*HISTORY)
    assert ids(await heard(raw)) == ["17"]
    stage.after(15.0)
    raw.write(*HISTORY)
    assert codes(await heard(raw)) == [162]  # the fourth
    stage.after(100.0)
    raw.write(*HISTORY)
    assert ids(await heard(raw)) == ["17"]


@pytest.mark.parametrize(
    ("how", "count", "closes"),
    [("short", 7, None), ("gap", 7, None), ("twice", 24, None), ("zero", 12, [0.0] * 5), ("empty", 0, None)],
)
async def test_history_is_not_whole_or_not_true(stage: Stage, how: str, count: int, closes: list[float] | None) -> None:
    raw = await stage.connect()
    stage.inject("history", how=how, bars=5)
    raw.write(*HISTORY)
    (frame,) = await heard(raw)
    if how == "empty":
        assert frame[2:4] == ["40", "162"]
        return
    bars = outbound.HISTORY.parse(frame, 176)["bars"]
    assert len(bars) == count
    if closes is not None:
        assert [bar["close"] for bar in bars[-5:]] == closes


async def test_f11_too_many_messages_in_a_second_are_lost_with_100_and_end_the_connection(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("rate-limit", limit=3, close_after=3)
    for _ in range(5):
        raw.write("49", "1")
    frames = await heard(raw)
    assert ids(frames) == ["49"] * 3 + ["4"] * 2
    assert codes(frames) == [100] * 2
    stage.after(1.0)
    for _ in range(4):
        raw.write("49", "1")
    assert ids(await heard_until_the_end(raw)) == ["49"] * 3 + ["4"]
    assert await ended(raw) == "closed"


async def heard_until_the_end(raw: Raw) -> list[list[str]]:
    frames = []
    try:
        while True:
            frames.append(await raw.next())
    except ConnectionError:
        return frames


# ---- F24: lists


@pytest.mark.parametrize(("how", "seen"), [("missing", []), ("zero", ["0"]), ("negative", ["2"]), ("stale", ["-2"])])
async def test_f24_positions_are_missing_zero_negative_or_old(stage: Stage, how: str, seen: list[str]) -> None:
    raw = await stage.connect()
    stage.inject("positions", how=how, contracts=["SPXW"])
    if how == "stale":
        stage.exchange.held[PUT.con_id] = -7.0
    raw.write("61", "1")
    frames = await heard(raw)
    assert [fields[14] for fields in frames if fields[0] == "61"] == seen
    assert "62" in ids(frames)


async def test_f24_a_push_after_a_fill_is_not_a_list(stage: Stage) -> None:
    raw = await stage.connect()
    raw.write("61", "1")
    await heard(raw)
    stage.inject("positions")
    stage.place(raw)
    await heard(raw)
    stage.exchange.fill_next = 3.0
    stage.after(5.0)
    assert "61" in ids(await heard(raw))


@pytest.mark.parametrize(("messages", "seen"), [(["positionEnd"], ["61", "53"]), ([], ["61"])])
async def test_f24_lists_never_end(stage: Stage, messages: list[str], seen: list[str]) -> None:
    raw = await stage.connect()
    stage.inject("missing-ends", messages=messages)
    raw.write("61", "1")
    raw.write("5", "1")
    assert ids(await heard(raw)) == seen


# ---- F26: contracts


async def test_f26_a_contract_is_unknown_or_not_answered(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("contract", how="unknown", contracts=["VXH8"], times=1)
    raw.write(*details(41))
    assert [fields[2:4] for fields in await heard(raw)] == [["41", "200"]]
    stage.inject("contract", how="unanswered", times=1)
    raw.write(*details(42))
    assert await heard(raw) == []
    raw.write(*details(43))
    assert ids(await heard(raw)) == ["10", "52"]


@pytest.mark.parametrize(
    ("how", "name", "seen"),
    [
        ("ambiguous", "tradingClass", ["VX", "VX06"]),
        ("wrong-class", "tradingClass", ["VXW"]),
        ("wrong-multiplier", "multiplier", ["100"]),
        ("wrong-expiry", "realExpiry", ["20180322"]),
    ],
)
async def test_f26_a_contract_is_two_or_another(stage: Stage, how: str, name: str, seen: list[str]) -> None:
    raw = await stage.connect()
    stage.inject("contract", how=how)
    raw.write(*details(41))
    found = [outbound.CONTRACT_DETAILS.parse(fields, 176) for fields in await heard(raw) if fields[0] == "10"]
    assert [each[name] for each in found] == seen
    assert len({each["conId"] for each in found}) == len(seen)


# ---- F22, F27: oddities


@pytest.mark.parametrize("what", ["handshake", "unknown-id", "short", "bad-utf8", "no-fields", "many"])
async def test_f22_an_odd_frame_comes_and_the_conversation_goes_on(stage: Stage, what: str) -> None:
    raw = await stage.connect()
    stage.inject("odd-frame", what=what, repeat_s=10.0, lasts_s=15.0)
    stage.after(30.0)
    raw.write("49", "1")
    frames = await heard(raw)
    assert len(frames) == (1001 if what == "many" else 3)
    assert frames[-1][0] == "49"
    assert (
        frames[0][:1]
        == {
            "handshake": ["176"],
            "unknown-id": ["9999"],
            "short": ["3"],
            "bad-utf8": ["4"],
            "no-fields": [""],
            "many": ["4"],
        }[what]
    )


async def test_f27_the_clock_is_wrong_in_what_it_tells_and_in_executions(stage: Stage) -> None:
    raw = await stage.connect()
    raw.write("49", "1")
    (true,) = await heard(raw)
    stage.inject("clock-skew", skew_s=-3.0)
    raw.write("49", "1")
    (false,) = await heard(raw)
    assert int(false[2]) == int(true[2]) - 3
    stage.place(raw, orderType="MKT", lmtPrice=None)
    execution = next(fields for fields in await heard(raw) if fields[0] == "11")
    assert execution[15] == "20180205 09:29:57 US/Eastern"
