"""A column gets another type in the models: what the rows would lose is asked, and declared."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from support.project import ProjectFolder

pytestmark = pytest.mark.server

DASHED = "5f0c6e0e-5b1e-4d6c-9a57-0d3c1a2b3c4d"
MODELS = 'table("t", key(), Column("c", {}))'


@pytest.fixture
def project(tmp_path: Path, backend: str, new_database: Callable[..., str]) -> ProjectFolder:
    return ProjectFolder(tmp_path / "p", new_database(backend))


def begin(project: ProjectFolder, old: str, *values: str) -> list[tuple[object, ...]]:
    project.begin(MODELS.format(old))
    for number, value in enumerate(values):
        project.execute(f"INSERT INTO t VALUES ({number + 1}, {value})")
    return project.query("SELECT id, c FROM t ORDER BY id")


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("Float(53)", "Integer", "1.75"),
        ("Integer", "Boolean", "7"),
        ("DateTime", "Date", "'2024-05-06 03:04:05'"),
        ("Numeric(10, 2)", "Numeric(10, 0)", "12.34"),
        ("String(50)", "String(10)", "'twenty-eight characters long'"),
        ("String(50)", "Integer", "'007'"),
    ],
)
def test_values_that_would_be_lost_are_asked_about_and_declared(
    project: ProjectFolder, old: str, new: str, value: str
) -> None:
    before = begin(project, old, value)
    project.models(MODELS.format(new))
    asked = project.manage("makemigrations", "--no-input")
    assert asked.code == 3 and "1 value of t.c would not survive" in asked.stderr, asked
    assert "--allow-loss t.c" in asked.stderr and "id=1" in asked.stderr
    assert project.manage("makemigrations", "--check").code == 1
    project.done("makemigrations", "--no-input", "--allow-loss", "t.c")
    assert 'expected_loss = {"t.c": "all"}' in project.newest()
    path = project.versions / project.revisions[-1]
    text = path.read_text()
    path.write_text(text.replace("expected_loss =", "other ="))
    refused = project.manage("migrate")
    assert refused.code == 1 and "1 value of t.c would not survive" in refused.stderr, refused
    assert "manage.py migrate --allow-loss t.c" in refused.stderr
    assert project.query("SELECT id, c FROM t ORDER BY id") == before
    path.write_text(text)
    assert project.manage("migrate").code == 0
    assert project.manage("makemigrations", "--check").code == 0
    assert project.query("SELECT id, c FROM t ORDER BY id") != before or new == "Boolean"


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("String(50)", "Uuid", "'not-a-uuid'"),
        ("Text", "JSON", "'no json'"),
        ("String(50)", "Integer", "'many'"),
        ("Integer", "Uuid", "5"),
        ("Date", "Boolean", "'2024-05-06'"),
    ],
)
def test_values_that_cannot_be_converted_stop_the_revision(
    project: ProjectFolder, old: str, new: str, value: str
) -> None:
    before = begin(project, old, value)
    project.models(MODELS.format(new))
    told = project.done("makemigrations", "--no-input")
    assert "value of t.c cannot become" in told.stderr, told
    refused = project.manage("migrate")
    assert refused.code == 1 and "1 value of t.c cannot become" in refused.stderr, refused
    assert project.query("SELECT id, c FROM t ORDER BY id") == before
    project.execute("DELETE FROM t")
    project.done("migrate")
    project.done("rollback")
    project.done("migrate")
    assert project.manage("makemigrations", "--check").code == 0


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("Text", "JSON", """'{"a": 1}'"""),
        ("String(50)", "Uuid", "'5f0c6e0e-5b1e-4d6c-9a57-0d3c1a2b3c4d'"),
        ("Time", "Interval", "'10:11:12'"),
        ("Text", "LargeBinary", "'abc'"),
        ("Boolean", "String(9)", "'1'"),
        ("Numeric(10, 2)", "String(9)", "12.50"),
        ("Boolean", 'Enum("true", "false", name="yes_no")', "'1'"),
        ('Enum("true", "false", name="yes_no")', "Boolean", "'true'"),
        ("Integer", 'Enum("1", "2", name="place")', "1"),
        ('Enum("1", "2", name="place")', "Integer", "'1'"),
    ],
)
def test_values_that_survive_come_back(
    project: ProjectFolder, old: str, new: str, value: str
) -> None:
    before = begin(project, old, value)
    data = project.data()
    project.models(MODELS.format(new))
    project.done("makemigrations", "--no-input")
    assert project.manage("migrate").code == 0
    changed = project.data()
    assert project.manage("makemigrations", "--check").code == 0
    assert project.manage("rollback").code == 0
    assert project.query("SELECT id, c FROM t ORDER BY id") == before
    project.models(MODELS.format(old))
    assert project.data() == data
    project.models(MODELS.format(new))
    assert project.manage("migrate").code == 0
    assert project.data() == changed


@pytest.mark.parametrize(
    ("old", "new", "value", "becomes"),
    [
        ("Uuid", "String(36)", UUID(DASHED), DASHED),
        ("Interval", "Time", datetime.timedelta(hours=1), datetime.time(1)),
    ],
)
def test_the_revisions_know_what_a_database_keeps_as_another_type(
    project: ProjectFolder, old: str, new: str, value: object, becomes: object
) -> None:
    project.begin(MODELS.format(old).replace('"t"', '"old"'))
    project.models(MODELS.format(old))
    project.done("makemigrations", "--no-input", "--rename-table", "old=t")
    project.done("migrate")
    project.insert({"t": [{"id": 1, "c": value}, {"id": 2, "c": None}]})
    project.models(MODELS.format(new))
    project.done("makemigrations", "--no-input")
    assert f"existing_type=sa.{old}()" in project.newest()
    for command in ("migrate", "rollback", "migrate"):
        assert project.manage(command).code == 0
        project.models(MODELS.format(old if command == "rollback" else new))
        expected = value if command == "rollback" else becomes
        assert [row["c"] for row in project.data()["t"]] == [expected, None]


def test_a_value_of_an_enum_that_is_too_long_for_the_text(project: ProjectFolder) -> None:
    before = begin(project, 'Enum("a", "long", name="size")', "'long'")
    project.models(MODELS.format("String(2)"))
    made = project.manage("makemigrations", "--no-input")
    if project.backend == "sqlite":  # where it was a text before
        assert made.code == 3 and "1 value of t.c would not survive" in made.stderr
        return
    refused = project.manage("migrate")
    assert refused.code == 1 and "1 row holds 'long' in t.c" in refused.stderr, refused
    assert project.query("SELECT id, c FROM t ORDER BY id") == before
    project.execute("UPDATE t SET c = 'a'")
    project.done("migrate")


def test_a_rollback_is_refused_for_what_it_would_lose(project: ProjectFolder) -> None:
    begin(project, "Integer", "5")
    project.models(MODELS.format("Float(53)"))
    project.done("makemigrations", "--no-input")
    project.done("migrate")
    project.execute("UPDATE t SET c = 1.75")
    refused = project.manage("rollback")
    assert refused.code == 1 and "1 value of t.c would not survive as INTEGER" in refused.stderr
    assert 'expected_loss_downgrade = {"t.c": "all"}' in refused.stderr
    assert project.query("SELECT c FROM t") == [(1.75,)]
    project.done("rollback")
    assert project.query("SELECT c FROM t") == [(2,)]


@pytest.mark.parametrize(
    ("old", "new", "value", "becomes"),
    [("String(20)", "String(3)", "'abcdef'", "abc"), ("Float(53)", "Integer", "1.75", 2)],
)
def test_a_revision_that_failed_after_the_change_goes_on(
    project: ProjectFolder, old: str, new: str, value: str, becomes: object
) -> None:
    begin(project, old, value)
    project.models(MODELS.format(new))
    project.done("makemigrations", "--no-input", "--allow-loss", "t.c")
    path = project.versions / project.revisions[-1]
    text = path.read_text()
    whole, down = text.split("\n\n\ndef downgrade")
    path.write_text(f'{whole}\n    op.execute("SELECT * FROM missing")\n\n\ndef downgrade{down}')
    assert project.manage("migrate").code == 1
    path.write_text(text)
    assert project.manage("migrate").code == 0
    assert project.query("SELECT c FROM t") == [(becomes,)]
    assert project.manage("makemigrations", "--check").code == 0
