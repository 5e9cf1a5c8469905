"""Reading revision files without running them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sqlalchemy_manage.errors import HistoryError, UsageError
from sqlalchemy_manage.migrations.history import History, Revision, read_history


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
        ({"head.py": ("head", None)}, "no valid revision id"),
        ({"x.py": ("it's", None)}, "no valid revision id"),
        ({f"{'a' * 33}.py": ("a" * 33, None)}, "33 characters"),
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
        history.single_head()
    assert "alembic merge 0002_b 0002_c" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("typed", "found"),
    [("0002_bob", "0002_bob"), ("0002", "0002_bob"), ("2", "0002_bob"), ("0010_c", "0010_carol")],
)
def test_resolves_names_beginnings_and_numbers(typed: str, found: str) -> None:
    assert chain("0001_alice", "0002_bob", "0010_carol").resolve(typed) == found


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
