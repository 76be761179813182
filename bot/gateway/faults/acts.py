"""Do to a frame, or to the connection that carries it, what a rule says."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.gateway.faults.parcel import Parcel

if TYPE_CHECKING:
    from bot.gateway.faults.frames import FrameRule
    from bot.gateway.session import Session

_PREFIX = 4  # bytes of length before a frame
_WRONG_LENGTHS = (0, 3, 0x7FFF_FFFF, 0xFFFF_FFFF)

Act = Callable[["FrameRule", Parcel], list[Parcel]]


def _drop(_: FrameRule, __: Parcel) -> list[Parcel]:
    return []


def _delay(rule: FrameRule, parcel: Parcel) -> list[Parcel]:
    rule.house.later(rule.said["delay_s"], lambda: rule.house.pass_on(parcel, rule))
    return []


def _duplicate(rule: FrameRule, parcel: Parcel) -> list[Parcel]:
    return [parcel] * (1 + rule.said["copies"])


def _truncate(rule: FrameRule, parcel: Parcel) -> list[Parcel]:
    data = parcel.wire()
    parcel.session.queue(data[: max(1, min(int(len(data) * rule.said["keep"]), len(data) - 1))])
    parcel.session.flush()
    _ENDS[rule.said["then"]](parcel.session)
    return []


def _short(rule: FrameRule, parcel: Parcel) -> list[Parcel]:
    fields = parcel.split()
    return [parcel.holding(fields[: max(1, len(fields) - rule.said["fields"])])]


def _extra(rule: FrameRule, parcel: Parcel) -> list[Parcel]:
    return [parcel.holding(parcel.split() + ["0"] * rule.said["fields"])]


def _split(rule: FrameRule, parcel: Parcel) -> list[Parcel]:
    """Write a frame piece by piece; with a gap between them, everything else waits behind the last.

    Where something waits already, the frame queues behind it whole: pieces must not get between pieces.
    """
    if parcel.session.is_held:
        return [parcel]
    session, data, size = parcel.session, parcel.wire(), rule.said["piece_bytes"]
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    session.flush()
    session.hold(True)
    if rule.said["gap_s"] > 0:
        _trickle(rule, session, pieces)
        return []
    for piece in pieces:
        session.write(piece)
    session.hold(False)
    return []


def _trickle(rule: FrameRule, session: Session, pieces: list[bytes]) -> None:
    session.write(pieces[0])
    if len(pieces) == 1:
        session.hold(False)
    else:
        rule.house.later(rule.said["gap_s"], lambda: _trickle(rule, session, pieces[1:]))


def _corrupt(rule: FrameRule, parcel: Parcel) -> list[Parcel]:
    data = bytearray(parcel.wire())
    if rule.said["spot"] == "length":
        length = len(data) - _PREFIX
        wrong = rule.rng.choice([length + 5, length - 3, *_WRONG_LENGTHS])
        data[:_PREFIX] = wrong.to_bytes(_PREFIX, "big")
    else:
        texts = [at for at in range(_PREFIX, len(data)) if data[at]]
        at = rule.rng.choice(texts or [len(data) - 1])
        data[at] = 0xFF if rule.said["spot"] == "utf8" else data[at] ^ (1 << rule.rng.randrange(7))
    return [parcel.as_bytes(bytes(data))]


def _replace(rule: FrameRule, parcel: Parcel) -> list[Parcel]:
    return [parcel.saying(**rule.said["set"])]


def _ending(end: Callable[[Session], None]) -> Act:
    def act(rule: FrameRule, parcel: Parcel) -> list[Parcel]:
        if rule.said["let_pass"]:
            parcel.session.queue(parcel.wire())
            parcel.session.flush()
        end(parcel.session)
        return []

    return act


def _stall(rule: FrameRule, parcel: Parcel) -> list[Parcel]:
    if parcel.session not in rule.stalled:
        rule.stalled.append(parcel.session)
        parcel.session.hold(True)
    return [parcel]


def _stopping(*, taking: bool) -> Act:
    def act(rule: FrameRule, parcel: Parcel) -> list[Parcel]:
        if parcel.session not in rule.stopped:
            rule.stopped.append(parcel.session)
            parcel.session.listen(False)
            if not taking:
                parcel.session.take(False)
        return [parcel]

    return act


def release(rule: FrameRule) -> None:
    """Let the connections that a rule has stopped go on."""
    for session in rule.stalled:
        session.hold(False)
    for session in rule.stopped:
        session.take(True)
        session.listen(True)
    rule.stalled, rule.stopped = [], []


def _silence(session: Session) -> None:
    session.fall_silent()


def _close(session: Session) -> None:
    session.close()


def _reset(session: Session) -> None:
    session.reset()


_ENDS: dict[str, Callable[[Session], None]] = {"silence": _silence, "close": _close, "reset": _reset}
ACTS: dict[str, Act] = {
    "drop": _drop,
    "delay": _delay,
    "duplicate": _duplicate,
    "truncate": _truncate,
    "short": _short,
    "extra": _extra,
    "split": _split,
    "corrupt": _corrupt,
    "replace": _replace,
    "close": _ending(_close),
    "reset": _ending(_reset),
    "silence": _ending(_silence),
    "stall": _stall,
    "stop-reading": _stopping(taking=True),
    "stop-taking": _stopping(taking=False),
}
BYTE_ACTS = frozenset({"truncate", "split", "corrupt"})
