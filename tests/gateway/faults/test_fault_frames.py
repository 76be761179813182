"""Frame rules: what they match and what they do, seen by a client that speaks frames by hand."""

from __future__ import annotations

import pytest

from bot.gateway.errors import FaultError
from bot.gateway.faults.records import Fault
from bot.gateway.wire import frame
from tests.gateway.faults.stage_faults import Stage, ended, heard, ids, opened
from tests.gateway.raw_gateway import Raw, joined

TIME = ("49", "1")
POSITIONS = ("61", "1")


async def asked(raw: Raw, times: int = 1) -> list[list[str]]:
    """Ask for the time so many times and return what is answered."""
    for _ in range(times):
        raw.write(*TIME)
    return await heard(raw)


async def test_a_dropped_answer_never_comes_and_the_next_one_does(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="drop", messages=["currentTime"], nth=1)
    assert len(await asked(raw, 3)) == 2
    assert stage.notes() == ["drop"]


async def test_a_dropped_request_is_never_handled_but_counts_as_handled(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="drop", direction="in", messages=["placeOrder"])
    before = stage.gateway.traffic()[1]
    stage.place(raw)
    assert await heard(raw) == []
    assert stage.exchange.requests == []
    after = stage.gateway.traffic()[1]
    assert after[0] > before[0]
    assert after[1] == before[1]


async def test_a_delayed_answer_comes_after_its_time_on_the_market(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="delay", messages=["currentTime"], delay_s=7.5)
    assert await asked(raw) == []
    stage.after(7.0)
    assert await heard(raw) == []
    stage.after(0.5)
    assert ids(await heard(raw)) == ["49"]


async def test_a_delayed_request_is_handled_later(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="delay", direction="in", messages=["placeOrder"], delay_s=3.0)
    stage.place(raw)
    assert await heard(raw) == []
    stage.after(3.0)
    assert ids(await heard(raw)) == ["5", "3"]


async def test_a_duplicated_frame_comes_as_often_as_said(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="duplicate", messages=["orderStatus"], copies=2)
    stage.place(raw)
    assert ids(await heard(raw)) == ["5", "3", "3", "3"]


async def test_a_duplicated_order_of_a_client_reaches_the_exchange_twice(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="duplicate", direction="in", messages=["placeOrder"])
    stage.place(raw)
    await heard(raw)
    assert len(stage.exchange.requests) == 2


async def test_a_reordered_frame_follows_the_next(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="reorder", messages=["openOrder"])
    stage.place(raw)
    assert ids(await heard(raw)) == ["3", "5"]


async def test_a_frame_that_waits_for_a_next_one_goes_when_the_fault_ends(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="reorder", messages=["currentTime"], lasts_s=10.0)
    assert await asked(raw) == []
    stage.after(10.0)
    assert ids(await heard(raw)) == ["49"]


@pytest.mark.parametrize(("then", "how"), [("silence", "open"), ("close", "closed"), ("reset", "reset")])
async def test_a_truncated_frame_is_half_a_frame_and_then_nothing(stage: Stage, then: str, how: str) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="truncate", messages=["currentTime"], keep=0.5, then=then)
    sent = stage.gateway.traffic()[1][1]
    raw.write(*TIME)
    raw.write(*TIME)
    assert await ended(raw) == how
    if then == "silence":
        assert stage.gateway.traffic()[1][1] - sent == 10  # half of 4 + 3 + 2 + 11


async def test_short_and_extra_frames_are_frames_of_other_lengths(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="short", messages=["orderStatus"], fields=3, times=1)
    stage.place(raw)
    frames = await heard(raw)
    assert [len(fields) for fields in frames if fields[0] == "3"] == [9]
    stage.inject("frame", act="extra", messages=["orderStatus"], fields=2)
    stage.place(raw, 6)
    assert [len(fields) for fields in await heard(raw) if fields[0] == "3"] == [14]


async def test_a_split_frame_arrives_whole(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="split", messages=["openOrder"])
    stage.place(raw)
    assert ids(await heard(raw)) == ["5", "3"]


async def test_what_follows_a_frame_in_pieces_waits_until_its_last(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="split", messages=["openOrder"], piece_bytes=100, gap_s=2.0)
    stage.place(raw)
    assert await heard(raw) == []
    stage.after(2.0)
    assert await heard(raw) == []
    stage.after(60.0)
    assert ids(await heard(raw)) == ["5", "3"]


async def test_pieces_of_one_frame_never_get_between_those_of_another(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="split", messages=["openOrder"], piece_bytes=100, gap_s=2.0)
    stage.place(raw, 5)
    stage.place(raw, 6)
    assert await heard(raw) == []
    stage.after(60.0)
    frames = await heard(raw)
    assert [fields[:2] for fields in frames] == [["5", "5"], ["3", "5"], ["5", "6"], ["3", "6"]]


@pytest.mark.parametrize("spot", ["body", "utf8"])
async def test_a_corrupt_frame_differs_in_one_byte(stage: Stage, spot: str) -> None:
    raw = await stage.connect()
    (honest,) = await asked(raw)
    stage.inject("frame", act="corrupt", messages=["currentTime"], spot=spot)
    raw.write(*TIME)
    data = await raw.reader.read(1 << 16)
    before = "".join(f"{field}\0" for field in honest).encode()
    assert sum(a != b for a, b in zip(data[4:], before, strict=True)) == 1
    assert (0xFF in data[4:]) is (spot == "utf8")


async def test_a_corrupt_length_is_not_the_frames_length(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="corrupt", messages=["currentTime"], spot="length")
    raw.write(*TIME)
    data = await raw.reader.read(1 << 16)
    assert int.from_bytes(data[:4], "big") != len(data) - 4


async def test_a_replaced_field_says_something_else(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="replace", messages=["orderStatus"], set__status="Cancelled", set__filled=2.0)
    stage.place(raw)
    frames = await heard(raw)
    assert frames[1][2:4] == ["Cancelled", "2"]


async def test_a_replaced_field_of_a_request_is_what_the_exchange_gets(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="replace", direction="in", messages=["placeOrder"], set__totalQuantity=1.0)
    stage.place(raw)
    await heard(raw)
    assert stage.exchange.requests[0].quantity == 1.0


@pytest.mark.parametrize(("act", "how"), [("close", "closed"), ("reset", "reset"), ("silence", "open")])
async def test_a_connection_ends_at_a_frame(stage: Stage, act: str, how: str) -> None:
    raw = await stage.connect()
    stage.inject("frame", act=act, direction="in", messages=["placeOrder"])
    stage.place(raw)
    assert await ended(raw) == how
    assert stage.exchange.requests == []


async def test_a_silent_connection_takes_everything_and_says_nothing(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="silence", messages=["currentTime"], let_pass=True)
    assert ids(await asked(raw, 1)) == ["49"]
    before = stage.gateway.traffic()[1]
    stage.place(raw)
    assert await heard(raw) == []
    after = stage.gateway.traffic()[1]
    assert after[0] > before[0]
    assert after[1] == before[1]


async def test_a_stalled_connection_says_everything_at_the_end(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="stall", messages=["openOrder"], lasts_s=20.0)
    stage.place(raw)
    assert await asked(raw) == []
    stage.after(20.0)
    assert ids(await heard(raw)) == ["5", "3", "49"]


@pytest.mark.parametrize("act", ["stop-reading", "stop-taking"])
async def test_what_is_not_read_is_handled_at_the_end(stage: Stage, act: str) -> None:
    raw = await stage.connect()
    stage.inject("frame", act=act, messages=["currentTime"], lasts_s=20.0)
    assert ids(await asked(raw)) == ["49"]
    stage.place(raw)
    assert await heard(raw) == []
    assert (1 in stage.gateway.traffic()) is (act == "stop-reading")
    stage.after(20.0)
    assert ids(await heard(raw)) == ["5", "3"]
    assert 1 in stage.gateway.traffic()


async def test_what_came_with_the_frame_that_stopped_the_reading_is_kept_too(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="stop-reading", direction="in", messages=["reqCurrentTime"], lasts_s=20.0)
    text = b"".join(frame(joined(fields)) for fields in (TIME, ("8", "1", "1"), ("8", "1", "1")))
    received = stage.gateway.traffic()[1][0]
    raw.writer.write(text)
    assert ids(await heard(raw)) == ["49"]
    assert stage.gateway.traffic()[1][0] == received + len(text)
    stage.after(20.0)
    assert ids(await heard(raw)) == ["9", "9"]


async def test_a_client_that_floods_somebody_who_does_not_listen_is_dropped(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.gateway.session.MAX_UNSENT_BYTES", 1 << 16)
    raw = await stage.connect()
    stage.inject("stall", what="requests", lasts_s=600.0)
    raw.writer.write(b"\0\0\0\x05" * (1 << 15))
    assert await ended(raw) in ("closed", "reset")


# ---- what a rule matches


async def test_a_rule_strikes_every_nth_occasion_and_at_most_so_often(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="drop", messages=["currentTime"], every=2, times=2)
    assert len(await asked(raw, 8)) == 6


async def test_a_rule_is_about_one_client(stage: Stage) -> None:
    one, two = await stage.connect(1), await stage.connect(2)
    stage.inject("frame", act="drop", messages=["currentTime"], client=2)
    assert len(await asked(one)) == 1
    assert len(await asked(two)) == 0


async def test_a_rule_holds_in_its_span_only(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="drop", messages=["currentTime"], at="+60", lasts_s=30.0)
    assert len(await asked(raw)) == 1
    stage.after(60.0)
    assert len(await asked(raw)) == 0
    stage.after(29.9)
    assert len(await asked(raw)) == 0
    stage.after(0.1)
    assert len(await asked(raw)) == 1


async def test_a_rule_matches_a_field_and_the_request_that_is_answered(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="drop", messages=["orderStatus"], where__orderId=6)
    stage.place(raw, 5)
    stage.place(raw, 6)
    assert ids(await heard(raw)) == ["5", "3", "5"]
    stage.inject("frame", act="drop", messages=["openOrder"], answering="reqOpenOrders")
    raw.write("5", "1")
    assert ids(await heard(raw)) == ["3", "53"]


async def test_a_rule_matches_the_true_state_of_an_order(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="drop", messages=["execDetails", "orderStatus"], status=["Filled"])
    stage.place(raw, 5)
    stage.place(raw, 6, orderType="MKT", lmtPrice=None)
    assert ids(await heard(raw)) == ["5", "3", "5", "59", "5"]


async def test_two_rules_are_composed_in_their_order(stage: Stage) -> None:
    raw = await stage.connect()
    stage.inject("frame", act="duplicate", messages=["currentTime"])
    stage.inject("frame", act="drop", messages=["currentTime"], nth=2)
    assert len(await asked(raw)) == 1


async def test_the_same_seed_gives_the_same_strikes_and_another_seed_others() -> None:
    fault = Fault.of("frame", act="drop", messages=["currentTime"], chance=0.5)

    async def story(seed: int) -> list[str]:
        async with opened(fault, seed=seed) as stage:
            raw = await stage.connect()
            answers = []
            for count in range(40):
                raw.write(*TIME)
                raw.write("8", "1", str(count))
            while len(answers) < 40 or answers[-1] != "9":
                answers.append((await raw.next())[0])
                if answers.count("9") == 40:
                    break
            return answers

    first, again, other = await story(1), await story(1), await story(2)
    assert first == again
    assert first != other
    assert 5 < first.count("49") < 35


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"act": "truncate", "direction": "in"}, 'act truncate breaks bytes.*direction = "out"'),
        ({"act": "replace", "messages": ["orderStatus"]}, "act replace sets nothing; say set.FIELD"),
        (
            {"act": "replace", "messages": ["orderStatus"], "set__sttus": "x"},
            "set.sttus is no field of orderStatus; exp",
        ),
        ({"act": "drop", "where__orderId": 5}, "names a field of no message"),
        ({"act": "eat"}, "act is 'eat'; expected one of drop, delay"),
        ({}, "act is missing; add it"),
        ({"act": "drop", "messages": ["orderstatus"]}, r"messages is \('orderstatus',\); expected a list of one of"),
        ({"act": "drop", "chance": 2}, "chance is 2; expected a number from 0 to 1"),
        ({"act": "drop", "nht": 2}, "'nht' is not known; expected one of act, answering"),
        ({"act": "drop", "at": "25:00"}, "at is '25:00'; expected HH:MM"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_one_clear_line(
    stage: Stage, values: dict[str, object], words: str
) -> None:
    with pytest.raises(FaultError, match=words) as told:
        stage.inject("frame", **values)
    assert "\n" not in str(told.value)
    assert stage.gateway.fault_log == []
