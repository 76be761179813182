"""Keep Python's garbage collector out of a wake-up's way."""

from __future__ import annotations

import gc

YOUNG = 50_000  # allocations between two collections of the young, instead of Python's 700
RARE = 100  # collections of the young between two of everything


def quieten() -> None:
    """Set aside all that is alive now, and look for new rubbish seldom.

    A program that has just started holds hundreds of thousands of objects (calendars, settings, libraries) that live
    as long as it does; walking through them takes tens of milliseconds and would fall into some wake-ups at random.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, RARE)
