"""What branches did, read from their files, and the revision that joins them."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.programs import Result, run

from sqlalchemy_manage.errors import HistoryError, MigrationError
from sqlalchemy_manage.migrations.actions.merge import Merge, draft_merge, plan_merge
from sqlalchemy_manage.migrations.analysis.operations import steps_of
from sqlalchemy_manage.migrations.revisions.branches import head_on
from sqlalchemy_manage.migrations.revisions.files import create_folder
from sqlalchemy_manage.migrations.revisions.history import History, read_history
from sqlalchemy_manage.project import Project


@pytest.fixture
def folder(copy_project: Callable[[str], Path]) -> Path:
    """The versions folder of the bare project."""
    folder = copy_project("bare") / "migrations" / "versions"
    create_folder(folder.parent)
    return folder


def write(
    folder: Path, name: str, down: str | None, upgrade: str = "pass", more: str = "", doc: str = ""
) -> None:
    (folder / f"{name}.py").write_text(
        f'"""{doc}"""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
        f"revision = {name!r}\ndown_revision = {down!r}\n{more}\n\n"
        f"def upgrade():\n{textwrap.indent(textwrap.dedent(upgrade).strip(), '    ')}\n\n\n"
        "def downgrade():\n    if not op.get_context():\n        op.drop_table('no')\n",
        encoding="utf-8",
    )


def words(folder: Path, upgrade: str, more: str = "", doc: str = "") -> list[str]:
    write(folder, "0001_a", None, upgrade, more, doc)
    return [str(step.change) for step in steps_of(read_history(folder).revisions[0])]


def test_the_operations_in_words(folder: Path) -> None:
    assert words(
        folder,
        """
        op.create_table("t", sa.Column("id", sa.Integer()), sa.PrimaryKeyConstraint("id"))
        op.create_table("u", schema="s")
        with op.batch_alter_table("employee", schema=None) as batch_op:
            batch_op.add_column(sa.Column("grade", sa.String(9), nullable=True))
            batch_op.alter_column("name", nullable=False, type_=sa.Text())
            batch_op.create_index(batch_op.f("ix_employee_grade"), ["grade"], unique=False)
            batch_op.drop_constraint("uq", type_="unique")
        op.alter_column("employee", "a", new_column_name="b")
        op.rename_column("employee", "name", "full_name")
        op.rename_table("staff", "people")
        op.rename_index("people", "ix_a", "ix_b")
        op.drop_column(table_name="employee", column_name="notes")
        op.create_foreign_key("fk", "employee", "department", ["department_id"], ["id"])
        op.create_unique_constraint("uq", "employee", ["a", "b"])
        op.drop_index(op.f("ix_c"), table_name="employee")
        op.drop_table("old")
        op.create_table_comment("employee", "people")
        op.create_enum("color", ["red"])
        op.execute("UPDATE employee SET name = 'x' WHERE name IS NULL AND full_name IS NOT NULL")
        op.get_bind().execute(sa.text("SELECT 1"))
        """,
    ) == [
        "+ create table t",
        "+ create table s.u",
        "+ add column employee.grade",
        "~ alter column employee.name: type, NOT NULL",
        "+ create index ix_employee_grade on employee (grade)",
        "- drop constraint uq of employee",
        "~ rename column employee.a to b",
        "~ rename column employee.name to full_name",
        "~ rename table staff to people",
        "~ rename index ix_a of people to ix_b",
        "- drop column employee.notes",
        "+ create foreign key fk on employee (department_id)",
        "+ create unique constraint uq on employee (a, b)",
        "- drop index ix_c of employee",
        "- drop table old",
        "+ create table comment employee",
        "+ create enum color",
        "~ run SQL: UPDATE employee SET name = 'x' WHERE name IS NULL AND ...",
        "~ run SQL: SELECT 1",
    ]


def test_helpers_are_followed_and_constants_are_known(folder: Path) -> None:
    more = (
        "TABLE = 'employee'\nSQL = {'sqlite': ['DELETE FROM employee']}\n"
        "def helper():\n    op.drop_column(TABLE, 'notes')\n    helper()\n"
        "def unused():\n    op.drop_table('unused')\n"
    )
    upgrade = """
        helper()
        for statement in SQL[op.get_context().dialect.name]:
            op.execute(statement)
        for name in ("a", "b"):
            op.drop_column("t", name)
        """
    assert words(folder, upgrade, more) == [
        "- drop column employee.notes",
        "~ run SQL: execute(...)",
        "- drop column t....",
    ]


def test_a_file_without_operations_is_told_by_its_docstring(folder: Path) -> None:
    assert words(folder, "print(1)", doc="Clean up by hand.\n\nMore.") == ["~ Clean up by hand."]
    assert words(folder, "pass") == []


def fork(folder: Path, left: str, right: str) -> Merge:
    write(folder, "0001_base", None, 'op.create_table("employee")')
    write(folder, "0002_left", "0001_base", left)
    write(folder, "0002_right", "0001_base", right)
    merge = plan_merge(read_history(folder))
    assert merge is not None
    assert (merge.heads, merge.ancestor) == (("0002_left", "0002_right"), "0001_base")
    return merge


ADD = 'op.add_column("employee", sa.Column("{}", sa.Integer()))'
SQL = "op.execute(\"UPDATE employee SET grade = 1 WHERE name = 'x'\")"


@pytest.mark.parametrize(
    ("left", "right", "things"),
    [
        (ADD.format("a"), ADD.format("b"), []),
        (ADD.format("a"), ADD.format("a"), ["column employee.a"]),
        (ADD.format("a"), 'op.drop_table("employee")', ["table employee"]),
        (ADD.format("a"), 'op.rename_table("employee", "staff")', ["table employee"]),
        (ADD.format("a"), 'op.rename_table("staff", "employee")', ["table employee"]),
        ('op.create_table("t")', 'op.create_table("t")', ["table t"]),
        ('op.create_table("t")', 'op.create_table("t", schema="s")', []),
        (
            'op.rename_column("employee", "name", "full_name")',
            'op.create_index("ix", "employee", ["name"])',
            ["column employee.name"],
        ),
        (
            'op.rename_column("employee", "name", "full_name")',
            ADD.format("full_name"),
            ["column employee.full_name"],
        ),
        (
            'op.create_index("ix", "employee", ["name"])',
            'op.create_index("ix_2", "employee", ["name"])',
            [],
        ),
        (
            'op.create_index("ix", "employee", ["a"])',
            'op.create_index("ix", "t", ["b"])',
            ["index ix"],
        ),
        (
            'op.drop_constraint("uq", "employee")',
            'with op.batch_alter_table("employee") as b:\n  b.create_unique_constraint("uq", [])',
            ["constraint employee.uq"],
        ),
        (
            'op.drop_column("department", "id")',
            'op.create_table("t", sa.Column("d", sa.ForeignKey("department.id")))',
            ["column department.id"],
        ),
        (
            'op.drop_column("department", "id")',
            'op.create_foreign_key("fk", "employee", "department", ["d"], ["id"])',
            ["column department.id"],
        ),
        (
            'op.drop_table("department")',
            'op.create_table("t", sa.ForeignKeyConstraint(["d"], ["department.id"]))',
            ["table department"],
        ),
        (SQL, 'op.drop_column("employee", "grade")', ["column employee.grade"]),
        (SQL, 'op.drop_column("employee", "notes")', []),
        (SQL, 'op.rename_table("employee", "staff")', ["table employee"]),
        (SQL, SQL, []),
        (
            'op.execute(sa.table("employee").update().values(grade=1))',
            ADD.format("grade"),
            ["column employee.grade"],
        ),
        (
            'for name in ("grade", "x"):\n    op.drop_column("employee", name)\nNAMES = "grade"',
            ADD.format("grade"),
            ["column employee.grade"],
        ),
        (
            'op.create_view("seniors", "SELECT name FROM employee")',
            'op.drop_column("employee", "name")',
            ["column employee.name"],
        ),
        ('op.create_enum("color", ["a"])', 'op.drop_enum("color")', ["enum color"]),
        ("pass", "pass", []),
    ],
)
def test_what_both_branches_touch(folder: Path, left: str, right: str, things: list[str]) -> None:
    assert [c.thing for c in fork(folder, left, right).conflicts] == things
    for file in folder.glob("*.py"):
        file.unlink()
    assert [c.thing for c in fork(folder, right, left).conflicts] == things


def test_the_summary_and_the_question(folder: Path) -> None:
    merge = fork(folder, ADD.format("a"), f'op.create_table("t")\n{ADD.format("a")}')
    text = "\n".join(merge.lines())
    assert text.startswith("2 heads since 0001_base:\n  0002_left (20")
    assert "\n    + add column employee.a\n  0002_right (20" in text
    assert text.endswith(
        "More than one branch touches:\n"
        "  column employee.a: 0002_left: add column employee.a; "
        "0002_right: add column employee.a\n"
        "They may run in either order: check that each is correct whichever runs first."
    )
    question = merge.question()
    assert "column employee.a" in question.text
    assert (question.default, question.options[0].flags) == ("no", ("--merge-anyway",))
    quiet = fork(folder, ADD.format("a"), "pass")
    assert list(quiet.lines())[-1] == "No two branches touch the same thing."
    assert "    (no operations)" in list(quiet.lines())


def test_nothing_to_merge(folder: Path) -> None:
    assert plan_merge(read_history(folder)) is None
    write(folder, "0001_base", None)
    write(folder, "0002_next", "0001_base")
    assert plan_merge(read_history(folder)) is None


def test_a_broken_history_is_not_merged(folder: Path) -> None:
    write(folder, "0002_a", "0001_gone")
    write(folder, "0002_b", "0001_gone")
    with pytest.raises(HistoryError, match="0001_gone"):
        plan_merge(read_history(folder))


def test_three_heads_of_which_two_share_a_revision(folder: Path) -> None:
    write(folder, "0001_base", None)
    write(folder, "0002_shared", "0001_base", ADD.format("a"))
    write(folder, "0003_x", "0002_shared", 'op.drop_column("employee", "a")')
    write(folder, "0003_y", "0002_shared", ADD.format("y"))
    write(folder, "0002_z", "0001_base", ADD.format("y"))
    merge = plan_merge(read_history(folder))
    assert merge is not None
    assert merge.ancestor == "0001_base"
    assert [[r.id for r in b.revisions] for b in merge.branches] == [
        ["0002_z"],
        ["0002_shared", "0003_x"],
        ["0002_shared", "0003_y"],
    ]
    # 0003_x was written knowing 0002_shared: only the other branch is a surprise.
    assert [str(c) for c in merge.conflicts] == [
        "column employee.y: 0002_z: add column employee.y; 0003_y: add column employee.y"
    ]
    assert sum("0002_shared (" in line for line in merge.lines()) == 1


def test_heads_without_a_common_ancestor(folder: Path) -> None:
    write(folder, "0001_a", None, 'op.create_table("t")')
    write(folder, "0001_b", None, 'op.create_table("t")')
    merge = plan_merge(read_history(folder))
    assert merge is not None
    assert merge.ancestor is None
    assert [c.thing for c in merge.conflicts] == ["table t"]
    assert next(merge.lines()) == "2 heads, which have no common ancestor:"


def test_a_head_that_depends_on_another(folder: Path) -> None:
    write(folder, "0001_base", None)
    write(folder, "0002_first", "0001_base", ADD.format("a"))
    more = 'depends_on = "0002_first"'
    write(folder, "0003_second", "0001_base", 'op.drop_column("employee", "a")', more)
    merge = plan_merge(read_history(folder))
    assert merge is not None
    assert (merge.heads, merge.ancestor) == (("0002_first", "0003_second"), "0002_first")
    assert merge.conflicts == ()
    assert "  0002_first: comes before another branch, which depends on it" in list(merge.lines())


def joined(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str | None = None) -> str:
    """Write the merge of a project's heads; the path of the file."""
    monkeypatch.chdir(folder.parents[1])
    monkeypatch.syspath_prepend(str(folder.parents[1]))
    history = read_history(folder)
    merge = plan_merge(history)
    assert merge is not None
    draft, _ = draft_merge(Project("settings"), history, merge, name)
    assert not draft.path.exists()
    return str(draft.write().relative_to(folder))


@pytest.fixture(autouse=True)
def forget_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.delitem(sys.modules, "settings", raising=False)
    monkeypatch.setenv("DATABASE_URL", "sqlite://")


@pytest.fixture
def migrate(folder: Path, database_url: str) -> Callable[..., Result]:
    return lambda *a: run(folder.parents[1], "manage.py", "migrate", *a, url=database_url)


def test_the_merge_runs(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    migrate: Callable[..., Result],
    engine: sa.Engine,
) -> None:
    column = 'sa.Column("id", sa.Integer(), nullable=False), sa.PrimaryKeyConstraint("id")'
    write(folder, "0001_base", None, f'op.create_table("employee", {column})')
    write(folder, "0002_alice", "0001_base", ADD.format("a"))
    write(folder, "0003_more", "0002_alice", ADD.format("b"))
    write(folder, "0002_bob", "0001_base", ADD.format("c"))
    write(folder, "0002_carol", "0001_base", ADD.format("d"), 'depends_on = "0002_bob"')
    assert migrate("heads").code == 0
    merge = plan_merge(read_history(folder))
    assert merge is not None
    # Alembic cannot join all three: it does not store 0002_bob, which 0002_carol implies.
    assert (merge.heads, merge.left) == (("0002_carol", "0003_more"), ("0002_bob",))
    assert "0002_bob: still to be merged, by another makemigrations --merge" in "".join(
        merge.lines()
    )
    assert joined(folder, monkeypatch) == "0004_merge_carol_more.py"
    assert joined(folder, monkeypatch) == "0005_merge_bob_carol_more.py"
    assert head_on(read_history(folder).require_sound(), None) == "0005_merge_bob_carol_more"
    result = migrate()
    assert result.code == 0, result
    assert migrate("0003_more").code == 0
    assert migrate().code == 0
    with engine.connect() as connection:
        assert set(sa.inspect(connection).get_table_names()) >= {"employee"}
        names = {c["name"] for c in sa.inspect(connection).get_columns("employee")}
        assert names == {"id", "a", "b", "c", "d"}
        version = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars()
        assert list(version) == ["0005_merge_bob_carol_more"]


def test_the_file_of_a_merge(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fork(folder, ADD.format("a"), f'op.create_table("t")\n{ADD.format("a")}')
    assert joined(folder, monkeypatch) == "0003_merge_left_right.py"
    assert (folder / "0003_merge_left_right.py").read_text() == (
        '"""Merge 0002_left and 0002_right.\n\n'
        "0002_left:\n+ add column employee.a\n\n"
        "0002_right:\n+ create table t\n+ add column employee.a\n\n"
        'Touched by more than one branch: column employee.a.\n"""\n\n'
        'revision = "0003_merge_left_right"\n'
        'down_revision = ("0002_left", "0002_right")\n'
        "branch_labels = None\ndepends_on = None\n\n\n"
        "def upgrade() -> None:\n    pass\n\n\ndef downgrade() -> None:\n    pass\n"
    )


def test_a_merge_of_much(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [f"0002_{'x' * 20}_{letter}" for letter in "abcdef"]
    write(folder, "0001_base", None)
    for name in ids:
        write(folder, name, "0001_base", "\n".join(ADD.format(f"{name}_{i}") for i in range(30)))
    assert joined(folder, monkeypatch, "All of them") == "0003_all_of_them.py"
    text = (folder / "0003_all_of_them.py").read_text()
    doc = ast.get_docstring(ast.parse(text))
    assert doc and doc.startswith("Merge 6 heads.\n")
    assert doc.count("... and 10 more") == 6
    assert doc.count("\n+ add column") == 6 * 20
    assert all(len(line) <= 88 for line in text.splitlines())
    assert read_history(folder).require_sound().heads == ("0003_all_of_them",)


def test_names_that_end_a_docstring(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = "op.execute('''DELETE FROM t WHERE a = '\"\"\"' OR b = '\\\\\\\\' --\"''')"
    fork(folder, sql, "pass")
    joined(folder, monkeypatch)
    doc = ast.get_docstring(ast.parse((folder / "0003_merge_left_right.py").read_text()))
    assert doc and "DELETE FROM t WHERE a = '\"\"\"' OR b = '\\\\' --\"" in doc


def test_two_merges_at_once_are_not_written_over_each_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork(folder, "pass", "pass")
    name = joined(folder, monkeypatch)
    before = (folder / name).read_text()
    history = History([r for r in read_history(folder).revisions if r.id != name[:-3]])
    merge = plan_merge(history)
    assert merge is not None
    with pytest.raises((HistoryError, MigrationError)):
        draft_merge(Project("settings"), history, merge)[0].write()
    assert (folder / name).read_text() == before
