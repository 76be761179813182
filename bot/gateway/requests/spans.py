"""Read the lengths of history requests: bar sizes and durations."""

from __future__ import annotations

from dataclasses import dataclass

from bot.gateway.requests.lookup import invalid

MINUTE, HOUR, DAY = 60, 3600, 86400
WEEK, MONTH = 7 * DAY, 30 * DAY  # names of lengths: such bars are joined from days by the calendar

BAR_SECONDS: dict[str, int] = {
    **{f"{count} secs": count for count in (1, 5, 10, 15, 30)},
    "1 min": MINUTE,
    **{f"{count} mins": count * MINUTE for count in (2, 3, 5, 10, 15, 20, 30)},
    "1 hour": HOUR,
    **{f"{count} hours": count * HOUR for count in (2, 3, 4, 8)},
    "1 day": DAY,
    "1 week": WEEK,
    "1 month": MONTH,
}
_SHORT = {"1D": DAY, "1W": WEEK, "1M": MONTH}
_MOST_DIGITS = 6
_LONGEST_DAYS = 50 * 365
_DAYS = {"D": 1, "W": 7, "M": 30, "Y": 365}


@dataclass(frozen=True, slots=True)
class Duration:
    """Hold how far back a history reaches: in seconds, in sessions (`D`) or in calendar days (`W`, `M`, `Y`)."""

    count: int
    unit: str

    @property
    def seconds(self) -> int:
        """Return the length in calendar seconds."""
        return self.count if self.unit == "S" else self.count * _DAYS[self.unit] * DAY


def bar_seconds(text: str) -> int:
    """Return the length of a bar.

    Raises `RequestProblem` 321 for a size that IB does not have.
    """
    seconds = BAR_SECONDS.get(text) or _SHORT.get(text)
    if seconds is None:
        sizes = ", ".join(BAR_SECONDS)
        raise invalid(f"Historical data bar size setting is invalid. Legal ones are: {sizes}")
    return seconds


def duration(text: str) -> Duration:
    """Return a duration such as `2 D` or `3600 S`.

    Raises `RequestProblem` 321.
    """
    count, _, unit = text.strip().partition(" ")
    is_count = count.isascii() and count.isdigit() and len(count) <= _MOST_DIGITS and int(count) > 0
    if not is_count or unit not in ("S", *_DAYS):
        raise invalid(f"Historical data query duration '{text[:40]}' is invalid: expected a number and S, D, W, M or Y")
    length = Duration(int(count), unit)
    if unit == "S" and length.count > DAY:
        raise invalid(f"Historical data requests for durations longer than {DAY} seconds must be made in days: {text}")
    if length.seconds > _LONGEST_DAYS * DAY:
        raise invalid(f"Historical data query duration '{text}' is longer than {_LONGEST_DAYS} days")
    return length
