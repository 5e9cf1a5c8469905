"""What a dump holds, in which order, and where it goes."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from support import warehouse
from support.stock import dumped, loaded, project_of

from sqlalchemy_manage.data.dump import Request, dump
from sqlalchemy_manage.data.fixture_files import replacing
from sqlalchemy_manage.errors import DatabaseError, FixtureError, UsageError
from sqlalchemy_manage.project import Project

__all__ = ["project_of"]


@pytest.fixture
def project(project_of: Callable[..., Project], new_database: Callable[..., str]) -> Project:
    """The warehouse, filled, on SQLite."""
    project = project_of(warehouse, new_database("sqlite"))
    with project.connect() as connection:
        warehouse.fill(connection)
        connection.commit()
    return project


def models_of(base: Any) -> ModuleType:
    module = ModuleType("models")
    module.Base = base  # type: ignore[attr-defined]
    return module


def test_every_record_is_a_row_of_one_table(project: Project) -> None:
    records = json.loads(dumped(project))
    found = {(r["model"], json.dumps(r.get("pk"))): r["fields"] for r in records}
    assert found["stock.vehicle", "2"] == {"type": "car", "payload": None}
    assert found["stock.car", "2"] == {"seats": 4}
    assert found["stock.vehicle", "1"] == {"type": "truck", "payload": 7500}
    assert found["stock.vehicle_box", "[1, 5]"] == {"packed": 3}
    assert found["stock.shelf", '["B", 10]'] == {"note": "top"}
    assert "pk" not in next(r for r in records if r["model"] == "stock.box_tag")
    everything = found["stock.everything", "1"]
    assert "doubled" not in everything
    assert everything["size"] == "large"
    assert everything["secret"] == "2retnuh"
    assert everything["guid"] == "00000000-0000-0000-0000-0000000000ff"
    assert found["stock.everything", "2"]["data"] is None
    assert found["stock.everything", "6"]["data"] == {"__json__": None}


def test_parents_stand_before_children_and_rows_in_the_order_of_keys(project: Project) -> None:
    records = json.loads(dumped(project))
    models = list(dict.fromkeys(r["model"] for r in records))
    for parent, child in (
        ("shelf", "box"),
        ("box", "box_tag"),
        ("tag", "box_tag"),
        ("vehicle", "car"),
        ("team", "member"),
    ):
        assert models.index(f"stock.{parent}") < models.index(f"stock.{child}")
    tags = [r["pk"] for r in records if r["model"] == "stock.tag"]
    assert tags == ["Zinn", "a b", "apfel", "Äpfel-2", "öl"]
    shelves = [r["pk"] for r in records if r["model"] == "stock.shelf"]
    assert shelves == [["B", 9], ["B", 10], ["a", 1], ["é", 2]]


def test_each_record_is_a_line_unless_indented(project: Project) -> None:
    text = dumped(project, "stock.Team")
    assert text == (
        '[\n{"model": "stock.team", "pk": 1, "fields": {"lead_id": 3}},\n'
        '{"model": "stock.team", "pk": 2, "fields": {"lead_id": null}}\n]\n'
    )
    pieces: list[str] = []
    dump(project, Request(["stock.team"], indent=2), pieces.append)
    assert "".join(pieces) == json.dumps(json.loads(text), indent=2) + "\n"


def test_nothing_is_an_empty_list(project_of: Callable[..., Project], database_url: str) -> None:
    project = project_of(warehouse, database_url)
    assert dumped(project) == "[]\n"
    assert loaded(project, dumped(project)).records == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("stok", "No app or model 'stok'. Did you mean 'stock'?"),
        ("stock.Bok", "No model 'stock.Bok'. Did you mean 'stock.box'?"),
        ("box", "No app or model 'box'. Did you mean 'stock.box'?"),
    ],
)
def test_an_unknown_name(project: Project, name: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        dumped(project, "stock.box", name)
    assert caught.value.message == message


def test_all_is_read_at_one_moment(project_of: Callable[..., Project], database_url: str) -> None:
    """A row that comes while the dump runs is not in it, nor is half of a change."""
    project = project_of(warehouse, database_url)
    boxes = [{"model": "stock.box", "pk": i, "fields": {}} for i in range(1, 2001)]
    loaded(project, [*boxes, {"model": "stock.tag", "pk": "red", "fields": {}}])
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:  # or a reader would keep the writer out
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    pieces: list[str] = []

    def write(text: str) -> None:
        if not pieces:
            with engine.begin() as connection:
                # Boxes are being read; their links come after them.
                connection.execute(sa.insert(warehouse.Box).values(id=9999))
                connection.execute(sa.insert(warehouse.box_tag).values(box_id=1, tag_name="red"))
        pieces.append(text)

    dump(project, Request(), write)
    assert len(pieces) > 1
    text = "".join(pieces)
    assert ("9999" in text, "box_tag" in text) == (False, False)
    text = dumped(project)
    assert ("9999" in text, "box_tag" in text) == (True, True)


def test_pickled_objects_are_refused_both_ways(
    project_of: Callable[..., Project], database_url: str
) -> None:
    class Base(DeclarativeBase):
        pass

    class Jar(Base):
        __tablename__ = "jar"

        id: Mapped[int] = mapped_column(primary_key=True)
        content: Mapped[Any | None] = mapped_column(sa.PickleType)

    project = project_of(models_of(Base), database_url)
    empty = [{"model": "stock.jar", "pk": 1, "fields": {"content": None}}]
    assert loaded(project, empty).new == 1
    assert json.loads(dumped(project)) == empty
    with pytest.raises(FixtureError, match="'content': \"gAR\" cannot go into a column of pickled"):
        loaded(project, [{"model": "stock.jar", "pk": 2, "fields": {"content": "gAR"}}])
    with project.session() as session:
        session.add(Jar(id=3, content={"a": 1}))
        session.commit()
    with pytest.raises(FixtureError) as caught:
        dumped(project)
    assert caught.value.message == (
        "stock.jar 3: column jar.content cannot be written: "
        "it holds pickled objects, and a fixture cannot hold them."
    )


def test_a_value_that_is_not_of_the_columns_type_is_named(project: Project) -> None:
    """SQLite keeps whatever it is given."""
    with project.connect() as connection:
        connection.exec_driver_sql("UPDATE person SET touched = 'soon' WHERE id = 2")
        connection.commit()
    with pytest.raises(FixtureError, match=r"stock\.person 2: column person\.touched cannot be"):
        dumped(project)


def test_a_missing_column_and_a_missing_table_are_named(project: Project) -> None:
    with project.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE everything DROP COLUMN ratio")
        connection.commit()
    with pytest.raises(DatabaseError, match=r"Table everything cannot be read: .*ratio"):
        dumped(project)
    with project.connect() as connection:
        connection.exec_driver_sql("DROP TABLE car")
        connection.commit()
    with pytest.raises(DatabaseError, match="The database has no table car"):
        dumped(project)


def test_a_view_is_not_dumped(project_of: Callable[..., Project], database_url: str) -> None:
    class Base(DeclarativeBase):
        pass

    sa.Table("jar", Base.metadata, sa.Column("id", sa.Integer, primary_key=True))
    models = models_of(Base)
    project = project_of(models, database_url)
    with project.connect() as connection:
        connection.exec_driver_sql("CREATE VIEW seen AS SELECT id FROM jar")
        connection.commit()
    sa.Table("seen", Base.metadata, sa.Column("id", sa.Integer, primary_key=True))
    project = project_of(models, database_url, create=False)
    loaded(project, [{"model": "stock.jar", "pk": 1}])
    assert [r["model"] for r in json.loads(dumped(project))] == ["stock.jar"]
    with pytest.raises(FixtureError, match="seen is a view"):
        loaded(project, [{"model": "stock.seen", "pk": 2}])


@pytest.mark.server
def test_types_of_postgresql_travel_in_its_own_text_form(
    project_of: Callable[..., Project], new_database: Callable[..., str]
) -> None:
    class Base(DeclarativeBase):
        pass

    mood = sa.Enum("sad", "ok", name="mood")
    special = sa.Table(
        "special",
        Base.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("address", postgresql.INET),
        sa.Column("during", postgresql.TSTZRANGE),
        sa.Column("words", postgresql.TSVECTOR),
        sa.Column("bits", postgresql.BIT(4)),
        sa.Column("plain", postgresql.JSON),
        sa.Column("moods", postgresql.ARRAY(mood)),
        sa.Column("days", postgresql.ARRAY(sa.Date, dimensions=2)),
        sa.Column("sums", postgresql.ARRAY(sa.Numeric(10, 2))),
        sa.Column("nets", postgresql.ARRAY(postgresql.CIDR)),
        sa.Column("secrets", postgresql.ARRAY(warehouse.Reversed)),
        sa.Column("zoned", postgresql.TIMESTAMP(timezone=True)),
    )
    models = models_of(Base)
    one, other = (project_of(models, new_database("postgresql")) for _ in range(2))
    values = {
        "id": 1,
        "address": "10.0.0.1/8",
        "plain": {"b": [1, None], "a": "'"},
        "moods": ["ok", "sad"],
        "sums": [1, None],
        "secrets": ["abc"],
        "bits": "0101",
    }
    with one.connect() as connection:
        connection.execute(special.insert().values(values))
        connection.exec_driver_sql(
            "UPDATE special SET during = '[2024-01-01 00:00+00,)', words = 'a:1 b''c',"
            " days = '{{2024-01-01},{2024-02-29}}', nets = '{10.0.0.0/8}',"
            " zoned = '2024-06-01 12:00+02'"
        )
        connection.execute(special.insert().values(id=2))
        connection.commit()
    text = dumped(one)
    fields = json.loads(text)[0]["fields"]
    assert fields["moods"] == ["ok", "sad"]
    assert fields["days"] == [["2024-01-01"], ["2024-02-29"]]
    assert fields["sums"] == ["1.00", None]
    assert fields["secrets"] == ["cba"]
    assert fields["zoned"] == "2024-06-01T10:00:00+00:00"
    assert loaded(other, text).new == 2
    assert dumped(other) == text
    assert loaded(other, text).unchanged == 2
    with pytest.raises(FixtureError, match="table special refused it: invalid input syntax"):
        loaded(other, [{"model": "stock.special", "pk": 3, "fields": {"address": "home"}}])


def test_text_is_sorted_by_code_point_whatever_the_collation(
    project_of: Callable[..., Project], database_url: str, backend: str
) -> None:
    collation = {"postgresql": "und-x-icu", "mariadb": "utf8mb4_general_ci", "sqlite": "NOCASE"}

    class Base(DeclarativeBase):
        pass

    class Word(Base):
        __tablename__ = "word"

        name: Mapped[str] = mapped_column(
            sa.String(20, collation=collation[backend]), primary_key=True
        )

    project = project_of(models_of(Base), database_url)
    words = ["é", "b", "Z", "a", "C"]
    loaded(project, [{"model": "stock.word", "pk": word} for word in words])
    assert [r["pk"] for r in json.loads(dumped(project))] == ["C", "Z", "a", "b", "é"]


def test_a_file_is_replaced_whole_and_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("old")
    mask = os.umask(0)
    try:
        with replacing(path) as write:
            write("new")
            assert path.read_text() == "old"
    finally:
        os.umask(mask)
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["out.json"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path) as write:
        write("new")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.json"]


def test_a_symbolic_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    with replacing(tmp_path / "link.json") as write:
        write("new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text() == "new"


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    for path, message in (
        (tmp_path, "is a folder"),
        (tmp_path / "none" / "x.json", r"none/x\.json cannot be written: No such file"),
    ):
        with pytest.raises(FixtureError, match=message), replacing(path):
            raise AssertionError("the file was opened")
