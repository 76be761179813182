import pytest

from bot.broker.codes import CODES, Meaning, of_order, of_system


@pytest.mark.parametrize("number", [10349, 10148, 10147, 462, 10268, 135, 161])
def test_codes_that_make_the_library_invent_a_cancel_prove_nothing(number):
    assert of_order(number).meaning is Meaning.UNKNOWN


@pytest.mark.parametrize("number", [201, 203, 110, 103, 321, 434, 451, 10311])
def test_rejects_are_rejects(number):
    assert of_order(number).meaning is Meaning.REJECTED


@pytest.mark.parametrize("number", [399, 404, 2109, 2161, 2199])
def test_remarks_about_an_order_leave_it_alive(number):
    assert of_order(number).meaning is Meaning.NOTICE


def test_202_is_the_only_code_that_proves_a_cancel():
    assert [code.number for code in CODES.values() if code.meaning is Meaning.CANCELLED] == [202]


def test_a_code_nobody_listed_proves_nothing_about_an_order():
    assert of_order(19_999).meaning is Meaning.UNKNOWN


def test_a_market_data_code_proves_nothing_about_an_order():
    assert of_order(354).meaning is Meaning.UNKNOWN


@pytest.mark.parametrize(
    ("number", "meaning"),
    [
        (1100, Meaning.LINK),
        (1101, Meaning.LINK),
        (1102, Meaning.LINK),
        (2103, Meaning.LINK),
        (2157, Meaning.LINK),
        (10197, Meaning.LINK),
        (354, Meaning.SUBSCRIPTION),
        (10167, Meaning.SUBSCRIPTION),
        (101, Meaning.SUBSCRIPTION),
        (162, Meaning.PACING),
        (100, Meaning.PACING),
        (200, Meaning.REQUEST),
        (326, Meaning.CLIENT_ID),
        (2150, Meaning.NOTICE),
        (19_999, Meaning.REQUEST),
    ],
)
def test_codes_that_name_no_order(number, meaning):
    assert of_system(number).meaning is meaning
