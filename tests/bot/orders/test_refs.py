"""Names of orders: the same for the same intent, different otherwise, short enough for the broker."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.orders.refs import LONGEST, is_ours, order_ref

MODES = st.sampled_from(["demo", "dry-run", "paper", "live"])


@given(MODES, st.text(max_size=12), st.text(max_size=200))
def test_a_ref_is_repeatable_short_and_knows_its_mode(mode: str, account: str, key: str) -> None:
    ref = order_ref(mode, account, key)
    assert ref == order_ref(mode, account, key)
    assert len(ref) <= LONGEST and ref.isascii()
    assert is_ours(ref, mode)


@given(st.sets(st.tuples(MODES, st.text(max_size=5), st.text(max_size=20)), min_size=2, max_size=20))
def test_different_intents_have_different_refs(intents: set[tuple[str, str, str]]) -> None:
    assert len({order_ref(*intent) for intent in intents}) == len(intents)


def test_another_modes_ref_is_not_ours() -> None:
    assert not is_ours(order_ref("paper", "DU1", "k"), "live")
    assert not is_ours("by hand", "live")
