"""Carry the operator's words from the command line or the page to the bot, outside the journal.

A word is one small JSON file in a folder beside the journal, written whole or not at all. The bot reads it, journals
what it made of it, and only then removes it; a word whose id the journal already holds is not obeyed twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from bot.errors import UsageProblem
from bot.journal.codec import canonical, from_json, to_json
from bot.private import fault, make_folder, private, tighten

SUFFIX = ".word.json"
LARGEST_BYTES = 10_000


class Say(StrEnum):
    """Name what an operator can say."""

    APPROVE = "approve"
    DENY = "deny"
    KILL = "kill"
    REARM = "rearm"
    FLATTEN = "flatten"
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Hold one word: `subject` is the ticket or contract it is about, `why` what the operator gave as reason."""

    id: str
    say: Say
    mode: str
    account: str
    who: str
    at: datetime
    subject: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Hold what lay in the inbox under `name`: a word, or `None` and what was wrong with it."""

    name: str
    word: Word | None
    fault: str = ""


class Inbox:
    """Hold words of one mode and account in a folder."""

    def __init__(self, folder: Path, mode: str, account: str) -> None:
        self.folder = folder / f"inbox-{mode}-{account}"
        self._mode = mode
        self._account = account

    def put(self, say: Say, *, who: str, at: datetime, word_id: str, subject: str = "", why: str = "") -> Word:
        """Leave a word for the bot; raise `UsageProblem` when it cannot be written.

        `word_id` must be new for every word; the caller draws it (uuid4 on the command line).
        """
        word = Word(
            id=word_id, say=say, mode=self._mode, account=self._account, who=who, at=at, subject=subject, why=why
        )
        name = f"{at:%Y%m%dT%H%M%S%f}-{word_id}{SUFFIX}"
        try:
            make_folder(self.folder)
            draft = self.folder / f".{name}.draft"
            with open(draft, "w", encoding="utf-8", opener=private) as file:
                file.write(canonical(to_json(word)))
                file.flush()
                os.fsync(file.fileno())
            draft.rename(self.folder / name)
        except OSError as error:
            raise UsageProblem(
                f"the inbox {self.folder} cannot be written ({error.strerror}): check its rights"
            ) from error
        return word

    def is_empty(self) -> bool:
        """Say whether nothing lies in the inbox, which is quick; one that cannot be read is not empty."""
        try:
            with os.scandir(self.folder) as found:
                return next(found, None) is None
        except FileNotFoundError:
            return True
        except OSError:
            return False

    def letters(self) -> tuple[Letter, ...]:
        """Return what waits, oldest first; an unreadable file is a letter with a fault."""
        try:
            files = [path for path in self.folder.iterdir() if path.is_file()]  # a folder can be no word, nor taken out
        except FileNotFoundError:
            return ()
        names = sorted(path.name for path in files if path.name.endswith(SUFFIX))
        open_to_others = fault(self.folder)
        if open_to_others:
            tighten(self.folder)
        return tuple(self._letter(name, open_to_others) for name in names if not name.startswith("."))

    def remove(self, letter: Letter) -> None:
        """Take a letter out after the journal holds what became of it."""
        (self.folder / letter.name).unlink(missing_ok=True)

    def _letter(self, name: str, open_to_others: str) -> Letter:
        try:
            path = self.folder / name
            foreign = open_to_others or fault(path)
            if foreign:
                return Letter(name=name, word=None, fault=f"anybody could have said it: {foreign}")
            if path.stat().st_size > LARGEST_BYTES:
                return Letter(name=name, word=None, fault="larger than any word")
            values: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            word = from_json(Word, values)
        except (OSError, ValueError, RecursionError, UsageProblem) as error:
            return Letter(name=name, word=None, fault=str(error))
        if (word.mode, word.account) != (self._mode, self._account):
            return Letter(name=name, word=None, fault=f"it is meant for {word.mode} {word.account}")
        return Letter(name=name, word=word)
