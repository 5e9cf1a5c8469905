"""Rows that a new constraint does not allow: told when it is written, planned and refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.evolution import HEADER
from support.project import ProjectFolder
from support.scripted import Scripted

PROMPTS = "sqlalchemy_manage.commands._prompts"

TAG = """
class Tag(Base):
    __tablename__ = "tag"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20){name})
    kind: Mapped[Optional[str]] = mapped_column(String(20))
    n: Mapped[int]
    other: Mapped[Optional[int]]{other}
    {args}
"""
ROWS = {
    "tag": [
        {"id": 1, "name": "x", "kind": "a", "n": 1, "other": 1},
        {"id": 2, "name": "y", "kind": None, "n": 0, "other": None},
        {"id": 3, "name": "z", "kind": None, "n": -2, "other": 99},
        {"id": 4, "name": "x", "kind": "b", "n": 5, "other": 3},
        {"id": 5, "name": "z", "kind": "a", "n": 1, "other": 98},
        {"id": 6, "name": "Y", "kind": "c", "n": 1, "other": 2},
    ]
}


def tag(name: str = "", other: str = "", args: str = "") -> str:
    return TAG.format(name=name, other=other, args=f"__table_args__ = ({args},)" if args else "")


@dataclass(frozen=True)
class Case:
    """Models with a constraint that some of ROWS do not keep, and what is said of them."""

    after: str
    said: str
    only: str = ""


SHARED = "4 rows of tag share their name with others: 'x' (id 1, 4), 'z' (id 3, 5)."
SHARED_HERE = {
    "mariadb": "6 rows of tag share their name with others: 'x' (id 1, 4), "
    "'y' (id 2, 6), 'z' (id 3, 5)."
}
CASES = {
    "unique": Case(tag(name=", unique=True"), SHARED),
    "unique index": Case(tag(name=", unique=True, index=True"), SHARED),
    "unique together": Case(
        tag(args='UniqueConstraint("kind", "n")'),
        "2 rows of tag have (kind, n) ('a', 1) (id 1, 5).",
    ),
    "nulls": Case(
        tag(args='UniqueConstraint("kind", name="k", postgresql_nulls_not_distinct=True)'),
        "4 rows of tag share their kind with others: 'a' (id 1, 5), NULL (id 2, 3).",
        "postgresql",
    ),
    "expression": Case(
        tag(args='Index("ix", text("lower(name)"), unique=True)'),
        "6 rows of tag share their lower(name) with others: "
        "'x' (id 1, 4), 'y' (id 2, 6), 'z' (id 3, 5).",
        "sqlite postgresql",
    ),
    "no case": Case(
        tag(args='Index("ix", text("name COLLATE NOCASE"), unique=True)'),
        "6 rows of tag share their name COLLATE NOCASE with others: "
        "'x' (id 1, 4), 'y' (id 2, 6), 'z' (id 3, 5).",
        "sqlite",
    ),
    "partial": Case(
        tag(
            args='Index("ix", "name", unique=True, sqlite_where=text("n > 0"), '
            'postgresql_where=text("n > 0"))'
        ),
        "2 rows of tag have name 'x' (id 1, 4).",
        "sqlite postgresql",
    ),
    "check": Case(
        tag(args='CheckConstraint("n > 0", name="positive")'),
        "2 rows of tag do not keep CHECK (n > 0): id 2 (n 0), id 3 (n -2).",
    ),
    "foreign key": Case(
        tag(other=' = mapped_column(ForeignKey("tag.id"))'),
        "2 rows of tag refer to rows of tag that do not exist: id 3 (other 99), id 5 (other 98).",
    ),
    "primary key": Case(
        tag()
        .replace("id: Mapped[int] = mapped_column(primary_key=True)", "id: Mapped[int]")
        .replace("n: Mapped[int]", "n: Mapped[int] = mapped_column(primary_key=True)"),
        "3 rows of tag have n 1 (id 1, 5, 6).",
    ),
    "exclude": Case(
        tag(
            args='postgresql.ExcludeConstraint((func.int4range(column("n"), column("n"), '
            'text("\'[]\'")), "&&"), name="apart")'
        ),
        "3 pairs of rows of tag exclude each other: id 1 and id 5, id 1 and id 6, id 5 and id 6.",
        "postgresql",
    ),
}


@pytest.fixture
def app(tmp_path: Path, backend: str, new_database: Callable[..., str]) -> ProjectFolder:
    app = ProjectFolder(tmp_path / "project", new_database(backend))
    app.file.write_text(HEADER + tag())
    app.done("makemigrations")
    app.done("migrate")
    app.insert(ROWS)
    return app


@pytest.mark.parametrize("name", list(CASES))
def test_told_at_each_step(app: ProjectFolder, backend: str, name: str) -> None:
    case = CASES[name]
    if case.only and backend not in case.only:
        pytest.skip("another database has it")
    said = SHARED_HERE.get(backend, case.said) if case.said is SHARED else case.said
    app.file.write_text(HEADER + "from sqlalchemy.dialects import postgresql\n" + case.after)
    written = app.manage("makemigrations", "--no-input")
    assert written.code == 0, written
    assert said.rstrip(".") in written.stderr, written
    assert "the revision stops there" in written.stderr
    if name != "exclude":  # which is no text that can be read from the file
        plan = app.done("migrate", "--plan").stdout
        assert f"stops: {said.rstrip('.')} (" in plan, plan
    refused = app.manage("migrate")
    assert refused.code == 1, refused
    assert said.rstrip(".") in refused.stderr, refused
    assert "_alembic_tmp_" not in refused.stderr
    assert f"{app.versions / app.revisions[-1]}, line" in refused.stderr or name == "foreign key"
    app.execute(
        "DELETE FROM tag WHERE id IN (3, 5, 6, 4)", "UPDATE tag SET n = 7, kind = 'z' WHERE id = 2"
    )
    app.done("migrate")
    assert app.manage("makemigrations", "--check").code == 0


def test_on_a_terminal_it_is_asked(app: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    app.file.write_text(HEADER + tag(name=", unique=True", args='Index("ix_kind", "kind")'))
    for answer, written in (("write", True), ("leave", False)):
        asked = Scripted([answer])
        monkeypatch.setattr(f"{PROMPTS}.questioner_for", lambda project, asked=asked: asked)
        text = app.done("makemigrations", "--dry-run").stdout
        assert "create_index" in text
        assert ("create_unique_constraint" in text) == written
        (question,) = asked.asked
        assert "share their name with others: 'x' (id 1, 4)" in question.text
        assert question.default == "write"


def test_rows_that_the_revision_may_correct_are_not_held_against_it(app: ProjectFolder) -> None:
    app.file.write_text(HEADER + tag(args='CheckConstraint("n > 0", name="positive")'))
    app.done("makemigrations", "--no-input")
    path = app.versions / app.revisions[-1]
    text = path.read_text()
    update = '    op.execute("UPDATE tag SET n = 1 WHERE n <= 0")\n'
    path.write_text(text.replace("def upgrade() -> None:\n", f"def upgrade() -> None:\n{update}"))
    assert "stops:" not in app.done("migrate", "--plan").stdout
    app.done("migrate")


@pytest.mark.parametrize(("filled", "stops"), [("kind", True), ("n", False)])
def test_filling_one_column_corrects_no_other(app: ProjectFolder, filled: str, stops: bool) -> None:
    app.file.write_text(HEADER + tag(args='CheckConstraint("n > 0", name="positive")'))
    app.done("makemigrations", "--no-input")
    path = app.versions / app.revisions[-1]
    text = path.read_text()
    fill = f'    op.fill_nulls("tag", "{filled}", "1")\n'
    path.write_text(text.replace("def upgrade() -> None:\n", f"def upgrade() -> None:\n{fill}"))
    assert ("stops:" in app.done("migrate", "--plan").stdout) == stops


def test_only_looking_tells_too(app: ProjectFolder) -> None:
    app.file.write_text(HEADER + tag(args='CheckConstraint("n > 0", name="positive")'))
    checked = app.manage("makemigrations", "--check")
    assert checked.code == 1 and "2 rows of tag do not keep CHECK (n > 0)" in checked.stderr


def test_many_values_are_cut(app: ProjectFolder) -> None:
    rows = [
        {"id": n, "name": f"n{n % 7}", "kind": None, "n": -n, "other": None} for n in range(10, 90)
    ]
    app.insert({"tag": rows})
    app.file.write_text(
        HEADER + tag(name=", unique=True", args='CheckConstraint("n > 0", name="positive")')
    )
    said = app.done("makemigrations", "--no-input").stderr
    assert "(id 14, 21, 28, 35, 42, ...), 'n1' (id " in said
    assert ", 'n4' (id 11, 18, 25, 32, 39, ...), ... UNIQUE" in said
    assert (
        "82 rows of tag do not keep CHECK (n > 0): id 2 (n 0), id 3 (n -2), id 10 (n -10)" in said
    )
