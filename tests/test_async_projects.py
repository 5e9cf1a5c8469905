"""A project whose URL is that of an async driver: every command, with and without a sync one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.project import SeededFolder

MODELS = """
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(AsyncAttrs, DeclarativeBase):
    metadata = metadata


class Maker(Base):
    __tablename__ = "maker"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    things: Mapped[list["Thing"]] = relationship(back_populates="maker")


class Thing(Base):
    __tablename__ = "thing"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime.datetime]
    price: Mapped[decimal.Decimal] = mapped_column(Numeric(8, 2))
    facts: Mapped[dict] = mapped_column(JSON)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    maker_id: Mapped[int] = mapped_column(ForeignKey("maker.id"), index=True)
    maker: Mapped[Maker] = relationship(back_populates="things")
"""
ALONE = """
import sys

for name in ("psycopg", "psycopg2", "pymysql", "MySQLdb", "mysql"):
    sys.modules[name] = None
"""
CASES = [
    ("sqlite", "aiosqlite", False),
    ("postgresql", "asyncpg", False),
    ("postgresql", "psycopg_async", False),
    ("mariadb", "asyncmy", False),
    ("postgresql", "asyncpg", True),
    ("mariadb", "asyncmy", True),
]


@pytest.fixture(
    params=[
        pytest.param(
            case,
            id=f"{case[1]}{'-alone' if case[2] else ''}",
            marks=[] if case[0] == "sqlite" else pytest.mark.server,
        )
        for case in CASES
    ]
)
def project(
    request: pytest.FixtureRequest, tmp_path: Path, new_database: Callable[[str], str]
) -> SeededFolder:
    backend, driver, alone = request.param
    pytest.importorskip("psycopg" if driver == "psycopg_async" else driver)
    url = new_database(backend)
    made = SeededFolder(tmp_path / "p", url)
    parsed = sa.make_url(url)
    given = parsed.set(drivername=f"{backend}+{driver}")
    if driver == "asyncmy":
        given = given.difference_update_query(["ssl_disabled"])
    text = given.render_as_string(hide_password=False)
    settings = made.folder / "staff_settings.py"
    settings.write_text((ALONE if alone else "") + settings.read_text().replace(url, text))
    made.models(MODELS)
    return made


def test_every_command(project: SeededFolder) -> None:
    project.done("makemigrations", "--no-input")
    project.done("migrate")
    assert project.done("makemigrations", "--check").stderr == "No changes detected.\n"
    project.done("seed", "--auto", "--random-seed", "1", "Maker=5", "Thing=40")
    assert "links ok" in project.done("checklinks").stdout
    text = project.done("dumpdata").stdout
    assert len(json.loads(text)) == 45
    (project.folder / "all.json").write_text(text)
    project.done("backup")
    code = (
        "print(session.scalar(select(func.count()).select_from(Thing)), "
        "await async_session.scalar(select(func.count()).select_from(Thing)))"
    )
    assert project.done("shell", "-c", code).stdout == "40 40\n"
    project.done("flush", "--no-input")
    assert project.query("SELECT count(*) FROM thing") == [(0,)]
    project.done("loaddata", "all.json")
    assert project.done("dumpdata").stdout == text
    project.done("check", "--drift")
    project.file.write_text(
        project.file.read_text().replace("    facts:", "    rank: Mapped[int | None]\n    facts:")
    )
    project.done("makemigrations", "--no-input")
    project.done("migrate")
    project.done("rollback")
    project.done("migrate")
    project.done("check", "--drift")
    project.done("seed", "--auto", "Thing=3")
    project.done("seed", "--undo")
    assert project.query("SELECT count(*) FROM thing") == [(40,)]


def test_a_revision_that_fails_leaves_nothing(project: SeededFolder) -> None:
    project.write_history()
    project.step("0001_a", 'op.create_table("a", sa.Column("id", sa.Integer, primary_key=True))')
    project.step("0002_b", 'op.execute("INSERT INTO a (id) VALUES (1), (1)")')
    failed = project.manage("migrate")
    assert failed.code == 1 and "0002_b" in failed.stderr and "Traceback" not in failed.stderr
    assert project.heads() == {"0001_a"}
    assert project.query("SELECT count(*) FROM a") == [(0,)]
