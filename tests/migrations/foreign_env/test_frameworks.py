"""The env.py files that other packages generate."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from support.foreign_envs import ForeignFolder, of_alembic
from support.programs import Result

FLASK = """
import flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class Author(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(40), nullable=False)


def create_app():
    app = flask.Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = {url!r}
    db.init_app(app)
    Migrate(app, db, compare_type=False)
    return app


def around():
    return create_app().app_context()
"""

SQLMODEL = """
import sqlmodel


class Author(sqlmodel.SQLModel, table=True):
    id: int | None = sqlmodel.Field(default=None, primary_key=True)
    name: str = sqlmodel.Field(max_length=40)
"""

ADVANCED = """
from advanced_alchemy.base import BigIntAuditBase
from sqlalchemy.orm import Mapped, mapped_column


class Author(BigIntAuditBase):
    __tablename__ = "author"
    name: Mapped[str] = mapped_column(String(40))


from advanced_alchemy.alembic.commands import AlembicCommands
from advanced_alchemy.config import AlembicAsyncConfig, SQLAlchemyAsyncConfig

config = SQLAlchemyAsyncConfig(
    connection_string={url!r},
    alembic_config=AlembicAsyncConfig(script_location="migrations"),
)


def alembic_config():
    return AlembicCommands(config).config
"""


class Spawned(ForeignFolder):
    """Each command in a process of its own: these packages keep the models that they know."""

    def manage(self, *args: object) -> Result:
        return self.spawn(*args)


def goes_through(app: ForeignFolder, *tables: str) -> None:
    app.done("makemigrations")
    app.done("migrate")
    assert app.tables() >= set(tables)
    app.done("makemigrations", "--check")
    app.done("check")
    app.done("rollback")
    assert not app.tables() & set(tables)
    app.done("migrate")


def template(package: str, *names: str) -> str:
    spec = find_spec(package)  # the package itself is not imported here
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent.joinpath(*names).read_text(encoding="utf-8")


@pytest.fixture
def app(tmp_path: Path) -> ForeignFolder:
    return Spawned(tmp_path / "project", f"sqlite:///{tmp_path}/db.sqlite")


def test_flask_migrate(app: ForeignFolder) -> None:
    env = template("flask_migrate", "templates", "flask", "env.py")
    app.setup(env, AROUND="staff.models:around", LEDGER=False)
    app.file.write_text(FLASK.format(url=app.url))
    goes_through(app, "author")
    assert "compare_type" in app.done("check").stdout


def test_sqlmodel(app: ForeignFolder) -> None:
    env = of_alembic("generic").replace(
        "from staff.models import metadata as target_metadata",
        "import staff.models\nfrom sqlmodel import SQLModel\n\ntarget_metadata = SQLModel.metadata",
    )
    app.setup(env)
    app.file.write_text(SQLMODEL)
    # Their own documentation has this line.
    mako = app.folder / "migrations" / "script.py.mako"
    mako.write_text(
        mako.read_text().replace(
            "import sqlalchemy as sa", "import sqlalchemy as sa\nimport sqlmodel"
        )
    )
    goes_through(app, "author")


def test_advanced_alchemy(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/db.sqlite"
    app = Spawned(tmp_path / "project", url)
    app.setup(
        template("advanced_alchemy", "alembic", "templates", "asyncio", "env.py"),
        ALEMBIC={"CONFIG": "staff.models:alembic_config"},
        MIGRATIONS_DIR="migrations",
        VERSION_TABLE="alembic_versions",
    )
    mako = template("advanced_alchemy", "alembic", "templates", "asyncio", "script.py.mako")
    (app.folder / "migrations" / "script.py.mako").write_text(mako)
    app.models(ADVANCED.format(url=url))
    app.url = f"sqlite:///{tmp_path}/db.sqlite"
    goes_through(app, "author")
    assert "schema_upgrades" in app.newest()
