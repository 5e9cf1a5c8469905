"""Schemas, extensions, domains and sequences: made before the tables, dropped after them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.project import ProjectFolder

from sqlalchemy_manage.declare import Extension, Schema

pytestmark = pytest.mark.server

HEAD = """
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy_manage.declare import Extension, Schema

"""
NUMBERS = """
numbers = Sequence("numbers", start=100, metadata=metadata)
table("a", key(), Column("no", Integer, server_default=numbers.next_value()))
"""
SEQUENCE_OF_COLUMN = 'table("c", key(), Column("x", Integer, Sequence("other", increment=5)))'
POSITIVE = """pg.DOMAIN("positive", Integer, check="VALUE > 0", default=text("3"))"""
DOMAINS = f"""
table("b", key(), Column("g", {POSITIVE}), schema="crm")
table("d", key(), Column("zips", pg.ARRAY(pg.DOMAIN("zip", Text, check="VALUE ~ '^[0-9]+:?$'"))))
"""
LAST = 'table("z", key())'


def checked(project: ProjectFolder, models: str, *flags: str) -> str:
    """The next revision, applied; the check is clean after it."""
    project.models(HEAD + models)
    done = project.done("makemigrations", "--no-input", *flags)
    assert "guess" not in done.stderr and "left alone" not in done.stderr
    project.done("migrate")
    assert project.manage("makemigrations", "--check").code == 0
    assert "matches the revisions" in project.manage("check", "--drift").stdout
    return done.stderr


def up_and_down(project: ProjectFolder) -> None:
    project.done("rollback")
    project.done("migrate")
    project.done("migrate", "zero")
    assert project.tables() == set()
    project.done("migrate")
    assert project.manage("makemigrations", "--check").code == 0


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_a_sequence_of_the_models_comes_and_goes(
    tmp_path: Path, backend: str, new_database: Callable[..., str]
) -> None:
    project = ProjectFolder(tmp_path / "project", new_database(backend))
    checked(project, NUMBERS)
    project.execute("INSERT INTO a (id) VALUES (1), (2)")
    assert project.query("SELECT no FROM a ORDER BY id") == [(100,), (101,)]
    checked(project, NUMBERS + SEQUENCE_OF_COLUMN)
    up_and_down(project)
    said = checked(project, LAST, "--allow-drop", "a", "--allow-drop", "c")
    assert said.count("drop sequence") == 2
    up_and_down(project)
    with project.engine.connect() as connection:
        left = sa.inspect(connection).get_sequence_names()
        assert not {"numbers", "other"} & {*left}


def test_a_domain_keeps_its_check_and_a_schema_of_a_table_is_made(
    tmp_path: Path, new_database: Callable[..., str]
) -> None:
    project = ProjectFolder(tmp_path / "project", new_database("postgresql"))
    checked(project, LAST)
    checked(project, LAST + DOMAINS)
    with pytest.raises(sa.exc.IntegrityError):
        project.execute("INSERT INTO crm.b VALUES (1, -1)")
    project.execute("INSERT INTO crm.b (id) VALUES (1)", "INSERT INTO d VALUES (1, '{123}')")
    assert project.query("SELECT g, zips::text FROM crm.b, d") == [(3, "{123}")]
    up_and_down(project)
    checked(project, LAST + DOMAINS.replace("c.b", "").replace(f'Column("g", {POSITIVE}), ', ""))
    up_and_down(project)
    said = checked(project, LAST, "--allow-drop", "d", "--allow-drop", "crm.b")
    assert "drop schema crm" in said and "drop domain zip" in said
    assert project.query("SELECT 1 FROM pg_namespace WHERE nspname = 'crm'") == []
    up_and_down(project)


def test_a_declared_extension_is_in_the_history_though_a_dba_has_made_it(
    tmp_path: Path, new_database: Callable[..., str]
) -> None:
    project = ProjectFolder(tmp_path / "project", new_database("postgresql"))
    rows = project.query("SELECT name FROM pg_available_extensions")
    name = next((n for n in ("citext", "hstore", "ltree") if (n,) in rows), None)
    if name is None:
        pytest.skip("this server has no extension with a type")
    models = f'Extension("{name}", metadata)\ntable("e", key(), Column("x", pg.{name.upper()}))\n'
    project.execute(f"CREATE EXTENSION {name}")
    said = checked(project, models)
    assert re.search(rf"create extension {name}.*\n.*create table e", said)
    up_and_down(project)
    said = checked(project, LAST, "--allow-drop", "e")
    assert f"drop extension {name}" in said
    up_and_down(project)


def test_create_all_makes_what_is_declared(new_database: Callable[..., str]) -> None:
    engine = sa.create_engine(new_database("postgresql"), poolclass=sa.NullPool)
    metadata = sa.MetaData()
    Schema("crm", metadata)
    Extension("plpgsql", metadata)
    sa.Table("t", metadata, sa.Column("id", sa.Integer), schema="crm")
    for _ in range(2):
        metadata.create_all(engine)
    assert sa.inspect(engine).get_table_names(schema="crm") == ["t"]
