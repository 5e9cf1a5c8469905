"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sqlalchemy_manage.files import hidden_file, put_in_place, written_whole


@pytest.fixture(autouse=True)
def umask() -> object:
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_comes_whole(tmp_path: Path) -> None:
    path = tmp_path / "new.txt"
    with written_whole(path, replace=False) as file:
        file.write("some")
        assert not path.exists()
        file.write("thing")
    assert path.read_text() == "something"
    assert mode(path) == 0o640
    assert names(tmp_path) == ["new.txt"]


def test_a_file_in_the_way_stays(tmp_path: Path) -> None:
    path = tmp_path / "old.txt"
    path.write_text("old")
    with pytest.raises(FileExistsError), written_whole(path, replace=False) as file:
        file.write("new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["old.txt"]


@pytest.mark.parametrize("private", [True, False])
def test_a_file_is_replaced_with_its_mode(tmp_path: Path, private: bool) -> None:
    path = tmp_path / "old.txt"
    path.write_text("old")
    path.chmod(0o604)
    with written_whole(path, replace=True, private=private) as file:
        file.write("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert mode(path) == (0o600 if private else 0o604)
    assert names(tmp_path) == ["old.txt"]


def test_a_failure_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "old.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), written_whole(path, replace=True) as file:
        file.write("new")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert names(tmp_path) == ["old.txt"]


def test_line_ends_are_kept_where_that_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    with written_whole(path, replace=True, newline="") as file:
        file.write("a\r\nb\n")
    assert path.read_bytes() == b"a\r\nb\n"


def test_a_hidden_file_goes_unless_it_gets_its_name(tmp_path: Path) -> None:
    with hidden_file(tmp_path, ".partial") as path:
        assert path.name.startswith(".") and path.suffix == ".partial"
        assert mode(path) == 0o600
    assert names(tmp_path) == []
    for replace in (False, True):
        with hidden_file(tmp_path) as path:
            path.write_text(str(replace))
            put_in_place(path, tmp_path / "done", replace=replace)
        assert (tmp_path / "done").read_text() == str(replace)
        assert names(tmp_path) == ["done"]
