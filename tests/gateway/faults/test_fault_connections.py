"""What happens to the line and to connections: lost lines, restarts, logins, ghosts, stalls."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.gateway.errors import FaultError
from tests.gateway.fakes_gateway import START, VX_MARCH
from tests.gateway.faults.stage_faults import Stage, codes, ended, heard, ids
from tests.gateway.raw_gateway import Raw

DATA = ["1", "11", "30", str(VX_MARCH.con_id), "", "FUT", "", "0", "", "", "CFE", "", "", "", "", "0", "", "0", "0", ""]


async def subscribed(stage: Stage) -> Raw:
    raw = await stage.connect()
    raw.write(*DATA)
    assert "1" in ids(await heard(raw))
    return raw


# ---- F1, F2, F4: the line


async def test_f1_a_lost_line_repeats_1100_stops_ticks_and_ends_in_1102(stage: Stage) -> None:
    raw = await subscribed(stage)
    stage.inject("line-lost", lasts_s=130.0, repeat_s=40.0)
    stage.after(125.0)
    frames = await heard(raw)
    assert set(ids(frames)) == {"4"}
    assert codes(frames) == [1100] * 4
    stage.after(10.0)
    frames = await heard(raw)
    assert codes(frames) == [1102]
    assert "1" in ids(frames)


async def test_f2_after_1101_there_are_no_ticks_until_they_are_asked_for_again(stage: Stage) -> None:
    raw = await subscribed(stage)
    stage.inject("line-lost", lasts_s=60.0, data_kept=False)
    stage.after(65.0)
    assert codes(await heard(raw))[-1] == 1101
    stage.after(600.0)
    assert await heard(raw) == []
    raw.write(*DATA)
    assert "1" in ids(await heard(raw))


async def test_ticks_may_stay_away_after_1102(stage: Stage) -> None:
    raw = await subscribed(stage)
    stage.inject("line-lost", lasts_s=60.0, ticks_back=False)
    stage.after(65.0)
    assert codes(await heard(raw))[-1] == 1102
    stage.after(600.0)
    assert await heard(raw) == []


@pytest.mark.parametrize("fills", ["late", "lost", "on-time"])
async def test_f4_a_fill_on_a_lost_line_is_told_late_or_never_but_listed_afterwards(stage: Stage, fills: str) -> None:
    raw = await stage.connect()
    stage.place(raw)
    await heard(raw)
    stage.inject("line-lost", lasts_s=60.0, fills=fills, late_s=5.0)
    stage.exchange.fill_next = 3.0
    stage.after(30.0)
    assert ("11" in ids(await heard(raw))) is (fills == "on-time")
    raw.write("7", "3", "9", "0", "", "", "", "", "", "")
    assert ("11" in ids(await heard(raw))) is (fills == "on-time")
    stage.after(34.0)
    assert "11" not in ids(await heard(raw))
    stage.after(2.0)
    assert ("11" in ids(await heard(raw))) is (fills == "late")
    raw.write("7", "3", "9", "0", "", "", "", "", "", "")
    assert "11" in ids(await heard(raw))


@pytest.mark.parametrize(("requests", "placed"), [("held", [0, 1]), ("lost", [0, 0]), ("served", [1, 1])])
async def test_an_order_on_a_lost_line_goes_out_late_or_never_or_at_once(
    stage: Stage, requests: str, placed: list[int]
) -> None:
    raw = await stage.connect()
    stage.inject("line-lost", lasts_s=60.0, requests=requests)
    stage.place(raw)
    await heard(raw)
    assert len(stage.exchange.requests) == placed[0]
    stage.after(60.0)
    assert len(stage.exchange.requests) == placed[1]
    assert ("3" in ids(await heard(raw))) is bool(placed[1])


# ---- F3, F5, F6: ends and restarts


async def test_f3_a_port_reset_is_1300_and_the_end(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("port-reset", port=7496)
    frame = await raw.next()
    assert frame[3] == "1300"
    assert frame[4].endswith("7496")
    assert await ended(raw) == "closed"


@pytest.mark.parametrize(("how", "seen"), [("reset", "reset"), ("close", "closed")])
async def test_a_hang_up_ends_the_connection_and_leaves_the_port_open(stage: Stage, how: str, seen: str) -> None:
    raw = await stage.connect()
    stage.inject("hang-up", how=how)
    assert await ended(raw) == seen
    assert not await stage.refused()


async def test_f5_a_restart_resets_refuses_and_comes_back_on_the_same_port(stage: Stage) -> None:
    raw = await stage.connect()
    stage.place(raw, 41)
    await heard(raw)
    stage.inject("restart", at="+10", lasts_s=35.0, ids_back=3)
    stage.after(10.0)
    assert await ended(raw) == "reset"
    assert await stage.refused()
    stage.after(34.0)
    assert await stage.refused()
    stage.after(1.0)
    again = await stage.connect()
    assert again.welcome[1] == ["9", "1", "39"]
    again.write("5", "1")
    assert ids(await heard(again)) == ["5", "3", "53"]


async def test_f5_the_port_is_open_in_the_very_step_that_opens_it(stage: Stage) -> None:
    stage.inject("restart", lasts_s=30.0)
    assert await stage.refused()
    stage.after(30.0)
    assert not await stage.refused()
    stage.inject("restart", lasts_s=30.0)
    stage.after(29.0)
    assert await stage.refused()


@pytest.mark.parametrize(("vanish", "placed"), [("requests", 0), ("answers", 1)])
async def test_f5_what_was_sent_in_the_last_second_has_vanished_with_its_answer(
    stage: Stage, vanish: str, placed: int
) -> None:
    raw = await stage.connect()
    stage.inject("restart", vanish=vanish, vanish_s=1.0, lasts_s=35.0)
    stage.place(raw)
    assert await heard(raw) == []
    assert len(stage.exchange.requests) == placed
    stage.after(1.0)
    assert await ended(raw) == "reset"


async def test_a_restart_must_last_longer_than_its_last_moments(stage: Stage) -> None:
    with pytest.raises(FaultError, match="vanish_s is 40; expected less than lasts_s, 35"):
        stage.inject("restart", vanish="requests", vanish_s=40.0)


async def test_a_daily_restart_comes_back_every_day(stage: Stage) -> None:
    stage.inject("restart", at="23:45", daily=True)
    stage.after(86_400 * 2.5)
    assert [note.at.hour for note in stage.gateway.fault_log if "restarts" in note.what] == [4, 4]


async def test_two_faults_that_shut_the_door_open_it_when_both_are_over(stage: Stage) -> None:
    stage.inject("restart", lasts_s=30.0)
    stage.inject("login-wanted", lasts_s=60.0)
    stage.after(45.0)
    assert await stage.refused()
    stage.after(15.0)
    assert not await stage.refused()


async def test_f6_a_gateway_that_waits_for_a_login_refuses_or_accepts_in_silence(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("login-wanted", how="silent", lasts_s=600.0)
    assert await ended(raw) == "reset"
    with pytest.raises(TimeoutError):
        await silent_handshake(stage)
    stage.after(600.0)
    assert (await stage.connect()).welcome
    stage.inject("login-wanted", how="refuses", lasts_s=600.0)
    assert await stage.refused()


async def silent_handshake(stage: Stage) -> None:
    import asyncio

    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    writer.write(b"API\0\0\0\0\tv157..176")
    try:
        assert await asyncio.wait_for(reader.read(1), 0.1) == b"x"
    finally:
        writer.close()


# ---- F20, F21: ids


async def test_f20_ids_are_rolled_back_and_told(stage: Stage) -> None:
    raw = await stage.connect()
    stage.place(raw, 41)
    await heard(raw)
    stage.inject("ids-back", by=10, told=True)
    assert await raw.next() == ["9", "1", "32"]


async def test_f21_a_ghost_holds_the_client_id_for_some_attempts(stage: Stage) -> None:
    stage.inject("id-in-use", id=7, times=2)
    for _ in range(2):
        raw = await stage.connect(None)
        raw.write("71", "2", "7", "")
        assert codes([await raw.next()]) == [326]
        assert await ended(raw) == "closed"
    assert (await stage.connect(8)).welcome
    assert (await stage.connect(7)).welcome


# ---- F23: slow and half-open


async def test_f23_a_half_open_connection_stays_dead_and_a_new_one_lives(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("half-open", lasts_s=10.0)
    stage.after(600.0)
    raw.write("49", "1")
    assert await heard(raw) == []
    assert await ended(raw) == "open"
    again = await stage.connect(2)
    again.write("49", "1")
    assert ids(await heard(again)) == ["49"]


@pytest.mark.parametrize("what", ["answers", "requests", "socket"])
async def test_f23_a_stalled_gateway_goes_on_where_it_stopped(stage: Stage, what: str) -> None:
    raw = await stage.connect()
    stage.inject("stall", what=what, lasts_s=30.0)
    stage.place(raw)
    assert await heard(raw) == []
    assert len(stage.exchange.requests) == (what == "answers")
    stage.after(30.0)
    assert ids(await heard(raw)) == ["5", "3"]


async def test_f23_latency_keeps_the_order_of_frames(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("latency", delay_s=2.0, jitter_s=3.0)
    for order_id in range(5, 15):
        stage.place(raw, order_id)
    assert await heard(raw) == []
    stage.after(2.0)
    assert len(await heard(raw)) < 20
    stage.after(4.0)
    raw.write("16", "1")
    stage.after(60.0)
    statuses = [fields[1] for fields in await heard(raw) if fields[0] == "3"]
    assert statuses[-10:] == [str(order_id) for order_id in range(5, 15)]


async def test_a_time_of_day_is_new_yorks(stage: Stage) -> None:
    assert (START.hour, START.minute) == (14, 30)  # 09:30 in New York
    stage.inject("port-reset", at="09:31:30")
    stage.after(600.0)
    assert stage.gateway.fault_log == []  # nobody was connected
    await stage.connect()
    stage.inject("port-reset", at="09:45")
    stage.gateway.advance(START + timedelta(minutes=20))
    assert stage.gateway.fault_log[0].at == START + timedelta(minutes=15)


async def test_what_is_due_between_two_ticks_happens_at_its_own_time(stage: Stage) -> None:
    await stage.connect()
    stage.inject("line-lost", at="+7", lasts_s=4.5, repeat_s=60.0)
    stage.gateway.advance(START + timedelta(minutes=20))
    assert [(note.at - START).total_seconds() for note in stage.gateway.fault_log] == [7.0, 11.5]
