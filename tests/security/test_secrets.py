"""A secret is planted everywhere it may be set, and looked for in everything that the program says or writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.exc import SQLAlchemyError

from bot import cli
from bot.errors import UsageProblem
from bot.journal import Journal, JournalReader
from bot.journal.place import place_name, without_secrets
from bot.plan import Plan
from config import layers
from config.template import settings_table, user_file

ROOT = Path(__file__).resolve().parents[2]
CANARY = "c4n4ry-7f3a/+&x"
ENCODED = "c4n4ry-7f3a%2F%2B%26x"
PLAIN = "c4n4ry"  # what every spelling of it begins with
ADDRESS = f"postgresql://bot:{ENCODED}@db.example:5432/journal?sslpassword={ENCODED}"
FILE = f"""
[journal]
url = "{ADDRESS}"
[pages]
urls = ["https://hooks.slack.com/services/{PLAIN}/1", "https://api.telegram.org/bot{PLAIN}/sendMessage?chat_id=5"]
[watch]
ping_url = "https://hc-ping.com/{PLAIN}"
"""
WRONG = (
    f'[journal]\nurl = ["{ADDRESS}"]\n',
    f'journal = "{ADDRESS}"\n',
    f'[journal]\nulr = "{ADDRESS}"\n',
    f'[journal.url]\nx = "{ADDRESS}"\n',
    f'[pages]\nurls = "https://{PLAIN}"\n',
    f'[pages]\nurls = [["https://{PLAIN}"]]\n',
    f'[pages.urls]\nfirst = "https://{PLAIN}"\n',
    f'pages = ["https://{PLAIN}"]\n',
    f'[watch]\nping_url = {{a = "{PLAIN}"}}\n',
    f'[watch]\nping_url = "{PLAIN}"\n',
    f'[watch]\nping_url = "https://{PLAIN}\n',
    FILE + "[guard]\nmax_order_minis = 'x'\n",
)
ENVIRONMENT = {
    "ALVH_JOURNAL__URL": ADDRESS,
    "ALVH_PAGES__URLS": json.dumps([f"https://{PLAIN}.example/{PLAIN}"]),
    "ALVH_WATCH__PING_URL": f"https://{PLAIN}.example",
}


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    return written(tmp_path, FILE)


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    path.chmod(0o600)
    return path


COMMANDS = (
    ("config", "show"), ("config", "show", "--json"), ("config", "check"), ("config", "check", "--json"),
    ("status",), ("orders",), ("explain",), ("kill",), ("rearm",), ("flatten",), ("approve", "abc"), ("reconcile",),
    ("run", "--profile", "paper"), ("doctor",), ("backup", "copies"),
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_tells_a_secret(
    command: tuple[str, ...], settings_file: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(settings_file.parent)
    settings_file.write_text(FILE + "[connection]\nport = 4002\nattempts = 1\ntimeout_s = 0.5\n")
    monkeypatch.setenv("ALVH_STATE", str(settings_file.parent / "state"))
    cli.run([*command, "--config", str(settings_file)])
    told = capfd.readouterr()
    assert told.out + told.err
    assert PLAIN not in told.out + told.err
    assert written_by(settings_file.parent, but=settings_file) == []


def written_by(folder: Path, but: Path) -> list[str]:
    """Return the files under a folder that hold the secret, apart from the one it was planted in."""
    found = [path for path in folder.rglob("*") if path.is_file() and path != but]
    return [path.name for path in found if PLAIN.encode() in path.read_bytes()]


@pytest.mark.parametrize("text", WRONG)
def test_a_mistake_in_the_settings_is_told_without_the_secret_in_it(
    text: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, text)
    assert cli.run(["config", "check", "--config", str(path)]) == 2
    assert cli.run(["config", "check", "--json", "--config", str(path)]) == 2
    told = capfd.readouterr()
    assert told.err
    assert PLAIN not in told.out + told.err


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_secret_in_the_environment_is_told_nowhere(
    name: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, ENVIRONMENT[name])
    assert cli.run(["config", "show"]) == 0
    assert layers.HIDDEN in capfd.readouterr().out
    for wrong in (f"[{PLAIN}", f'{{"{PLAIN}": 1}}', f'["{PLAIN}", 1]', PLAIN):
        monkeypatch.setenv(name, wrong)
        cli.run(["config", "check"])
        told = capfd.readouterr()
        assert PLAIN not in told.out + told.err


def test_neither_records_nor_tracebacks_show_a_secret(settings_file: Path) -> None:
    settings = layers.load("paper", str(settings_file), {}).settings
    plan = Plan(mode="paper", port=7497, configured_account="", folder=Path(), journal_url=ADDRESS)
    shown = f"{settings!r} {settings} {settings.model_dump_json()} {plan!r}"
    assert PLAIN not in shown
    for use in (lambda: Journal.open(ADDRESS, mode="paper", account="DU1"), lambda: JournalReader.open(ADDRESS)):
        assert PLAIN not in traceback_of(use)


def traceback_of(use: Callable[[], object]) -> str:
    with pytest.raises(UsageProblem) as caught:
        use()
    return "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "address",
    [
        ADDRESS,
        f"sqlite://bot:{ENCODED}@/{PLAIN[:2]}.sqlite3",
        f"sqlite:///x-paper-DU1.sqlite3?key={ENCODED}",
        f"nonsense://bot:{ENCODED}@h/d",
        f"postgresql://bot:{ENCODED}@h:port/d",
        f"://{ENCODED}",
    ],
)
@pytest.mark.filterwarnings("ignore:Query string")
def test_whatever_a_database_says_of_an_address_the_secret_is_not_told(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for use in (lambda: Journal.open(address, mode="paper", account="DU1"), lambda: JournalReader.open(address)):
        try:
            use()
        except UsageProblem as problem:
            assert PLAIN not in "".join(traceback.format_exception(problem))


@pytest.mark.parametrize("door", ["bot.journal.store.writing_engine", "bot.journal.reading.reading_engine"])
def test_what_a_driver_says_is_neither_told_nor_chained_to_what_is(door: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def talks(*_: object, **__: object) -> None:
        raise SQLAlchemyError(f"cannot connect to {ADDRESS} with {CANARY}")

    monkeypatch.setattr(door, talks)
    use = (lambda: Journal.open(ADDRESS, mode="paper", account="DU1")) if "store" in door else reading
    told = traceback_of(use)
    assert "cannot connect to (secret)" in told
    assert PLAIN not in told


def reading() -> object:
    return JournalReader.open(ADDRESS)


def test_a_place_is_named_without_what_opens_it() -> None:
    assert place_name(ADDRESS) == "postgresql://db.example:5432/journal"
    assert place_name("sqlite:////srv/j.sqlite3") == "sqlite:////srv/j.sqlite3"
    assert place_name(Path("var/a.sqlite3")) == "var/a.sqlite3"
    said = f"could not connect with {CANARY} at {ADDRESS} ({ENCODED})"
    assert PLAIN not in without_secrets(said, ADDRESS)
    assert without_secrets("no route to db.example", ADDRESS) == "no route to db.example"


def test_what_is_written_for_people_to_begin_with_holds_no_value_of_a_secret() -> None:
    assert {"journal.url", "pages.urls", "watch.ping_url"} <= layers.SECRETS
    for text in (user_file(), settings_table()):
        assert layers.HIDDEN not in text


@pytest.mark.parametrize("rights", [0o644, 0o640, 0o604])
def test_a_settings_file_with_a_secret_that_others_may_read_is_refused(rights: int, settings_file: Path) -> None:
    settings_file.chmod(rights)
    with pytest.raises(layers.SettingsError, match="a secret in a file that others may read"):
        layers.load("paper", str(settings_file), {})


def test_a_settings_file_that_anybody_may_write_is_refused_and_one_without_secrets_may_be_read(tmp_path: Path) -> None:
    path = written(tmp_path, "[consent]\ndeadline_s = 45.0\n")
    path.chmod(0o644)
    assert layers.load("paper", str(path), {}).settings.consent.deadline_s == 45.0
    path.chmod(0o646)
    with pytest.raises(layers.SettingsError, match="anybody may write"):
        layers.load("paper", str(path), {})


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_the_process_list_shows_no_secret(settings_file: Path) -> None:
    lines = (
        "import sys; from bot import cli; cli.run(['config', 'check', '--config', sys.argv[1]]); "
        "print(open('/proc/self/cmdline').read())"
    )
    shown = subprocess.run(
        [sys.executable, "-c", lines, str(settings_file)],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True, capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip
    assert "settings are valid" in shown
    assert PLAIN not in shown
