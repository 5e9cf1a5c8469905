"""test: pytest as it is, in the project's folder and with its settings."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.programs import ROOT, Manage, run

TESTS = """
import json, os, sys

def test_where(tmp_path):
    seen = {"cwd": os.getcwd(), "args": sys.argv[1:]}
    seen["settings"] = os.environ["MANAGE_SETTINGS_MODULE"]
    with open("seen.json", "w") as file:
        json.dump(seen, file)
"""


@pytest.fixture
def folder(copy_project: Callable[[str], Path]) -> Path:
    path = copy_project("bare")
    (path / "test_project.py").write_text(TESTS)
    return path


def test_arguments_folder_and_settings(folder: Path) -> None:
    arguments = ["-q", "--color=no", "-phandmade", "-v", "-k", "where or --help", "--no-header"]
    # It stands for any plugin: what it is called is pytest's business. That of an installed
    # one would hide it from pytest.
    (folder / "handmade.py").write_text("")
    (folder / "other_settings.py").write_text((folder / "settings.py").read_text())
    result = run(
        folder.parent, folder / "manage.py", "--settings", "other_settings", "test", *arguments
    )
    assert result.code == 0, result
    assert "1 passed" in result.stdout
    assert json.loads((folder / "seen.json").read_text()) == {
        "cwd": str(folder.resolve()),
        "settings": "other_settings",
        "args": arguments,
    }


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["test_project.py::test_where"], 0),
        (["test_failing.py"], 1),
        (["--no-such-option"], 4),
        (["-k", "nothing_of_this_name"], 5),
    ],
)
def test_the_exit_code_is_pytests(folder: Path, arguments: list[str], code: int) -> None:
    (folder / "test_failing.py").write_text("def test_it():\n    assert False\n")
    assert run(folder, "manage.py", "test", *arguments).code == code


def test_help_is_the_commands_and_behind_two_dashes_pytests(folder: Path) -> None:
    result = run(folder, "manage.py", "test", "--help")
    assert result.code == 0
    assert "Example:" in result.stdout
    assert "--database" not in result.stdout
    pytests = run(folder, "manage.py", "test", "--", "--help").stdout
    assert pytests.startswith("usage: python -m pytest")


def test_pytest_is_missing(
    manage_on: Callable[[str], Manage], monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pytest" else find_spec(name)
    )
    result = manage_on("sqlite://")("test")
    assert result.code == 1
    assert result.stderr == ("Error: pytest is not installed.\npip install pytest\n")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of a terminal")
def test_an_interrupt_leaves_pytest_its_summary(folder: Path) -> None:
    (folder / "test_slow.py").write_text(
        "import signal\ndef test_it():\n    print('started', flush=True)\n    signal.pause()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "manage.py", "test", "-s", "test_slow.py"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert any("started" in line for line in process.stdout)
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C at a terminal does
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "KeyboardInterrupt" in stdout
    assert "no tests ran" in stdout
    assert stderr == ""
