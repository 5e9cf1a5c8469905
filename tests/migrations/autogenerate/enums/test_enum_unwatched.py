"""An Enum that no CHECK and no type watches over, as SQLAlchemy's is on SQLite by default.

Its values change as they do elsewhere: the revisions tell which there were, else the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import ProjectFolder

pytestmark = pytest.mark.server

TABLE = 'table("t", key(), Column("s", Enum({}, name="status"{})))'
KINDS = {"sqlite": "", "postgresql": ", native_enum=False", "mariadb": ", native_enum=False"}


@pytest.fixture
def project(tmp_path: Path, backend: str, new_database: Callable[..., str]) -> ProjectFolder:
    return ProjectFolder(tmp_path / "p", new_database(backend))


def models(project: ProjectFolder, *values: str) -> str:
    return TABLE.format(", ".join(map(repr, values)), KINDS[project.backend])


def change(project: ProjectFolder, *values: str) -> None:
    project.models(models(project, *values))


def rows(project: ProjectFolder) -> list[object]:
    return [value for (value,) in project.query("SELECT s FROM t ORDER BY id")]


def begin(project: ProjectFolder) -> None:
    project.begin(models(project, "draft", "live", "old"))
    project.execute("INSERT INTO t VALUES (1, 'draft'), (2, 'live'), (3, NULL)")


def test_a_value_is_renamed_with_its_rows(project: ProjectFolder) -> None:
    begin(project)
    change(project, "planned", "live", "old")
    assert project.manage("makemigrations", "--check").code == 1
    asked = project.manage("makemigrations", "--no-input")
    assert asked.code == 3 and "--rename-value t.s:draft=planned" in asked.stderr, asked
    project.done("makemigrations", "--no-input", "--rename-value", "t.s:draft=planned")
    for command, first in (("migrate", "planned"), ("rollback", "draft"), ("migrate", "planned")):
        assert project.manage(command).code == 0
        assert rows(project) == [first, "live", None]
    assert project.manage("makemigrations", "--check").code == 0
    assert [row["s"] for row in project.data()["t"]] == ["planned", "live", None]


def test_a_value_that_a_row_holds_does_not_go_without_an_answer(project: ProjectFolder) -> None:
    begin(project)
    change(project, "live", "old")
    assert project.manage("makemigrations", "--check").code == 1
    asked = project.manage("makemigrations", "--no-input")
    assert asked.code == 3 and "no value 'draft' any more, and 1 row holds it" in asked.stderr
    project.done("makemigrations", "--no-input", "--rename-value", "t.s:draft=old")
    project.done("migrate")
    assert rows(project) == ["old", "live", None]
    assert project.manage("makemigrations", "--check").code == 0


def test_values_that_come_and_go_without_rows_need_no_answer(project: ProjectFolder) -> None:
    begin(project)
    change(project, "draft", "live", "old", "new")
    project.done("makemigrations", "--no-input")
    project.done("migrate")
    change(project, "draft", "live", "new")
    project.done("makemigrations", "--no-input")
    assert "remove old" in project.newest()
    project.execute("UPDATE t SET s = 'old' WHERE id = 1")
    refused = project.manage("migrate")
    assert refused.code == 1 and "1 row holds 'old' in t.s" in refused.stderr
    project.execute("UPDATE t SET s = 'new' WHERE id = 1")
    project.done("migrate")
    assert project.manage("makemigrations", "--check").code == 0


def test_the_values_are_followed_through_renames(project: ProjectFolder) -> None:
    begin(project)
    renamed = models(project, "planned", "live", "old").replace('"t"', '"u"').replace('"s"', '"r"')
    project.models(renamed)
    flags = ("--rename-table", "t=u", "--rename", "u.s=r", "--rename-value", "u.r:draft=planned")
    project.done("makemigrations", "--no-input", *flags)
    project.done("migrate")
    assert project.query("SELECT r FROM u WHERE id = 1") == [("planned",)]
    assert project.manage("makemigrations", "--check").code == 0
    project.models(renamed.replace("'old'", "'gone'"))
    assert project.manage("makemigrations", "--check").code == 1


def test_rows_tell_the_values_where_no_revision_does(project: ProjectFolder) -> None:
    create = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, s VARCHAR(5))"
    project.write_history().step("0001_begin", f"op.execute({create!r})")
    project.done("migrate")
    project.execute("INSERT INTO t VALUES (1, 'draft'), (2, 'live')")
    change(project, "draft", "live")
    assert project.manage("makemigrations", "--check").code == 0
    change(project, "later", "live")
    assert project.manage("makemigrations", "--check").code == 1
    project.done("makemigrations", "--no-input", "--rename-value", "t.s:draft=later")
    project.done("migrate")
    assert rows(project) == ["later", "live"]
    assert project.manage("makemigrations", "--check").code == 0


def test_a_text_that_is_no_value_stops_its_column_from_becoming_an_enum(
    project: ProjectFolder,
) -> None:
    project.begin('table("t", key(), Column("s", String(50)))')
    project.execute("INSERT INTO t VALUES (1, 'pink'), (2, 'live'), (3, NULL)")
    change(project, "draft", "live")
    project.done("makemigrations", "--no-input")
    refused = project.manage("migrate")
    assert refused.code == 1 and "1 row holds 'pink' in t.s" in refused.stderr, refused
    assert rows(project) == ["pink", "live", None]
    project.execute("UPDATE t SET s = 'draft' WHERE id = 1")
    project.done("migrate")
    assert project.manage("makemigrations", "--check").code == 0
    assert project.manage("rollback").code == 0
    assert rows(project) == ["draft", "live", None]


CLASSES = """
class Old(enum.Enum):
    A = "alpha"
    B = "beta"


class New(enum.Enum):
    A = "alpha"
    {member}


"""
BY_VALUE = ", values_callable=lambda k: [member.value for member in k]"


@pytest.mark.parametrize(
    ("member", "how", "stored", "asks"),
    [
        ("", "", "B", True),
        ('C = "beta"', "", "B", True),
        ('B = "beta"\n    C = "gamma"', "", "B", False),
        ("", BY_VALUE, "beta", True),
        ('C = "beta"', BY_VALUE, "beta", False),
    ],
)
def test_members_of_a_class(
    project: ProjectFolder, member: str, how: str, stored: str, asks: bool
) -> None:
    table = 'table("t", key(), Column("s", Enum({}, name="status"{})))'
    options = KINDS[project.backend] + how
    classes = CLASSES.format(member=member)
    project.begin(classes + table.format("Old", options))
    project.models(classes + table.format("New", options))
    # Where there are no rows, a value may still be another one renamed.
    assert project.manage("makemigrations", "--no-input").code == (3 if asks and member else 0)
    for path in project.versions.glob("0002_*"):
        path.unlink()
    project.execute(f"INSERT INTO t VALUES (1, '{stored}')")
    made = project.manage("makemigrations", "--no-input")
    assert made.code == (3 if asks else 0), made
    assert ("1 row holds it" in made.stderr) == asks
    if not asks:
        project.done("migrate")
        assert project.manage("makemigrations", "--check").code == 0
