"""Words reach the bot whole, once, and only the bot they are meant for."""

from __future__ import annotations

from pathlib import Path

import builders
import pytest

from bot.errors import UsageProblem
from bot.supervise.inbox import Inbox, Say


def test_words_come_out_oldest_first_as_they_went_in(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, "live", "U1")
    late = inbox.put(Say.DENY, who="ann", at=builders.at(2), word_id="b", subject="abc", why="no")
    early = inbox.put(Say.APPROVE, who="bob", at=builders.at(1), word_id="a", subject="abc")
    letters = inbox.letters()
    assert [letter.word for letter in letters] == [early, late]
    inbox.remove(letters[0])
    assert [letter.word for letter in inbox.letters()] == [late]


def test_an_inbox_that_nobody_wrote_to_is_empty(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, "live", "U1")
    assert inbox.letters() == ()
    assert inbox.is_empty()


def test_an_inbox_is_empty_again_when_its_last_letter_was_taken_out(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, "live", "U1")
    inbox.put(Say.KILL, who="ann", at=builders.at(1), word_id="a")
    assert not inbox.is_empty()
    inbox.remove(inbox.letters()[0])
    assert inbox.is_empty()


def test_an_inbox_that_cannot_be_read_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "inbox-live-U1").write_text("a file where the folder belongs")
    assert not Inbox(tmp_path, "live", "U1").is_empty()


def test_a_word_for_another_account_is_a_fault(tmp_path: Path) -> None:
    other = Inbox(tmp_path, "live", "U2")
    other.put(Say.KILL, who="ann", at=builders.at(1), word_id="a")
    mine = Inbox(tmp_path, "live", "U1")
    mine.folder.mkdir()
    for path in other.folder.iterdir():
        path.rename(mine.folder / path.name)
    letter = mine.letters()[0]
    assert (letter.word, "live U2" in letter.fault) == (None, True)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"say":"dance"}', b"\xff\xfe", b"x" * 20_000, b"[" * 9_999])
def test_garbage_is_a_fault_and_never_an_exception(tmp_path: Path, content: bytes) -> None:
    inbox = Inbox(tmp_path, "live", "U1")
    inbox.folder.mkdir()
    (inbox.folder / "20180205-x.word.json").write_bytes(content)
    letter = inbox.letters()[0]
    assert letter.word is None
    assert letter.fault


def test_a_folder_among_the_words_holds_none_of_them_up(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, "live", "U1")
    (inbox.folder / "20170101-x.word.json").mkdir(parents=True)
    inbox.put(Say.KILL, who="ann", at=builders.at(1), word_id="a")
    (letter,) = inbox.letters()
    assert letter.word is not None and letter.word.say is Say.KILL


def test_a_half_written_word_is_not_seen(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, "live", "U1")
    inbox.folder.mkdir()
    (inbox.folder / ".20180205-x.word.json.draft").write_text("{")
    assert inbox.letters() == ()


def test_an_inbox_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "inbox-live-U1").write_text("a file where the folder belongs")
    with pytest.raises(UsageProblem, match="cannot be written"):
        Inbox(tmp_path, "live", "U1").put(Say.KILL, who="ann", at=builders.at(1), word_id="a")
