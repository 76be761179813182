"""Refuse what is not modelled with the code that TWS would use, so that a client library raises and does not wait.

321 is avoided: ib_async takes it for a warning and waits on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_HMDS = "Historical Market Data Service error message:"
_LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True)
class Declined:
    """Hold where in a frame the request id stands (0: nowhere), and the refusal."""

    id_at: int
    code: int
    text: str

    def request_id(self, fields: Sequence[str]) -> int | None:
        """Return the request id of a frame; `None` when it has none."""
        if not 0 < self.id_at < len(fields):
            return None
        text = fields[self.id_at]
        return int(text) if len(text) <= _LONGEST_NUMBER and text.isascii() and text.isdigit() else None


def _processing(what: str) -> str:
    return f"Error processing request.-'bG' : cause - {what}"


_NO_ADVISOR = "Error validating request.-'cF' : cause - FA data operations ignored for non FA customers."
_NO_SCANNER = f"{_HMDS}scanners are not modelled"
_NO_FUNDAMENTALS = "We are sorry, but fundamentals data for the security specified is not available."
_NO_NEWS = "News feed is not allowed."
_NO_CALCULATION = _processing("calculations at a price of your own are not modelled")
_NO_GROUPS = _processing("there are no display groups")
_NO_VERIFICATION = _processing("intent to authenticate needs to be expressed during initial connect request.")

DECLINED: dict[int, Declined] = {
    18: Declined(0, 321, _NO_ADVISOR),  # requestFA: no id, so nothing could be told to a waiting library anyway
    19: Declined(4, 322, _NO_ADVISOR),
    21: Declined(2, 322, _processing("exercise is not modelled; options settle by themselves")),
    22: Declined(1, 162, _NO_SCANNER),
    23: Declined(2, 365, "No scanner subscription found for ticker id"),
    52: Declined(2, 430, _NO_FUNDAMENTALS),
    53: Declined(2, 431, "Can't find fundamentals data subscription"),
    54: Declined(2, 322, _NO_CALCULATION),
    55: Declined(2, 322, _NO_CALCULATION),
    56: Declined(2, 322, _NO_CALCULATION),
    57: Declined(2, 322, _NO_CALCULATION),
    65: Declined(0, 322, _NO_VERIFICATION),
    66: Declined(0, 322, _NO_VERIFICATION),
    67: Declined(2, 322, _NO_GROUPS),
    68: Declined(2, 322, _NO_GROUPS),
    69: Declined(2, 322, _NO_GROUPS),
    70: Declined(2, 322, _NO_GROUPS),
    72: Declined(0, 322, _NO_VERIFICATION),
    73: Declined(0, 322, _NO_VERIFICATION),
    84: Declined(1, 10172, "Failed to request news article:No data available"),
    86: Declined(1, 10276, _NO_NEWS),
    100: Declined(1, 10276, _NO_NEWS),
    101: Declined(1, 10280, "Failed to cancel WSH metadata"),
    102: Declined(1, 10282, "WSH metadata is not requested"),
    103: Declined(1, 10284, "Failed to cancel WSH event data"),
}
