"""Rows that are made, listed, loaded, removed."""

from __future__ import annotations

import os

from support.situations.table import Advised, leads_out, said

MODELS = """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

class Base(DeclarativeBase):
    pass

class A(Base):
    __tablename__ = "a"
    id: Mapped[int] = mapped_column(primary_key=True)
    x: Mapped[str] = mapped_column(String(9))

class B(Base):
    __tablename__ = "b"
    id: Mapped[int] = mapped_column(primary_key=True)
    a_id: Mapped[int] = mapped_column(ForeignKey("a.id"), index=True)
    a: Mapped[A] = relationship()
"""
FACTORIES = """\
import factory
from factory.alchemy import SQLAlchemyModelFactory

from staff.models import A


class AFactory(SQLAlchemyModelFactory):
    class Meta:
        model = A

    x = factory.Sequence(lambda n: f"x{n}")
"""


FAILING = """

from staff.models import B


class BFactory(SQLAlchemyModelFactory):
    class Meta:
        model = B

    a_id = factory.Sequence(lambda n: 1 / 0)
"""


def seeded(app: Advised) -> None:
    app.begin(MODELS)
    (app.folder / "staff" / "factories.py").write_text(FACTORIES)


@leads_out("COMPARE_SCHEMA")
def a_column_is_missing(app: Advised) -> None:
    app.begin('table("a", key(), Column("x", Integer), Column("y", Integer))\n')
    app.execute("ALTER TABLE a DROP COLUMN y")
    app.told("dumpdata", code=1)
    assert "a.y" in said(app.follow(code=1))


@leads_out("LOAD_FROM_STDIN")
def a_fixture_is_a_pipe(app: Advised) -> None:
    app.begin(MODELS)
    pipe = app.folder / "pipe.json"
    os.mkfifo(pipe)
    app.told("loaddata", pipe, code=1)
    app.follow(stdin='[{"model": "staff.a", "pk": 1, "fields": {"x": "y"}}]')
    assert app.query("SELECT x FROM a") == [("y",)]


@leads_out("SEED")
def factories_were_written(app: Advised) -> None:
    app.begin(MODELS)
    app.told_spawned("makefactories", code=0)
    app.follow(spawned=True)
    assert app.query("SELECT count(*) FROM b") > [(0,)]


@leads_out("SEED_WITHOUT_FACTORIES")
def there_are_no_factories(app: Advised) -> None:
    app.begin(MODELS)
    app.told_spawned("seed", code=1)
    app.follow(spawned=True)
    assert app.query("SELECT count(*) FROM b") > [(0,)]


@leads_out("WRITE_FACTORIES")
def there_are_no_factories_and_they_are_written(app: Advised) -> None:
    app.begin(MODELS)
    app.told_spawned("seed", code=1)
    app.follow(spawned=True)
    assert app.spawn("seed").code == 0


@leads_out("SHOW_FACTORIES")
def a_module_uses_a_name_of_the_new_factories(app: Advised) -> None:
    app.begin(MODELS)
    path = app.folder / "staff" / "factories.py"
    path.write_text("from os import path as SQLAlchemyModelFactory\n")
    app.told_spawned("makefactories", code=1)
    assert "class AFactory" in app.follow(spawned=True).stdout
    path.unlink()


@leads_out("LIST_RUNS")
def there_is_no_such_run(app: Advised) -> None:
    seeded(app)
    assert app.spawn("seed", "A=3").code == 0
    app.told_spawned("seed", "--undo", "9", code=1)
    assert "rows left" in app.follow(spawned=True).stdout


@leads_out("UNDO_RUN")
def a_seed_fails_after_it_committed(app: Advised) -> None:
    seeded(app)
    path = app.folder / "staff" / "factories.py"
    path.write_text(path.read_text() + FAILING)
    app.told_spawned("seed", "A=40", "B=40", "--commit-every", "10", code=1)
    assert app.query("SELECT count(*) FROM a") > [(0,)]
    app.follow(spawned=True)
    assert app.query("SELECT count(*) FROM a") == [(0,)]


@leads_out("FORGET_RUN")
def a_table_with_seeded_rows_was_dropped(app: Advised) -> None:
    seeded(app)
    assert app.spawn("seed", "A=3").code == 0
    app.execute("ALTER TABLE a RENAME TO gone")
    app.told_spawned("seed", "--undo", code=1)
    app.follow(spawned=True)
    assert "forgotten" in app.spawn("seed", "--status").stdout


@leads_out("FLUSH_UNASKED")
def nobody_can_be_asked_before_a_flush(app: Advised) -> None:
    app.begin(MODELS)
    app.execute("INSERT INTO a VALUES (1, 'x')")
    app.told("flush", code=3)
    app.follow()
    assert app.query("SELECT count(*) FROM a") == [(0,)]


def referred(app: Advised) -> None:
    app.begin(MODELS)
    app.execute("INSERT INTO a VALUES (1, 'x')", "INSERT INTO b VALUES (1, 1)")
    app.told("flush", "A", "--no-input", code=1)


@leads_out("FLUSH_REFERRING")
def rows_refer_to_those_that_go(app: Advised) -> None:
    referred(app)
    app.follow()
    assert app.query("SELECT count(*) FROM b") == [(0,)]


@leads_out("FLUSH_TABLES_TOO")
def tables_refer_to_those_that_are_emptied(app: Advised) -> None:
    referred(app)
    app.follow()
    assert app.query("SELECT count(*) FROM b") == [(0,)]
