"""Reading revision files without running them."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sqlalchemy_manage.errors import HistoryError, UsageError
from sqlalchemy_manage.migrations.revisions.branches import head_on
from sqlalchemy_manage.migrations.revisions.git import added
from sqlalchemy_manage.migrations.revisions.history import History, Revision, read_history


def write(folder: Path, name: str, revision: str, down: str | None, more: str = "") -> None:
    (folder / name).write_text(
        f'"""Doc of {revision}."""\nrevision = {revision!r}\ndown_revision = {down!r}\n{more}\n'
    )


def chain(*ids: str) -> History:
    downs = [(), *((i,) for i in ids)]
    return History(Revision(i, down, Path(f"{i}.py")) for i, down in zip(ids, downs, strict=False))


def test_reads_id_parent_and_doc_without_running_the_file(tmp_path: Path) -> None:
    write(tmp_path, "0002_b.py", "0002_b", "0001_a")
    write(tmp_path, "0001_a.py", "0001_a", None, "raise RuntimeError('run')")
    history = read_history(tmp_path).require_sound()
    assert [r.id for r in history.revisions] == ["0001_a", "0002_b"]
    assert history.revisions[1].down == ("0001_a",)
    assert history.revisions[1].doc == "Doc of 0002_b."


def test_reads_alembics_own_annotated_template(tmp_path: Path) -> None:
    (tmp_path / "abc_x.py").write_text(
        "from typing import Union\n"
        'revision: str = "abc"\n'
        "down_revision: Union[str, None] = None  # first\n"
        "depends_on: Union[str, None] = None\n"
    )
    assert read_history(tmp_path).by_id["abc"].down == ()


def test_reads_a_merge_written_over_several_lines(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "a", None)
    write(tmp_path, "b.py", "b", None)
    (tmp_path / "m.py").write_text('revision = "m"\ndown_revision = (\n    "a",\n    "b",\n)\n')
    assert read_history(tmp_path).by_id["m"].down == ("a", "b")
    assert read_history(tmp_path).heads == ("m",)


def test_files_without_a_revision_are_no_revisions(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").write_text("x = 1\n")
    (tmp_path / "__init__.py").write_text("")
    assert len(read_history(tmp_path)) == 0


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"0001_a.py": ("0001_a", None), "0001_b.py": ("0001_a", None)}, "two files have"),
        ({"0002_b.py": ("0002_b", "0001_gone")}, "builds on '0001_gone'"),
        ({"0001_a.py": ("0001_a", "0002_b"), "0002_b.py": ("0002_b", "0001_a")}, "in a circle"),
        ({"0001_other.py": ("0001_a", None)}, "should be named 0001_a.py"),
        ({"head.py": ("head", None)}, "not a valid revision id"),
        ({"x.py": ("it's", None)}, "not a valid revision id"),
        ({"0002_a.py": ("0002_a", None), "0001_b.py": ("0001_b", "0002_a")}, "numbered no higher"),
    ],
)
def test_a_broken_history_is_refused_before_anything_runs(
    tmp_path: Path, files: dict[str, tuple[str, str | None]], message: str
) -> None:
    for name, (revision, down) in files.items():
        write(tmp_path, name, revision, down)
    with pytest.raises(HistoryError, match=message):
        read_history(tmp_path).require_sound()


def test_a_duplicate_names_both_files(tmp_path: Path) -> None:
    write(tmp_path, "0001_a.py", "0001_a", None)
    write(tmp_path, "0001_b.py", "0001_a", None)
    with pytest.raises(HistoryError) as caught:
        read_history(tmp_path).require_sound()
    assert "0001_a.py" in str(caught.value) and "0001_b.py" in str(caught.value)


@pytest.mark.parametrize("names", [("ab12_x.py", "AB12_y.py"), ("z.py", "a.py")])
def test_ids_that_differ_in_case_alone_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    write(tmp_path, names[0], "ab12", None)
    write(tmp_path, names[1], "AB12", "ab12")
    with pytest.raises(HistoryError, match="only in upper and lower case") as caught:
        read_history(tmp_path).require_sound()
    assert all(str(tmp_path / name) in str(caught.value) for name in names)


@pytest.mark.parametrize("copy", ["0001_a (1).py", "0001_a copy.py", "0001_a_copy.py"])
def test_a_copy_of_a_file_is_told_from_another_branchs_file(tmp_path: Path, copy: str) -> None:
    write(tmp_path, "0001_a.py", "0001_a", None)
    write(tmp_path, copy, "0001_a", None)
    with pytest.raises(HistoryError, match="They are identical: delete the copy") as caught:
        read_history(tmp_path).require_sound()
    assert str(tmp_path / copy) in str(caught.value)
    assert f"{tmp_path / '0001_a.py'}" in str(caught.value)
    write(tmp_path, copy, "0001_a", None, "x = 1")
    with pytest.raises(HistoryError, match="two files have") as caught:
        read_history(tmp_path).require_sound()
    assert "delete the copy" not in str(caught.value)


def test_a_file_that_is_not_python_is_named(tmp_path: Path) -> None:
    (tmp_path / "0001_a.py").write_text("revision = 'x\n")
    with pytest.raises(HistoryError, match=r"0001_a\.py: cannot be read"):
        read_history(tmp_path).require_sound()


def test_two_heads_are_named_with_the_command_that_joins_them() -> None:
    history = History(
        [
            Revision("0001_a", (), Path("0001_a.py")),
            Revision("0002_b", ("0001_a",), Path("0002_b.py")),
            Revision("0002_c", ("0001_a",), Path("0002_c.py")),
        ]
    ).require_sound()
    with pytest.raises(HistoryError, match="0002_b and 0002_c") as caught:
        head_on(history, None)
    hint = str(caught.value.hint)
    assert "manage.py makemigrations --merge" in hint
    assert "alembic merge 0002_b 0002_c" in hint


def two_heads(folder: Path) -> HistoryError:
    write(folder, "0001_a.py", "0001_a", None)
    write(folder, "0002_bob.py", "0002_bob", "0001_a")
    write(folder, "0002_carol.py", "0002_carol", "0001_a")
    commit(folder, "0001_a.py", "Alice", "2026-01-01T08:00:00+00:00")
    commit(folder, "0002_bob.py", "Bob", "2026-03-01T09:30:00+00:00")
    write(folder, "0002_bob.py", "0002_bob", "0001_a", "# changed later")
    commit(folder, "0002_bob.py", "Mallory", "2026-05-05T05:05:00+00:00")
    os.utime(folder / "0002_carol.py", (0, 1767312000))
    with pytest.raises(HistoryError) as caught:
        head_on(read_history(folder).require_sound(), None)
    return caught.value


def commit(folder: Path, name: str, author: str, when: str) -> None:
    settings = ["-c", "user.name=x", "-c", "user.email=x@x", "-c", "commit.gpgsign=false"]
    for command in (
        ["init", "-q"],
        ["add", name],
        [*settings, "commit", "-qm", "x", f"--author={author} <x@x>", f"--date={when}"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_two_heads_come_with_author_and_date_of_their_files(tmp_path: Path, utc: None) -> None:
    assert two_heads(tmp_path).message == (
        "The history has 2 heads: 0002_bob and 0002_carol. "
        "Usually two branches each added a revision.\n"
        "  0002_bob: 2026-03-01 09:30, by Bob\n"
        "  0002_carol: 2026-01-02 00:00, not committed"
    )


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize(
    "script",
    [
        None,
        "#!/bin/sh\nexec sleep 60\n",
        "#!/bin/sh\necho 2020-02-02T02:02:02Z Me\nexit 1\n",
        "#!/bin/sh\necho no date\n",
    ],
)
def test_git_missing_slow_or_broken_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, utc: None, script: str | None
) -> None:
    folder = tmp_path / "versions"
    folder.mkdir()
    two_heads(folder)
    os.utime(folder / "0002_bob.py", (0, 1767312060))
    if script is not None:
        (tmp_path / "git").write_text(script)
        (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin" if script else str(tmp_path))
    monkeypatch.setattr("sqlalchemy_manage.migrations.revisions.git._AUTHOR_TIMEOUT", 0.2)
    started = time.monotonic()
    found = added(folder / "0002_bob.py")
    assert str(found) == "2026-01-02 00:01, not committed"
    assert time.monotonic() - started < 5
    assert added(tmp_path / "gone.py") is None


@pytest.mark.parametrize(
    ("typed", "found"),
    [("0002_bob", "0002_bob"), ("0002", "0002_bob"), ("2", "0002_bob"), ("0010_c", "0010_carol")],
)
def test_resolves_names_beginnings_and_numbers(typed: str, found: str) -> None:
    assert chain("0001_alice", "0002_bob", "0010_carol").resolve(typed) == found


@pytest.mark.parametrize("typed", ["948", "9", "948e9931f412", "d3"])
def test_the_beginning_of_a_hexadecimal_id_may_look_like_a_number(typed: str) -> None:
    found = chain("948e9931f412", "d34db33f0000", "0001_alice").resolve(typed)
    assert found.startswith(typed)
    # A number of the tool's own comes first.
    assert chain("1234567890ab", "0001_alice").resolve("1") == "0001_alice"


def test_an_ambiguous_beginning_lists_the_candidates() -> None:
    with pytest.raises(UsageError, match="0001_alice, 0001_bob"):
        chain("0001_alice", "0001_bob").resolve("0001")


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean '0002_bob'"):
        chain("0001_alice", "0002_bob").resolve("0002_bbo")


def test_the_next_number_is_above_the_highest() -> None:
    assert chain("0001_a", "0007_b").next_number() == 8
    assert chain().next_number() == 1
    assert chain("ae10", "be20").next_number() == 3
    # Whatever was written by other tools, or by hand: no number is given twice.
    assert chain("0001_a", "0005_Big").next_number() == 6
    assert chain("0001_a", "12345_b").next_number() == 12346
