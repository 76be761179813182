"""Files that people write, bent: each reader takes them or says in one line what is wrong; nothing else is raised."""

from __future__ import annotations

import atexit
import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import mkdtemp

from fuzz.feed import Feed

from bot import events
from bot.drill.setup import read_setup
from bot.errors import AlvhError
from bot.gateway.errors import GatewayError
from bot.gateway.faults import KINDS, read_faults
from bot.gateway.market.session_file import read_scenario
from bot.gateway.market.tables import read_rows
from bot.journal.codec import canonical
from bot.observe.context_file import read_context
from bot.supervise.inbox import Inbox, Say
from bot.whatif.book_file import read_book
from config.layers import SettingsError, load
from config.template import user_file

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "bot" / "gateway" / "scenarios"
FOLDER = Path(mkdtemp(prefix="alvh-fuzz-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
NOW = datetime(2018, 2, 5, 15, tzinfo=UTC)
VALUES = (
    "1", "0", "-1", "1e400", "nan", "-inf", "1e308", "9" * 400, "true", '""', '"x"', "[]", "[1, 2]", "{}", "[[]]",
    "2018-02-30", "2018-02-05", "9999-12-31", "0001-01-01", '"2018-02-05T14:30:00Z"', '"9999-12-31T23:59:59+14:00"',
    "07:32:00", "0x10", '"\\u0000"', '"../../etc/passwd"', '"/dev/zero"', "'''", '"\\ud800"', "null", "\ufeff",
)  # fmt: skip
SAID = (
    None, True, 0, -1, 10**400, 1e308, float("nan"), float("inf"), "", "approve", "flatten", "ACCEPT", "\ud800", "\0",
    [], ["x"], {}, {"a": {}}, "2018-02-05T15:00:00Z", "2018-02-05T15:00:00", "9999-12-31T23:59:59+14:00", 1517842800,
    "x" * 9999, "paper", "live", "DU1", "DU1\n",
)  # fmt: skip
WORDS = (
    "VIX",
    "SPX",
    "DU1234567",
    "2018-02-05",
    "14:30",
    "confirmed",
    "sectors",
    "",
    "nan",
    "-0.0",
    "1e999",
    '"',
    "\r",
)


def bent(feed: Feed, text: str) -> bytes:
    """Return a text with some of its lines changed, doubled, dropped or replaced by anything."""
    lines = text.splitlines()
    for _ in range(1 + feed.whole(5)):
        at = feed.whole(max(0, len(lines) - 1)) if lines else 0
        act = feed.whole(7)
        if not lines or act == 0:
            lines.insert(at, feed.text(60))
        elif act == 1:
            del lines[at]
        elif act == 2:
            lines.insert(feed.whole(len(lines)), lines[at])
        elif act == 3 and "=" in lines[at]:
            lines[at] = f"{lines[at].split('=')[0].lstrip('# ')}= {feed.pick(VALUES)}"
        elif act == 4 and "," in lines[at]:
            cells = lines[at].split(",")
            cells[feed.whole(len(cells) - 1)] = feed.pick(WORDS) if feed.whole(1) else feed.text()
            lines[at] = ",".join(cells)
        elif act == 5:
            lines[at] = lines[at][: feed.whole(len(lines[at]))]
        elif act == 6:
            lines[at] = lines[at].replace(feed.pick(("-", "=", '"', ":", ".", "0")), feed.text(6), 1)
        else:
            lines[at] = lines[at].lstrip("# ")
    whole = ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")
    return whole + feed.rest() if feed.whole(7) == 1 else whole


def _read(name: str, content: bytes, reader: Callable[[Path], object]) -> None:
    path = FOLDER / name
    path.write_bytes(content)
    try:
        reader(path)
    except (AlvhError, GatewayError, SettingsError) as problem:
        if not str(problem):
            raise AssertionError("a refusal says nothing") from problem


SETTINGS = user_file()
EXAMPLES = ROOT / "docs" / "examples"
BOOKS = tuple(path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.toml")))
SESSIONS = tuple(path.read_text(encoding="utf-8") for path in sorted(SCENARIOS.glob("*/session.toml")))
FAULTS = tuple(path.read_text(encoding="utf-8") for path in sorted((EXAMPLES / "faults").glob("*.toml")))
DRILLS = tuple(path.read_text(encoding="utf-8") for path in sorted((ROOT / "bot" / "drill").rglob("*.toml"))) or (
    "scenario = 'calm'\nmode = 'paper'\n[[fault]]\nkind = 'close'\n[[crash]]\nentry = 'intent'\n",
)
CONTEXT = "name,value,z,as_of,source\nsectors,,1.5,2018-02-02,mine\ncredit,3.2,,2018-02-02,mine\n"
SURPRISES = "date,event,actual,consensus\n2018-02-14,CPI,0.5,0.3\n"
ROWS = (SCENARIOS / "calm" / "spx.csv").read_text(encoding="utf-8")[:2000]
EVENTS = "".join(events.SHIPPED.read_text(encoding="utf-8").splitlines(keepends=True)[:20])


def settings(data: bytes) -> None:
    """A settings file of one's own."""
    feed = Feed(data)
    _read("alvh.toml", bent(feed, SETTINGS), lambda path: load("paper", str(path), {}))


def environment(data: bytes) -> None:
    """Settings from the environment."""
    feed = Feed(data)
    from config.layers import KEYS

    names = [f"ALVH_{key.replace('.', '__').upper()}" for key in KEYS]
    environ = {feed.pick(names): feed.pick(VALUES) if feed.whole(1) else feed.text() for _ in range(feed.whole(4))}
    try:
        load("paper", None, environ)
    except SettingsError as problem:
        if not problem.problems:
            raise AssertionError("a refusal says nothing") from problem


def book(data: bytes) -> None:
    """A book for a what-if, as TOML and as CSV."""
    feed = Feed(data)
    if feed.whole(3):
        _read("book.toml", bent(feed, feed.pick(BOOKS)), read_book)
    else:
        rows = "expires,right,strike,quantity,class,price\n2018-03-16,P,2600,-1,SPXW,10\n2018-03-16,C,2900,-1,,9\n"
        _read("book.csv", bent(feed, rows), read_book)


def session(data: bytes) -> None:
    """A scenario's own page."""
    feed = Feed(data)
    folder = FOLDER / "scenario"
    folder.mkdir(exist_ok=True)
    _read("scenario/session.toml", bent(feed, feed.pick(SESSIONS)), lambda path: read_scenario(path.parent))


def tables(data: bytes) -> None:
    """A scenario's CSV, the calendar of releases, surprises and the context: read by four readers."""
    feed = Feed(data)
    kind = feed.whole(3)
    if kind == 0:
        _read("rows.csv", bent(feed, ROWS), lambda path: read_rows(path, ("open", "high", "low", "close")))
    elif kind == 1:
        events.read_events.cache_clear()
        _read("events.csv", bent(feed, EVENTS), events.read_events)
    elif kind == 2:
        known = events.events_between(date(2018, 1, 1), date(2018, 12, 31))
        _read("surprises.csv", bent(feed, SURPRISES), lambda path: events.read_surprises(path, known))
    else:
        _read("context.csv", bent(feed, CONTEXT), lambda path: read_context(path, NOW.date()))


def words(data: bytes) -> None:
    """A file in the operator's inbox: a word that can be journalled, or a letter with a fault that can."""
    feed = Feed(data)
    shutil.rmtree(FOLDER / "inbox-paper-DU1", ignore_errors=True)
    inbox = Inbox(FOLDER, "paper", "DU1")
    inbox.put(feed.pick(tuple(Say)), who="me", at=NOW, word_id="1", subject="ab12", why="because")
    (path,) = inbox.folder.iterdir()
    if feed.whole(7) == 1:
        path.write_bytes(bent(feed, path.read_text(encoding="utf-8")))
    else:
        said = json.loads(path.read_text(encoding="utf-8"))
        for _ in range(1 + feed.whole(3)):
            said[feed.pick((*sorted(said), "more"))] = feed.pick(SAID) if feed.whole(1) else feed.text()
        path.write_text(json.dumps(said), encoding="utf-8")
    for letter in inbox.letters():
        word = letter.word
        told = {"fault": letter.fault} if word is None else {"id": word.id, "who": word.who, "why": word.why}
        canonical(told).encode("utf-8")
        inbox.remove(letter)


def faults(data: bytes) -> None:
    """A file of faults for the gateway."""
    feed = Feed(data)
    if feed.whole(3):
        _read("faults.toml", bent(feed, feed.pick(FAULTS)), read_faults)
        return
    kinds = "".join(f"[[fault]]\nkind = '{feed.pick(sorted(KINDS))}'\nseconds = 30\n" for _ in range(1 + feed.whole(2)))
    _read("faults.toml", bent(feed, kinds), read_faults)


def drill(data: bytes) -> None:
    """A drill: scenario, faults, crashes and other people's hands."""
    feed = Feed(data)
    _read("drill.toml", bent(feed, feed.pick(DRILLS)), read_setup)
