"""Do what the operator's words say, once each, after checking who, what, still valid and not used before."""

from __future__ import annotations

from bot.clock import Clock
from bot.journal.entry import Entry, Kind
from bot.journal.store import Journal
from bot.orders.desk import OrderDesk
from bot.supervise.inbox import Inbox, Letter, Say, Word

TWICE_IS_ONCE = (Say.KILL, Say.FLATTEN)  # these must not be lost with the process, and may come again


class Operator:
    """Listen to the inbox on behalf of the desk."""

    def __init__(self, inbox: Inbox, journal: Journal, desk: OrderDesk, clock: Clock) -> None:
        self._inbox = inbox
        self._journal = journal
        self._desk = desk
        self._clock = clock
        self._used: set[str] = set()
        journal.follow(self._remember, kinds={Kind.OPERATOR})

    def has_work(self) -> bool:
        """Say whether anything lies in the inbox."""
        return not self._inbox.is_empty()

    def attend(self) -> None:
        """Obey every word that waits, oldest first; cheap when the inbox is empty."""
        for letter in self._inbox.letters():
            fault = letter.fault or (self._fault(letter.word) if letter.word else "")
            word = None if fault else letter.word
            is_first = word is not None and word.say in TWICE_IS_ONCE
            if word is not None and is_first:
                self._obey(word)
            self._write(letter, fault)
            if word is not None and not is_first:
                self._obey(word)
            self._inbox.remove(letter)

    def _remember(self, entry: Entry) -> None:
        if entry.kind is Kind.OPERATOR and entry.body["id"]:
            self._used.add(entry.body["id"])

    def _fault(self, word: Word) -> str:
        """Return why a word is not obeyed, or an empty text."""
        if word.id in self._used:
            return "this word was used before"
        if not word.who.strip():
            return "it does not say who speaks"
        if word.say in (Say.APPROVE, Say.DENY) and self._desk.tickets.find(word.subject) is None:
            return f"no ticket {word.subject or '(none named)'} is open"
        return self._objection(word) if word.say is Say.ACCEPT else ""

    def _objection(self, word: Word) -> str:
        if not (word.subject.isascii() and word.subject.isdigit()):
            return f"'{word.subject}' names no contract: give its number as alvh reconcile shows it"
        return self._desk.objection(int(word.subject))

    def _write(self, letter: Letter, fault: str) -> None:
        """Journal the word; of most before they are obeyed, so that after a crash they are not obeyed a second time."""
        word = letter.word
        body = {
            "id": word.id if word else "",
            "word": str(word.say) if word else "",
            "subject": word.subject if word else letter.name,
            "who": word.who if word else "",
            "accepted": not fault,
            "why": fault or (word.why if word else ""),
        }
        self._journal.append(Kind.OPERATOR, body, at=self._clock.now())

    def _obey(self, word: Word) -> None:
        ticket = self._desk.tickets.find(word.subject)
        match word.say:
            case Say.APPROVE if ticket is not None:
                self._desk.approve(ticket, word.who)
            case Say.DENY if ticket is not None:
                self._desk.deny(ticket, word.who, word.why)
            case Say.KILL:
                self._desk.engage_kill(word.who, word.why or f"{word.who} said kill")
            case Say.REARM:
                self._rearm(word)
            case Say.FLATTEN:
                self._desk.flatten()
            case Say.ACCEPT:
                self._desk.accept(int(word.subject), word.who)

    def _rearm(self, word: Word) -> None:
        still = self._desk.rearm(word.who)
        if still:
            body = {"name": "rearm", "why": f"the kill switch stays engaged: {still}"}
            self._journal.append(Kind.ALERT, body, at=self._clock.now())
