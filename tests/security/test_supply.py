"""What is installed: every file by its hash, everything that is needed and nothing under a licence that spreads."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bot.broker.client import LIBRARIES

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CLIENTS = ("ib_insync", "ib_async")
LOCKS = sorted(path.name for path in (ROOT / "requirements").glob("*.txt"))
INSTALLERS = ("Makefile", ".ci/run", "tools/check.sh", "tools/lock.sh")
SPREADS = re.compile(r"\b(?:A?GPL|LGPL|GNU|SSPL|EUPL|CPAL|OSL|MPL|CDDL|EPL|Server Side|Affero|copyleft)", re.IGNORECASE)
UNNAMED = {"ta-lib": "BSD-2-Clause"}  # tells its licence in a file only


def pins(name: str) -> dict[str, str]:
    """Return the versions that a lock pins."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return {
        canonicalize_name(found): version for found, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)
    }


def needed(client: str, *extras: str) -> list[Requirement]:
    optional = PROJECT["optional-dependencies"]
    lines = [*PROJECT["dependencies"], *(line for extra in (client, *extras) for line in optional[extra])]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("client", CLIENTS)
def test_the_locks_cover_what_the_project_needs_in_versions_that_it_takes(client: str) -> None:
    for lock, wanted in ((f"{client}.txt", needed(client)), (f"dev-{client}.txt", needed(client, "dev"))):
        pinned = pins(lock)
        lacking = [str(one) for one in wanted if canonicalize_name(one.name) not in pinned]
        unfit = [str(one) for one in wanted if not one.specifier.contains(pinned.get(canonicalize_name(one.name), "0"))]
        assert (lock, lacking, unfit) == (lock, [], [])


@pytest.mark.parametrize("client", CLIENTS)
def test_users_and_developers_get_the_same_versions(client: str) -> None:
    users, developers = pins(f"{client}.txt"), pins(f"dev-{client}.txt")
    assert {name: developers.get(name) for name in users} == users


@pytest.mark.parametrize("client", CLIENTS)
def test_no_lock_has_both_client_libraries(client: str) -> None:
    (other,) = {*CLIENTS} - {client}
    for lock in (f"{client}.txt", f"dev-{client}.txt"):
        assert canonicalize_name(other) not in pins(lock)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_nothing_is_installed_without_a_hash_but_this_folder() -> None:
    installs = []
    for name in INSTALLERS:
        text = (ROOT / name).read_text(encoding="utf-8")
        lines = [line.strip() for line in text.splitlines() if not line.startswith("PIP_INSTALL :=")]
        installs += [line for line in lines if re.search(r"\$\(PIP_INSTALL\)|pip3? install", line)]
    own = [line for line in installs if line.endswith("--no-deps -e .")]
    assert len(installs) > len(own) > 0
    assert [line for line in installs if line not in own and "--require-hashes" not in line] == []


def licence(name: str) -> str:
    """Return what an installed package says of its licence, in whatever way it says it."""
    told = distribution(name).metadata
    classifiers = [line for line in told.get_all("Classifier") or [] if line.startswith("License ::")]
    short = (told.get("License") or "").splitlines()[:1]
    return " ".join([told.get("License-Expression") or "", *short, *classifiers]).strip()


def test_no_runtime_dependency_has_a_licence_that_spreads() -> None:
    found, unknown = {}, []
    (client,) = (name for name in LIBRARIES if find_spec(name) is not None)
    for name in pins(f"{client}.txt"):
        try:
            found[name] = licence(name) or UNNAMED.get(name, "")
        except PackageNotFoundError:
            unknown.append(name)
    assert len(found) > 20
    assert [name for name in unknown if name != "colorama"] == []
    assert [name for name, told in found.items() if not told] == []
    assert {name: told for name, told in found.items() if SPREADS.search(told)} == {}


def test_the_licence_check_knows_what_spreads() -> None:
    for told in (
        "GPL-3.0-or-later",
        "License :: OSI Approved :: GNU Affero General Public License v3",
        "LGPL",
        "MPL-2.0",
    ):
        assert SPREADS.search(told)
    for told in ("MIT", "BSD-3-Clause", "Apache-2.0", "ISC License", "PSF-2.0", "Zlib", "CC0-1.0"):
        assert not SPREADS.search(told)
