"""Every command that the README shows runs, and prints what the README says.

Numbers of rows and links are compared too: links are drawn by numbers that no release of
Faker changes. Where a change of the program changes them, ``RENEW_README=1`` with this
test writes those that come out into the README, and nothing else: the test fails still for
a text that differs in more than its numbers. Look at the diff before you commit it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from support.programs import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"^(?:<!-- in (?P<place>\w+) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S
)


def normal(text: str, folder: Path) -> str:
    """``text`` without what differs from run to run: times, rates, the folder, spaces at line
    ends."""
    text = shown(text, folder)
    text = re.sub(r"\d+\.\d\d s\b", "N s", text)
    text = re.sub(r"[\d,]+ rows/s", "N rows/s", text)
    return text


def shown(text: str, folder: Path) -> str:
    """``text`` as the README shows it."""
    text = text.replace(str(folder), f"/home/me/{folder.name}")
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def renew(expected: str, printed: str) -> str:
    """``expected`` with the numbers that were printed, in the README too.

    Times and rates are left as they are.
    """
    lines, found = expected.rstrip().splitlines(), printed.splitlines()
    same = [re.sub(r" *[\d,]+", " N", "\n".join(each)) for each in (lines, found)]
    if same[0] != same[1]:
        return expected
    new = [
        old if normal(old, Path("/")) == normal(line, Path("/")) else _renewed(old, line)
        for old, line in zip(lines, found, strict=True)
    ]
    text = "\n".join(new) + expected[len(expected.rstrip()) :]
    path = ROOT / "README.md"
    path.write_text(path.read_text(encoding="utf-8").replace(expected, text), encoding="utf-8")
    return text


def _renewed(old: str, line: str) -> str:
    timed = re.compile(r"[\d,]+ rows/s|\d+\.\d\d s\b")
    kept = iter(timed.findall(old))
    return timed.sub(lambda match: next(kept), line.rstrip())


def sessions() -> dict[str, list[tuple[str, str]]]:
    """Place -> what happens there in order: (file name, text) or ("$", session)."""
    found: dict[str, list[tuple[str, str]]] = {}
    for match in BLOCK.finditer(README):
        place = match["place"]
        if place is None:
            continue
        text = match["text"]
        name = re.match(r"# (\S+\.py)\n", text)
        found.setdefault(place, []).append((name[1], text) if name else ("$", text))
    return found


@pytest.mark.slow(reason="each command is a new interpreter")
@pytest.mark.parametrize("place", sessions())
def test_what_the_readme_shows_is_what_happens(place: str, tmp_path: Path) -> None:
    folder = tmp_path / place
    if place == "sample":
        tracked = ("manage.py", "settings.py", "pyproject.toml", "hr", "migrations", "fixtures")
        folder.mkdir()
        for name in tracked:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder)
    else:
        folder.mkdir()
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("python", "alembic"):
        script = programs / name
        module = "" if name == "python" else "-m alembic "
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module}"$@"\n')
        script.chmod(0o755)
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "MANAGE_"))
    }
    environment |= {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "NO_COLOR": "1",
        "COLUMNS": "80",
    }
    for name, text in sessions()[place]:
        if name != "$":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
            continue
        for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
            command, _, expected = part.partition("\n")
            done = subprocess.run(
                ["sh", "-c", command],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=120,
            )
            if os.environ.get("RENEW_README"):
                expected = renew(expected, shown(done.stdout, folder))
            assert normal(done.stdout, folder) == normal(expected, folder), (
                f"$ {command}\n{done.stdout}\n(only its numbers? RENEW_README=1 writes them)"
            )


def test_the_first_screen_has_the_two_commands() -> None:
    first_screen = README.splitlines()[:40]
    starts = [line for line in first_screen if line.startswith("python3 -m venv")]
    commands = [line.partition(" manage.py ")[2] for line in starts]
    assert commands == ["prepare", "test -n auto"]


def test_every_command_and_setting_is_in_the_readme() -> None:
    from sqlalchemy_manage.command_files import core_commands
    from sqlalchemy_manage.conf import KNOWN

    for name in core_commands():
        assert re.search(rf"^\| `{name}\b", README, re.M), f"README has no row for {name}"
    for name in KNOWN:
        assert f"`{name}`" in README, f"README does not name the setting {name}"


def test_every_option_of_every_command_is_in_the_readme() -> None:
    import importlib

    from sqlalchemy_manage.command_files import core_commands

    for name in core_commands():
        command = importlib.import_module(f"sqlalchemy_manage.commands.{name}").command
        row = re.search(rf"^\| `{name}\b.*$", README, re.M)
        assert row is not None
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.expose_value:
                flags = [flag for flag in parameter.opts if flag in row[0]]
                assert flags, f"README's row of {name} lacks {parameter.opts}"


def test_the_profiles_in_the_readme_are_those_of_the_sample() -> None:
    shown = re.search(r"^# hr/seeds\.py\n(.*?)^```$", README, re.M | re.S)
    assert shown is not None
    text = (ROOT / "hr" / "seeds.py").read_text(encoding="utf-8")
    for line in shown[1].splitlines():
        assert line in text
