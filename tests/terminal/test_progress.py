"""The bar of seed: what a line has at each width, whose rate it is, and what is said above it."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.project import ProjectFolder
from support.terminal import Pane

from sqlalchemy_manage import output
from sqlalchemy_manage.cli import main
from sqlalchemy_manage.commands import _seed_progress
from sqlalchemy_manage.commands._seed_progress import Pace, progress_bars, progress_line
from sqlalchemy_manage.fitting import cells


def pace(total: int, done: int, seconds: float, first: int = 0) -> Pace:
    found = Pace(total)
    found.reached(first, 100.0)
    found.reached(done, 100.0 + seconds)
    return found


def test_the_line_fits_each_width() -> None:
    half = pace(20_000, 10_000, 5.0)
    lines = {w: progress_line("EmployeeFactory", half, 105.0, w) for w in (200, 80, 60, 40, 20)}
    bar = "━" * 20 + "─" * 20
    assert lines[200] == (f"EmployeeFactory  {bar}  10,000 of 20,000 rows  2,000 rows/s  0:05 left")
    assert lines[80] == (
        "EmployeeFactory  ━━━━━━━────────  10,000 of 20,000 rows  2,000 rows/s  0:05 left"
    )
    assert lines[60] == "EmployeeFactory  ━━━━─────  10,000 of 20,000 rows  0:05 left"
    assert lines[40] == "EmployeeFactory  10,000 of 20,000 rows"
    for width in range(24, 201):
        line = progress_line("EmployeeFactory", half, 105.0, width)
        assert cells(line) <= width
        assert "10,000 of 20,000 rows" in line


def test_rate_and_time_left_are_those_of_this_run() -> None:
    resumed = pace(30_000, 20_000, 2.0, first=10_000)
    assert (resumed.rate(102.0), resumed.left(102.0)) == (5_000, 2.0)
    begun = pace(30_000, 10_000, 0.0, first=10_000)
    assert (begun.rate(100.0), begun.left(100.0)) == (None, None)
    assert "rows/s" not in progress_line("F", begun, 100.0, 80)
    slow = pace(300, 3, 2.0)
    assert "1.5 rows/s  3:18 left" in progress_line("F", slow, 102.0, 80)
    done = progress_line("F", pace(300, 300, 2.0), 900.0, 80)
    assert "left" not in done
    assert done.endswith("  150 rows/s")
    assert "5:33:20 left" in progress_line("F", pace(20_001, 1, 1.0), 101.0, 80)
    assert "1 of 1 row  " in progress_line("F", pace(1, 1, 0.5), 101.0, 80) + "  "


@contextmanager
def stderr_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pane]:
    """A terminal of 60 columns as stderr."""
    pane = Pane(60)
    stream = os.fdopen(os.dup(pane.slave), "w", buffering=1)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        patch.setenv("TERM", "xterm")
        patch.setattr(_seed_progress, "_AFTER", 0.0)
        patch.setenv("COLUMNS", "99")  # as another terminal was
        output.configure(1)
        try:
            yield pane
        finally:
            stream.close()
            pane.close()


def until(pane: Pane, text: str) -> str:
    """The screen once ``text`` is on it."""
    end = time.monotonic() + 20
    while text not in "\n".join(pane.seen()):
        assert time.monotonic() < end, pane.seen()
        pane.read(wait=1.0)
    return "\n".join(pane.seen())


def test_notes_come_above_the_bar_and_the_bar_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    plan: Any = SimpleNamespace(name="EmployeeFactory", count=300)
    note = "EmployeeFactory: made one by one with factory_boy, because of its post_generation."
    with stderr_on_a_terminal(monkeypatch) as pane:
        with progress_bars([plan]) as advance:
            advance(plan, 0)
            advance(plan, 3)
            until(pane, "3 of 300 rows")
            output.say(note)
            seen = until(pane, "post_generation.").split("\n")
            assert seen[:2] == [
                "EmployeeFactory: made one by one with factory_boy, because",
                "of its post_generation.",
            ]
            advance(plan, 4)
            seen = until(pane, "4 of 300 rows").split("\n")
            assert sum("of 300 rows" in line for line in seen) == 1, seen
            assert len(seen) == 3
        os.write(pane.slave, b"END\n")
        assert until(pane, "END").split("\n") == [*seen[:2], "END"]


def test_lines_are_for_blocks_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan: Any = SimpleNamespace(name="F", count=10_300)
    output.configure(2)
    with progress_bars([plan]) as advance:
        for done in (0, 1, 2, 10_000, 10_001, 10_300):
            advance(plan, done)
    output.configure(1)
    assert capsys.readouterr().err == "F: 10,000 of 10,300\nF: 10,300 of 10,300\n"


MODELS = """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
"""
FACTORIES = """
from factory import Sequence
from factory.alchemy import SQLAlchemyModelFactory
from staff.models import Note

class NoteFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Note
    text = Sequence(str)

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return super()._create(model_class, *args, **kwargs)
"""


def test_rows_made_one_by_one_are_told_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, int]] = []

    @contextmanager
    def bars(plans: Any) -> Iterator[Any]:
        yield lambda plan, done: told.append((plan.name, done))

    monkeypatch.setattr(_seed_progress, "progress_bars", bars)
    project = ProjectFolder(tmp_path / "slow", f"sqlite:///{tmp_path / 'slow.sqlite'}")
    project.file.write_text(MODELS)
    project.file.with_name("factories.py").write_text(FACTORIES)
    for command in (["makemigrations"], ["migrate"], ["seed", "Note=4"]):
        result = project.manage(*command)
        assert result.code == 0, result
    assert "made one by one" in result.stderr
    assert told == [("NoteFactory", done) for done in range(5)]


SLOW_FACTORIES = """
import time
from factory import lazy_attribute, Sequence
from factory.alchemy import SQLAlchemyModelFactory
from staff.models import Note

class NoteFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Note
    id = Sequence(lambda n: n + 1)

    @lazy_attribute
    def text(self):
        time.sleep(0.15)
        return "slow"
"""


def test_a_slow_function_moves_the_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = ProjectFolder(tmp_path / "slow", f"sqlite:///{tmp_path / 'slow.sqlite'}")
    project.file.write_text(MODELS)
    project.file.with_name("factories.py").write_text(SLOW_FACTORIES)
    project.done("makemigrations")
    project.done("migrate")
    ended = threading.Event()

    def look() -> None:
        while pane.read(wait=0.05) or not ended.is_set():
            pass

    with stderr_on_a_terminal(monkeypatch) as pane, project.imported_anew():
        reader = threading.Thread(target=look)
        reader.start()
        try:
            assert main(["seed", "Note=5"], prog_name="manage.py") == 0
        finally:
            ended.set()
            reader.join()
        written = pane.written.decode()
    counts = [int(number) for number in re.findall(r"(\d) of 5 rows", written)]
    assert counts == sorted(counts)
    assert len(set(counts) & {1, 2, 3, 4}) >= 2, counts
