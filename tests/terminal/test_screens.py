"""Whole screens, as the files of screens/ show them, on terminals of 60, 80, 120 and 200 columns.

After a change that is meant: ``SCREENS=write pytest tests/terminal/test_screens.py``, and then a
look at what has changed in the files.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.programs import ROOT, run
from support.terminal import Shown, on_terminal, require_whole_words

SCREENS = Path(__file__).parent / "screens"
# Name, arguments, widths.
CASES: dict[str, tuple[list[str], tuple[int, ...]]] = {
    "help": (["help"], (60, 80, 120, 200)),
    "help-migrate": (["help", "migrate"], (60, 80)),
    "help-shell": (["shell", "--help"], (60, 120)),
    "checklinks": (["checklinks"], (60, 80, 120)),
    "headcount": (["headcount"], (60, 80)),
    "check": (["check"], (60, 80)),
    "plan": (["migrate", "zero", "--plan"], (60, 80)),
    "unknown-option": (["migrate", "--data-loss"], (60,)),
    "app-of-django": (["makemigrations", "hr"], (60, 80)),
    "no-settings": (["--settings", "nothing.of.this.name", "check"], (60, 80)),
    "dry-run": (["seed", "--dry-run"], (60, 80)),
}


@pytest.fixture(scope="module")
def stage() -> Iterator[Path]:
    """The sample project with its sample rows, in a folder whose path is always as long."""
    folder = Path(tempfile.mkdtemp(prefix="screens-", dir="/tmp")).resolve()
    for name in ("manage.py", "settings.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    for name in ("hr", "migrations", "fixtures"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    assert run(folder, "manage.py", "migrate").code == 0
    assert run(folder, "manage.py", "loaddata", "sample").code == 0
    yield folder
    shutil.rmtree(folder)


def compare(name: str, shown: Shown, folder: Path) -> None:
    """Compare with the file, or write it."""
    lines = [line.replace(str(folder), "/tmp/screens-xxxxxxxx") for line in shown.screen]
    lines = [re.sub(r"\d+\.\d\d s\b", "0.00 s", line) for line in lines]
    text = "\n".join([*lines, f"[exit {shown.code}]", ""])
    file = SCREENS / f"{name}-{shown.width}.txt"
    if os.environ.get("SCREENS") == "write":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "width"), [(name, width) for name, (_, widths) in CASES.items() for width in widths]
)
def test_the_screen_is_as_in_its_file(stage: Path, name: str, width: int) -> None:
    arguments, _ = CASES[name]
    shown = on_terminal(stage, *arguments, width=width)
    compare(name, shown, stage)
    require_whole_words(shown)
