"""The answers printed in the guide are those that the program gives."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from bot import cli

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"```console\n(.*?)```", (ROOT / "docs" / "guide.md").read_text(encoding="utf-8"), re.DOTALL)
EXAMPLES = [part for block in BLOCKS for part in block.split("$ ") if part.startswith("alvh whatif")]


def test_the_guide_has_worked_examples() -> None:
    assert len(EXAMPLES) >= 5


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.splitlines()[0])
def test_a_worked_example_prints_what_the_guide_says(
    example: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command, *told = example.strip().splitlines()
    monkeypatch.chdir(ROOT)
    assert cli.run(shlex.split(command)[1:]) == 0
    printed = capsys.readouterr().out
    assert told
    for line in told:
        assert line.strip() in printed
