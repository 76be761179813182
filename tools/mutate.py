"""Test the tests of strategies/: change the code in one place at a time and see whether a test fails.

Each mutant is one changed operator, number, condition or argument. A seeded sample of them is drawn per file. One run
of pytest with coverage tells which tests reach which line; each mutant then lives in a fork of a process that has
collected the tests already, and only the tests that reach it run, the quickest first, until one fails. Text for people
(strings and what stands in f-strings), annotations and decorators are left alone. Killed mutants are remembered while
their function stays as it is, so a stopped run goes on where it was; survivors are tried again. `--write` writes
docs/mutation.md.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import os
import re
import resource
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import mutants
import mutation_page

ROOT = Path(__file__).resolve().parents[1]
STORE = ROOT / "var" / "mutation"
TESTS = ("tests/strategies", "tests/docs/test_docs_are_true.py")  # the second holds defaults to the settings page
CPU_BUDGET_S = 3.0  # no further test starts after this; a mutant alive by then counts as a survivor
CPU_LIMIT_S = 60  # a mutant still computing after this is an endless loop, and killed
KILLED, SURVIVED, TIMEOUT, UNCOVERED = "killed", "survived", "timeout", "no test reaches it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Hold which tests reach which line of which file, and how long each took; no name stands for an import."""

    lines: dict[str, dict[int, frozenset[str]]]
    seconds: dict[str, float]

    def at(self, path: str, lines: Iterable[int]) -> frozenset[str]:
        """Return the tests that ran any of the lines."""
        found = self.lines.get(path, {})
        return frozenset().union(*(found.get(line, frozenset()) for line in lines))

    def of(self, mutant: mutants.Mutant) -> list[str]:
        """Return the tests that can notice the mutant, the quickest first.

        A constant or a default runs when its module is imported, so its tests are those that run a line with its name,
        those of the test file of its name, and those that hold the docs to the settings. What ran at an import only is
        left to the tests of its file.
        """
        tests = self.at(mutant.path, mutant.lines)
        if not mutant.inside_function:
            word = re.compile(rf"\b{re.escape(mutant.target or 'nothing')}\b")
            for path in self.lines:
                texts = (ROOT / path).read_text(encoding="utf-8").splitlines()
                tests |= self.at(path, (line for line, text in enumerate(texts, 1) if word.search(text)))
            own = {f"test_{Path(mutant.path).stem}.py", f"test_{Path(mutant.path).parent.name}.py"}
            tests |= {name for name in self.seconds if Path(name.partition("::")[0]).name in own}
            tests |= {name for name in self.seconds if not name.startswith(TESTS[0])}
        if tests == {""} or ("" in tests and not mutant.inside_function):
            tests |= self.at(mutant.path, self.lines[mutant.path])
        return sorted(tests & self.seconds.keys(), key=lambda test: (self.seconds[test], test))


class Durations:
    """Record how long each test takes (a pytest plugin)."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Add what one part of a test took."""
        self.seconds[report.nodeid] += report.duration


class Loop:
    """Run mutants instead of the tests that were collected (a pytest plugin)."""

    def __init__(self, work: list[mutants.Mutant], reach: Reach, done: dict[str, str]) -> None:
        self.work, self.reach, self.done = work, reach, done

    def pytest_runtestloop(self, session: Any) -> bool:
        """Try every mutant and keep its outcome at once; `True` tells pytest that the tests were run."""
        items = {item.nodeid: item for item in session.items}
        gc.collect()
        gc.freeze()  # a child that collects garbage need not copy what it shares with its parent
        some = session.items[::25]
        if {in_fork(lambda: run_items(some)), in_fork(lambda: anew(some))} != {SURVIVED}:
            raise SystemExit("the tests fail in a fork, or imported anew, without any mutant")
        for number, mutant in enumerate(self.work, 1):
            tests = [items[name] for name in self.reach.of(mutant) if name in items]
            imported = "" in self.reach.at(mutant.path, mutant.lines)
            self.done[mutant.key] = in_fork(partial(live, mutant, tests, imported=imported)) if tests else UNCOVERED
            save(self.done)
            print(f"{number}/{len(self.work)} {self.done[mutant.key]}: {mutant}", file=sys.stderr)
        return True


class Chosen:
    """Run the chosen tests in their order and stop at the first that fails (a pytest plugin)."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.outcome = SURVIVED

    def pytest_runtestloop(self, session: Any) -> bool:
        """Run them and keep the outcome; `True` tells pytest that the tests were run."""
        items = {item.nodeid: item for item in session.items}
        self.outcome = KILLED if session.testsfailed else run_items([items[n] for n in self.names if n in items])
        return True


def in_fork(work: Any) -> str:
    """Return the outcome of `work` in a child of its own, which an endless loop cannot outlive."""
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
        quiet = os.open(os.devnull, os.O_RDWR)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        outcome = KILLED
        try:
            outcome = work()
        finally:
            os._exit(int(outcome == SURVIVED))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return TIMEOUT
    return SURVIVED if os.WEXITSTATUS(status) else KILLED


def run_items(items: list[Any]) -> str:
    """Run collected tests until one fails or the budget is spent."""
    from _pytest.runner import runtestprotocol

    used = resource.getrusage(resource.RUSAGE_SELF)
    start = used.ru_utime + used.ru_stime
    for item in items:
        used = resource.getrusage(resource.RUSAGE_SELF)
        if used.ru_utime + used.ru_stime - start > CPU_BUDGET_S:
            break
        if any(report.failed for report in runtestprotocol(item, nextitem=None, log=False)):
            return KILLED
    return SURVIVED


def live(mutant: mutants.Mutant, items: list[Any], *, imported: bool) -> str:
    """Put the mutant in place of the code and run its tests, in this process, which is a fork.

    What is `imported` left its results in modules, also of tests: those must be imported anew to show them.
    """
    tree = mutants.mutated(ROOT, mutant)
    if mutant.inside_function and mutants.patch(ROOT / mutant.path, tree):
        outcome = run_items(items)
        if outcome == KILLED or not imported:
            return outcome
    mutants.replace_module(ROOT / mutant.path, tree)
    return anew(items)


def anew(items: list[Any]) -> str:
    """Import the project and the tests of `items` again, and run those."""
    import pytest

    mutants.forget(ROOT)
    chosen = Chosen([item.nodeid for item in items])
    files = list(dict.fromkeys(name.partition("::")[0] for name in chosen.names))
    ended = pytest.main([*files, "-q", "-p", "no:cacheprovider"], plugins=[chosen])
    return chosen.outcome if ended in (0, 5) else KILLED


def measure() -> Reach:
    """Run the tests once with coverage, in a fork, and return what they reach."""
    STORE.mkdir(parents=True, exist_ok=True)
    data, times = STORE / "coverage", STORE / "seconds.json"
    child = os.fork()
    if not child:
        import pytest

        os.environ["COVERAGE_FILE"] = str(data)
        durations = Durations()
        options = ["--cov=strategies", "--cov-context=test", "--cov-report=", "-q", "-p", "no:cacheprovider"]
        ended = pytest.main([*TESTS, *options], plugins=[durations])
        times.write_text(json.dumps(durations.seconds))
        os._exit(int(ended))
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        raise SystemExit("the tests fail without any mutant: mend them first (make test)")
    return reached()


def reached() -> Reach:
    """Return what the last run with coverage recorded."""
    from coverage import CoverageData

    recorded = CoverageData(basename=str(STORE / "coverage"))
    recorded.read()
    lines = {
        str(Path(path).relative_to(ROOT)): {
            line: frozenset(name.partition("|")[0] for name in names)
            for line, names in recorded.contexts_by_lineno(path).items()
        }
        for path in recorded.measured_files()
    }
    return Reach(lines=lines, seconds=json.loads((STORE / "seconds.json").read_text()))


def save(done: dict[str, str]) -> None:
    """Keep the outcomes on disk, whole at any moment."""
    fresh = STORE / "outcomes.new"
    fresh.write_text(json.dumps(done, indent=0))
    fresh.replace(STORE / "outcomes.json")


def sampled(paths: list[str], per_file: int, seed: int) -> Iterator[mutants.Mutant]:
    """Yield the mutants drawn of each file, the same for the same seed and code."""
    for path in paths:
        every = mutants.of_file(ROOT, path)
        rank = {m.key: hashlib.sha256(f"{seed} {m.key}".encode()).hexdigest() for m in every}
        yield from sorted(sorted(every, key=lambda m: rank[m.key])[:per_file], key=lambda m: m.order)


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", help="files under strategies/ (default: all)")
    parser.add_argument("--per-file", type=int, default=10, help="mutants drawn per file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--known-reach", action="store_true", help="take the last coverage run instead of a new one")
    parser.add_argument("--report", action="store_true", help="run nothing, tell what is known already")
    parser.add_argument("--write", action="store_true", help="write docs/mutation.md")
    return parser.parse_args()


def main() -> int:
    """Run the sample and print, or write, what came of it."""
    options = arguments()
    os.nice(19 - os.nice(0))
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    settle_hypothesis()
    paths = options.files or sorted(str(path.relative_to(ROOT)) for path in (ROOT / "strategies").rglob("*.py"))
    drawn = list(sampled(paths, options.per_file, options.seed))
    known = STORE / "outcomes.json"
    done: dict[str, str] = json.loads(known.read_text()) if known.exists() else {}
    todo = [mutant for mutant in drawn if done.get(mutant.key) not in (KILLED, TIMEOUT)]
    if todo and not options.report:
        import pytest

        reach = reached() if options.known_reach else measure()
        pytest.main([*TESTS, "-q", "-p", "no:cacheprovider"], plugins=[Loop(todo, reach, done)])
    outcomes = [(mutant, done[mutant.key]) for mutant in drawn if mutant.key in done]
    counts = Counter(mutant.path for path in paths for mutant in mutants.of_file(ROOT, path))
    page = mutation_page.text(outcomes, counts, alive=(SURVIVED, UNCOVERED))
    if options.write:
        mutation_page.write(ROOT, page)
    print(page)
    return 0


def settle_hypothesis() -> None:
    """Make the property tests draw the same examples each time, and spend no time on making a failure small."""
    from hypothesis import Phase, settings

    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("mutation", derandomize=True, database=None, phases=phases, deadline=None)
    settings.load_profile("mutation")


if __name__ == "__main__":
    raise SystemExit(main())
