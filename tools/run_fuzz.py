"""Fuzz one target with coverage from atheris; see "Fuzzing" in docs/threat-model.md. Run by `make fuzz`.

The corpus is kept packed, one input a line in hexadecimal, under tests/fuzz/corpus; it is unpacked into a folder for
the fuzzer, and packed again, minimised, with `--pack`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
PACKED = ROOT / "tests" / "fuzz" / "corpus"
LARGEST_INPUT = 1024
WATCHED = ["bot", "config", "strategies", "ib_insync", "ib_async"]
WATCHED_FOLDERS = tuple(f"{ROOT / name}/" for name in WATCHED[:3])

Step = tuple[str, int, int]

sys.path[:0] = [str(ROOT), str(ROOT / "tests")]


def unpack(target: str, folder: Path) -> None:
    """Write each line of the packed corpus as a file."""
    folder.mkdir(parents=True, exist_ok=True)
    packed = PACKED / f"{target}.txt"
    for line in packed.read_text(encoding="ascii").split() if packed.is_file() else ():
        data = bytes.fromhex(line)
        (folder / sha256(data).hexdigest()[:20]).write_bytes(data)


def pack(target: str, folder: Path, most_bytes: int) -> int:
    """Write the inputs that each reach something new as lines, the shortest first; return how many there are.

    Inputs are left out once the packed file would be longer than `most_bytes`.
    """
    run = function(target)
    run(b"")
    inputs = {path.read_bytes() for path in folder.iterdir() if path.is_file()}
    seen: set[Step] = set()
    kept: list[str] = []
    for data in sorted(inputs, key=lambda data: (len(data), data)):
        fresh = steps(run, data) - seen
        if fresh and sum(map(len, kept)) + 2 * len(data) < most_bytes:
            seen |= fresh
            kept.append(data.hex())
    PACKED.mkdir(exist_ok=True)
    (PACKED / f"{target}.txt").write_text("".join(f"{line}\n" for line in kept), encoding="ascii")
    return len(kept)


def steps(run: Callable[[bytes], None], data: bytes) -> set[Step]:
    """Return the steps from line to line that an input takes through the project's code."""
    taken: set[Step] = set()

    def enter(frame: FrameType, event: str, _: object) -> Callable[..., object] | None:
        name = frame.f_code.co_filename
        if not name.startswith(WATCHED_FOLDERS):
            return None
        last = 0

        def step(inner: FrameType, event: str, _: object) -> Callable[..., object]:
            nonlocal last
            taken.add((name, last, inner.f_lineno))
            last = inner.f_lineno
            return step

        return step

    sys.settrace(enter)
    try:
        run(data)
    finally:
        sys.settrace(None)
    return taken


def function(target: str) -> Callable[[bytes], None]:
    """Return the function of a target."""
    from fuzz.targets import target as find

    return find(target)


def fuzz(target: str, options: list[str]) -> None:
    """Hand the target to atheris; it does not return."""
    import atheris

    with atheris.instrument_imports(include=WATCHED):
        run = function(target)
    run(b"")  # what is built once is built before the first input is timed
    atheris.Setup([sys.argv[0], f"-max_len={LARGEST_INPUT}", *options], run)
    atheris.Fuzz()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--work", type=Path, required=True, help="folder for inputs and findings")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--pack", action="store_true", help="minimise what was found into the packed corpus")
    parser.add_argument("--most-bytes", type=int, default=20_000, help="size of the packed corpus")
    given = parser.parse_args()
    found = given.work / given.target
    unpack(given.target, found)
    if given.pack:
        print(f"{given.target}: {pack(given.target, found, given.most_bytes)} inputs kept")
        return
    fuzz(
        given.target,
        [
            str(found),
            f"-max_total_time={given.seconds}",
            f"-artifact_prefix={given.work}/{given.target}-",
            "-print_final_stats=1",
            "-timeout=20",
            "-rss_limit_mb=2048",
            "-len_control=0",
        ],
    )


if __name__ == "__main__":
    main()
