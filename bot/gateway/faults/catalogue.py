"""List every kind of fault."""

from __future__ import annotations

from bot.gateway.errors import FaultError
from bot.gateway.faults import (
    connection,
    data,
    executions,
    frames,
    line,
    lists,
    oddities,
    orders,
    pacing,
    permissions,
    silence,
    slow,
    values,
)
from bot.gateway.faults.records import Fault
from bot.gateway.faults.trouble import Kind

_ROOMS = (
    frames,
    line,
    connection,
    slow,
    data,
    permissions,
    values,
    pacing,
    lists,
    orders,
    silence,
    executions,
    oddities,
)
KINDS: dict[str, Kind] = {kind.name: kind for room in _ROOMS for kind in room.KINDS}


def kind_of(fault: Fault) -> Kind:
    """Return the kind of a fault.

    Raises `FaultError` when there is no such kind.
    """
    kind = KINDS.get(fault.kind)
    if kind is None:
        raise FaultError(f"fault kind {fault.kind!r} is not known; expected one of {', '.join(sorted(KINDS))}")
    return kind


def check(fault: Fault) -> Fault:
    """Return the fault if it says only what it may.

    Raises `FaultError` otherwise.
    """
    kind_of(fault).read(fault)
    return fault
