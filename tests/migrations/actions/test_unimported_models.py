"""Models in modules that nobody imported, found without importing them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sqlalchemy_manage.migrations.actions import unimported_models as sources
from sqlalchemy_manage.migrations.actions.unimported_models import (
    UnimportedModel,
    unimported_models,
)
from sqlalchemy_manage.project import Project

BOOM = "raise AssertionError('imported')\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with an app ``shop_app`` whose models module is imported."""
    root = tmp_path / "project"
    app = root / "shop_app"
    app.mkdir(parents=True)
    (app / "__init__.py").touch()
    (app / "models.py").write_text(
        "from sqlalchemy import Column, Integer, MetaData, Table\n"
        "metadata = MetaData()\n"
        "imported = Table('imported', metadata, Column('id', Integer, primary_key=True))\n"
    )
    (root / "sources_settings.py").write_text(
        "DATABASES = {'default': {'URL': 'sqlite://'}}\nINSTALLED_APPS = ['shop_app']\n"
    )
    monkeypatch.chdir(root)
    monkeypatch.syspath_prepend(str(root))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    before = set(sys.modules)
    yield root
    for name in set(sys.modules) - before:
        if name.startswith(("shop_app", "sources_settings")):
            del sys.modules[name]


@pytest.fixture
def project(root: Path) -> Project:
    project = Project("sources_settings")
    assert [table.name for table in project.tables] == ["imported"]
    return project


SHAPES = {
    "declarative": ('class Old(Base):\n    x = 1\n    __tablename__ = "t_old"', "Old", 1),
    "annotated": ('class Old(Base):\n    __tablename__: str = "t_old"', "Old", 1),
    "SQLModel": ("x = 1\nclass T_old(SQLModel, table=True):\n    id: int", "T_old", 2),
    "Flask-SQLAlchemy": (
        "class TOld(db.Model):\n    id = db.Column(db.Integer, primary_key=True)",
        "TOld",
        1,
    ),
    "mapped columns": ("class TOld(Base):\n    id: orm.Mapped[int]", "TOld", 1),
    "a Table": ('\nold = sa.Table("t_old", metadata)', "old", 2),
    "a Table of a class": ('class Old(Base):\n    __table__ = Table("t_old", m)', "Old", 1),
    "inside a function": (
        'def make():\n    class Old(Base):\n        __tablename__ = "t_old"',
        "Old",
        2,
    ),
}


@pytest.mark.parametrize(("source", "name", "line"), SHAPES.values(), ids=SHAPES)
def test_how_a_model_may_be_written(
    root: Path, project: Project, source: str, name: str, line: int
) -> None:
    path = root / "shop_app" / "old.py"
    path.write_text(f"{source}\n{BOOM}")
    found = unimported_models(project, ["t_old", "another"])
    assert [m for m in found if m.class_name == name] == [
        UnimportedModel("t_old", name, path, line, "shop_app.old")
    ]
    assert {m.table for m in found} == {"t_old"}


@pytest.mark.parametrize(
    "source",
    [
        'class Other(Base):\n    __tablename__ = "another_t_old"',
        "class T_old:\n    id = 1",
        "class T_old(SomeMixin):\n    id = 1",
        'x = {"t_old": 1}',
        'class Old(Base):\n    __tablename__ = "t_" + "old"',
        'Table(name, "t_old")',
    ],
)
def test_what_is_no_model_of_the_table(root: Path, project: Project, source: str) -> None:
    (root / "shop_app" / "old.py").write_text(source)
    assert unimported_models(project, ["t_old"]) == []


MODEL = 'class Old(Base):\n    __tablename__ = "t_old"\n'


def test_where_is_looked(root: Path, project: Project) -> None:
    seen = ("shop_app/deep/down/old.py", "beside/__init__.py", "top.py")
    unseen = (
        "shop_app/tests/old.py",
        "shop_app/test_old.py",
        "conftest.py",
        ".hidden/old.py",
        "node_modules/old.py",
        "environment/lib/old.py",
        "migrations/versions/old.py",
        "old.txt",
    )
    for name in (*seen, *unseen):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(MODEL + BOOM)
    (root / "environment" / "pyvenv.cfg").touch()
    found = unimported_models(project, ["t_old"])
    assert [(m.path.relative_to(root).as_posix(), m.module) for m in found] == [
        ("shop_app/deep/down/old.py", "shop_app.deep.down.old"),
        ("top.py", "top"),
        ("beside/__init__.py", "beside"),
    ]


def test_a_module_that_is_imported_does_not_count(root: Path, project: Project) -> None:
    path = root / "shop_app" / "old.py"
    path.write_text(MODEL.replace("(Base)", ""))
    assert len(unimported_models(project, ["t_old"])) == 1
    __import__("shop_app.old")
    assert unimported_models(project, ["t_old"]) == []
    assert unimported_models(project, ["imported"]) == []


def test_a_file_that_cannot_be_read_is_named(root: Path, project: Project) -> None:
    folder = root / "shop_app"
    (folder / "old.py").write_text(MODEL + "def broken(:\n")
    (folder / "bytes.py").write_bytes(b"x = 't_old \xff'\n")
    (folder / "zero.py").write_bytes(b"# t_old\0\n")
    (folder / "unrelated.py").write_text("def broken(:\n")
    found = unimported_models(project, ["app.t_old"])
    assert [m.readable for m in found] == [False] * 3
    assert str(found[1]) == "shop_app/old.py mentions app.t_old and cannot be read (line 3)"
    assert {m.path.name for m in found} == {"old.py", "bytes.py", "zero.py"}


def test_a_schema_a_warning_and_words(root: Path, project: Project) -> None:
    path = root / "shop_app" / "old.py"
    path.write_text("'''\\d'''\n" + MODEL)  # a SyntaxWarning when it is parsed
    (found,) = unimported_models(project, ["app.t_old"])
    assert str(found) == (
        "app.t_old is Old in shop_app/old.py, line 2; nothing imports shop_app.old"
    )


def test_not_more_files_than_a_project_has(
    root: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "shop_app" / "old.py").write_text(MODEL)
    monkeypatch.setattr(sources, "FILES", 1)
    assert unimported_models(project, ["t_old"]) == []
    assert unimported_models(project, []) == []
