"""New files are laid down all or not at all."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sqlalchemy_manage.scaffold import placing
from sqlalchemy_manage.scaffold.new_files import NewFile
from sqlalchemy_manage.scaffold.placing import NotLaidDown, lay_down

NEW = [NewFile("manage.py", "one"), NewFile("app/models.py", "two"), NewFile("app/a/b.py", "")]


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


WHOLE = {"app/a/b.py": "", "app/models.py": "two", "manage.py": "one"}


@pytest.mark.parametrize("below", [".", "new", "new/and/deeper"])
def test_they_come_with_their_folders(tmp_path: Path, below: str) -> None:
    made = lay_down(tmp_path / below, NEW)
    assert tree(tmp_path / below) == WHOLE
    assert made == [tmp_path / below / file.path for file in NEW]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_folders_that_exist_keep_what_they_have(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "mine.py").write_text("mine")
    lay_down(tmp_path, NEW)
    assert tree(tmp_path) == {**WHOLE, "app/mine.py": "mine"}


def test_whoever_may_read_the_program_may_run_it(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        lay_down(tmp_path, NEW)
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE((tmp_path / path).stat().st_mode) for path in ("manage.py", "app")}
    assert modes == {"manage.py": 0o750, "app": 0o750}
    assert stat.S_IMODE((tmp_path / "app" / "models.py").stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["manage.py", "app/models.py"])
def test_a_file_that_comes_up_meanwhile_stays_and_nothing_is_made(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = placing._units

    def meanwhile(temporary: Path, base: Path) -> list[Path]:
        found = original(temporary, base)
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("other")
        return found

    monkeypatch.setattr(placing, "_units", meanwhile)
    with pytest.raises(NotLaidDown, match=r"exists|not empty"):
        lay_down(tmp_path, NEW)
    assert tree(tmp_path) == {name: "other"}


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("there", [False, True])
def test_nothing_stays_wherever_it_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, there: bool
) -> None:
    """The disk is full at one of the writes, or at one of the renames."""
    if there:
        (tmp_path / "app").mkdir()
    steps = iter(range(100))
    originals = {"write": placing._write, "rename": os.rename, "link": os.link}

    def failing(name: str):
        def step(*args: object) -> None:
            if next(steps) == at:
                raise OSError(errno.ENOSPC, "No space left on device", str(args[0]))
            originals[name](*args)

        return step

    monkeypatch.setattr(placing, "_write", failing("write"))
    monkeypatch.setattr(os, "rename", failing("rename"))
    monkeypatch.setattr(os, "link", failing("link"))
    count = 3 + (3 if there else 2)
    if at >= count:
        lay_down(tmp_path, NEW)
        return
    with pytest.raises(NotLaidDown, match=r"The disk is full.*Nothing was made") as caught:
        lay_down(tmp_path, NEW)
    assert caught.value.hint == "Free some space, then repeat the command."
    assert [path.name for path in tmp_path.rglob("*")] == (["app"] if there else [])


def test_a_file_that_the_system_cuts_off(tmp_path: Path) -> None:
    """What writing beyond a limit of the system does, as a quota would."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300));"
        "from sqlalchemy_manage import main; sys.exit(main(['startproject', 'shop']))"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1, done
    assert "Nothing was made." in done.stderr
    assert ".new-" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(NotLaidDown, match="The permissions are missing"):
            lay_down(tmp_path / "new", NEW)
    finally:
        tmp_path.chmod(0o700)


def test_a_file_in_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotLaidDown, match="is a file, and no folder"):
        lay_down(tmp_path / "file" / "new", NEW)
