"""Name an order's intent so that the same intent has the same key for ever."""

from __future__ import annotations

from strategies.alvh.reading import Reading
from strategies.alvh.records import Purpose


def intent_key(reading: Reading, purpose: Purpose, number: int | None, con_id: int) -> str:
    """Return `{episode}-{purpose}{number}-{contract}-{attempt}`.

    Without an episode the session's day stands in its place. The attempt is one more than the orders already sent for
    this intent, so a remainder gets a new key only after the journal knows of the earlier order; whether that one is
    still alive is asked of the working orders, not of the key.
    """
    episode = reading.memory.episode
    owner = episode.id if episode else f"{reading.view.session.day:%Y%m%d}"
    stem = f"{owner}-{purpose}{'' if number is None else number}-{con_id}"
    sent = dict(reading.state.attempts).get(stem, 0)
    return f"{stem}-{sent + 1}"
