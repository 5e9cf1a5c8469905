"""env.py files as other projects have them, and a project that has one."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any

from support.project import ProjectFolder

MODELS = """
table("author", key(), Column("name", String(40), nullable=False))
table("book", key(), Column("author_id", ForeignKey("author.id"), nullable=False, index=True))
"""

HEAD = """\
from logging.config import fileConfig

from alembic import context
from sqlalchemy import create_engine, engine_from_config, pool

from staff.models import metadata

config = context.config
"""
RUN = """\
    with context.begin_transaction():
        context.run_migrations()
"""

SECTION = f"""{HEAD}
fileConfig(config.config_file_name)


def offline():
    context.configure(
        url=config.get_main_option("sqlalchemy.url"),
        target_metadata=metadata,
        literal_binds=True,
    )
{RUN}

def online():
    connectable = engine_from_config(
        config.get_section(config.config_ini_section), prefix="sqlalchemy."
    )
    with connectable.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    offline()
else:
    online()
"""

LENT = f"""{HEAD}
connection = config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
"""

LENT_ENGINE = f"""{HEAD}
connectable = config.attributes.get("connection", None)
if connectable is None:
    raise RuntimeError("no engine was given")
with connectable.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"""

COMMITS = f"""{HEAD}
connection = create_engine(config.get_main_option("sqlalchemy.url")).connect()
context.configure(connection=connection, target_metadata=metadata)
context.run_migrations()
connection.commit()
connection.close()
"""

EXECUTES = f"""{HEAD}
with create_engine(config.get_main_option("sqlalchemy.url")).connect() as connection:
    connection.exec_driver_sql("CREATE TABLE made_by_env (id INTEGER)")
    context.configure(
        connection=connection, target_metadata=metadata, transaction_per_migration=False
    )
    context.execute("DELETE FROM nowhere")
    with context.begin_transaction() as transaction:
        context.run_migrations()
        transaction.commit()
"""

ASYNC = f"""{HEAD}
import asyncio

from sqlalchemy.ext.asyncio import async_engine_from_config


def run(connection):
    context.configure(connection=connection, target_metadata=metadata)
{RUN}

async def main():
    connectable = async_engine_from_config(
        config.get_section(config.config_ini_section, {{}}),
        prefix="sqlalchemy.",
        poolclass=pool.NullPool,
    )
    async with connectable.connect() as connection:
        await connection.run_sync(run)
    await connectable.dispose()


asyncio.run(main())
"""

KINDS = {
    "section": SECTION,
    "connection lent": LENT,
    "engine lent": LENT_ENGINE,
    "commits itself": COMMITS,
    "executes": EXECUTES,
    "async": ASYNC,
}


def of_alembic(template: str) -> str:
    """The env.py of one of Alembic's own templates, with the project's models."""
    path = resources.files("alembic") / "templates" / template / "env.py"
    return re.sub(
        r"^target_metadata = None",
        "from staff.models import metadata as target_metadata",
        path.read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )


def configured(*arguments: str, before: str = "", first: str = "") -> str:
    """An env.py that passes these ``arguments``; ``first`` comes before anything is imported."""
    more = "".join(f"        {argument},\n" for argument in arguments)
    return f"""{first}
{HEAD}
{before}
with create_engine(config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
{more}    )
    with context.begin_transaction():
        context.run_migrations()
"""


class ForeignFolder(ProjectFolder):
    """A project with a folder that ``alembic init`` made, and an env.py of its own."""

    ini = "alembic.ini"

    def setup(self, env: str, models: str = MODELS, **settings: Any) -> ForeignFolder:
        """Write what ``alembic init`` writes, with this env.py; more ``settings``."""
        self.models(models)
        templates = resources.files("alembic") / "templates" / "generic"
        folder = self.folder / "migrations"
        (folder / "versions").mkdir(parents=True)
        self.env.write_text(env)
        mako = (templates / "script.py.mako").read_text(encoding="utf-8")
        (folder / "script.py.mako").write_text(mako)
        ini = (templates / "alembic.ini.mako").read_text(encoding="utf-8")
        ini = ini.replace("${script_location}", "%(here)s/migrations")
        url = self.url.replace("%", "%%")
        ini = re.sub(r"^sqlalchemy.url = .*$", lambda m: f"sqlalchemy.url = {url}", ini, flags=re.M)
        (self.folder / self.ini).write_text(ini)
        self.set(**{"ALEMBIC": self.ini} | settings)
        return self

    def set(self, **settings: Any) -> None:
        with (self.folder / "staff_settings.py").open("a") as file:
            file.writelines(f"{name} = {value!r}\n" for name, value in settings.items())

    @property
    def env(self) -> Path:
        return self.folder / "migrations" / "env.py"

    def files(self) -> set[str]:
        """What is in the folder of the migrations."""
        folder = self.folder / "migrations"
        found = (path for path in folder.rglob("*") if "__pycache__" not in path.parts)
        return {str(path.relative_to(folder)) for path in found}
