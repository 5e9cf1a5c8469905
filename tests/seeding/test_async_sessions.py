"""Async factories need greenlet, which SQLAlchemy does not bring along; nothing else does."""

from __future__ import annotations

from pathlib import Path

from support.programs import ROOT, run

WITHOUT = """\
import runpy, sys
sys.modules["greenlet"] = None
sys.argv[1:] = [{!r}]
runpy.run_path("manage.py", run_name="__main__")
"""


def test_seed_does_without_greenlet(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hr.sqlite'}"
    result = run(ROOT, "-c", WITHOUT.format("prepare"), url=url, fresh=True)
    assert result.code == 0, result
    assert "links ok" in result.stdout


def test_an_async_factory_names_what_is_missing(tmp_path: Path) -> None:
    models = "from sqlalchemy.orm import *\nclass Base(DeclarativeBase):\n    pass\n"
    models += "class Note(Base):\n    __tablename__ = 'note'\n    id = mapped_column("
    models += "sqlalchemy.Integer, primary_key=True)\n"
    factories = """\
from factory.alchemy import SQLAlchemyModelFactory
from .models import Note

class NoteFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Note

    @classmethod
    async def _create(cls, model, *args, **values):
        return model(**values)
"""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "models.py").write_text("import sqlalchemy\n" + models)
    (folder / "factories.py").write_text(factories)
    settings = "DATABASES = {'default': {'URL': 'sqlite:///notes.sqlite'}}\n"
    (tmp_path / "settings.py").write_text(settings + "INSTALLED_APPS = ['notes']\n")
    (tmp_path / "manage.py").write_text(
        "from sqlalchemy_manage import main\nraise SystemExit(main())\n"
    )
    for command in (["makemigrations"], ["migrate"]):
        assert run(tmp_path, "manage.py", *command).code == 0
    result = run(tmp_path, "-c", WITHOUT.format("seed"), fresh=True)
    assert result.code == 1
    assert "NoteFactory is async, and greenlet" in result.stderr
    assert "pip install 'sqlalchemy[asyncio]'" in result.stderr
