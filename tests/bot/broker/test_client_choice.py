import pytest

from bot.broker.client import choose, load
from bot.errors import UsageProblem


def test_the_only_installed_library_is_chosen():
    assert choose("", ("ib_async",)) == "ib_async"


def test_two_installed_libraries_are_refused_even_when_one_is_named():
    with pytest.raises(UsageProblem, match="both installed"):
        choose("ib_insync", ("ib_insync", "ib_async"))


@pytest.mark.parametrize(
    ("wanted", "installed", "words"),
    [
        ("ibapi", ("ib_insync",), "expected one of"),
        ("", (), "no IB client library"),
        ("ib_async", ("ib_insync",), "ib_insync is installed"),
    ],
)
def test_a_wrong_choice_says_what_to_do(wanted, installed, words):
    with pytest.raises(UsageProblem, match=words):
        choose(wanted, installed)


def test_the_environment_can_name_the_library(monkeypatch):
    monkeypatch.setenv("ALVH_CLIENT", "nonesuch")
    with pytest.raises(UsageProblem, match="nonesuch"):
        load()


def test_what_is_loaded_names_itself():
    library = load()
    assert library.name in ("ib_insync", "ib_async")
    assert library.version
