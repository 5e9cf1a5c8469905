"""A migrations folder with the env.py of another tool: said in words, with the lines to write."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import alembic
import pytest
from support.project import ProjectFolder

TEMPLATES = Path(alembic.__file__).parent / "templates"


@pytest.fixture(params=["generic", "async", "multidb", "pyproject"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> ProjectFolder:
    """A project with a history that ``alembic init -t TEMPLATE`` began."""
    app = ProjectFolder(tmp_path / "project", f"sqlite:///{tmp_path}/db.sqlite").write_history()
    app.models("\nmetadata = MetaData()\ntable('item', key())\n")
    app.step("0001_note", 'op.create_table("note", sa.Column("id", sa.Integer, primary_key=True))')
    shutil.copy(TEMPLATES / request.param / "env.py", app.folder / "migrations" / "env.py")
    return app


def test_the_lines_that_are_printed_are_all_that_it_needs(app: ProjectFolder) -> None:
    env = app.folder / "migrations" / "env.py"
    own = env.read_text()
    for command in ("makemigrations", "makemigrations --check", "migrate"):
        result = app.manage(*command.split())
        assert result.code == 1, result
        assert f"{env} is not of sqlalchemy-manage" in result.stderr
        assert "traceback" not in result.stderr
    checked = app.manage("check")
    assert checked.code == 1
    assert "run_env" in checked.stdout + checked.stderr
    assert (app.revisions, env.read_text()) == (["0001_note.py"], own)
    lines = re.findall(r"^    (.*)$", result.stderr, re.M)
    assert lines == [
        "from alembic import context",
        "from sqlalchemy_manage import run_env",
        "run_env(context)",
    ]
    env.write_text("\n".join(lines) + "\n")
    app.done("migrate")
    assert app.tables() == {"note"}
    app.done("makemigrations", "--allow-drop", "note")
    app.done("migrate")
    assert app.tables() == {"item"}
