import pytest

from bot.broker.link import Link
from bot.broker.port import LinkState


@pytest.fixture
def link():
    link = Link()
    link.opened()
    return link


def test_a_new_connection_is_up(link):
    assert link.state(delayed=False) is LinkState.UP


@pytest.mark.parametrize("restored", [1101, 1102])
def test_both_kinds_of_restored_end_the_loss_and_renew_subscriptions(link, restored):
    assert not link.heard(1100, "Connectivity between IB and TWS has been lost.")
    assert link.state(delayed=False) is LinkState.LOST
    assert link.heard(restored, "Connectivity restored")
    assert link.state(delayed=False) is LinkState.UP


@pytest.mark.parametrize(("broken", "good"), [(2103, 2104), (2105, 2106), (2157, 2158)])
def test_a_farm_is_down_until_the_same_farm_is_good(link, broken, good):
    link.heard(broken, "Market data farm connection is broken:usfarm")
    link.heard(good, "Market data farm connection is OK:eufarm")
    assert link.state(delayed=False) is LinkState.FARM_DOWN
    assert link.heard(good, "Market data farm connection is OK:usfarm")
    assert link.state(delayed=False) is LinkState.UP


def test_a_farm_that_was_never_down_renews_nothing(link):
    assert not link.heard(2104, "Market data farm connection is OK:usfarm")


def test_a_competing_session_ends_with_later_ticks_and_not_with_those_of_its_own_packet(link):
    link.heard(10197, "No market data during competing live session")
    link.ticked()
    assert link.state(delayed=False) is LinkState.COMPETING
    link.ticked()
    assert link.state(delayed=False) is LinkState.UP


def test_a_lost_socket_outranks_everything(link):
    link.heard(1100, "lost")
    link.closed()
    assert link.state(delayed=True) is LinkState.DISCONNECTED


def test_delayed_data_is_the_mildest_trouble(link):
    assert link.state(delayed=True) is LinkState.DELAYED
    link.heard(2103, "broken:usfarm")
    assert link.state(delayed=True) is LinkState.FARM_DOWN
