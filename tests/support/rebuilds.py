"""A project on SQLite with revisions of SQL, to see what a rebuilt table is afterwards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from support.programs import ROOT, Result
from support.project import App

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = {name!r}
down_revision = {down!r}
{more}

def upgrade():
{body}

def downgrade():
    pass
"""


class Rebuilds:
    """A project on SQLite with revisions of SQL, and what is in its database."""

    def __init__(self, folder: Path) -> None:
        self.app = App(folder, f"sqlite:///{folder / 'db.sqlite'}")
        self.app.models("")
        self.versions = folder / "migrations" / "versions"
        self.versions.mkdir(parents=True)
        for name in ("env.py", "script.py.mako"):
            (folder / "migrations" / name).write_text((ROOT / "migrations" / name).read_text())
        (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
        self.last: str | None = None

    def revision(self, body: str, more: str = "") -> str:
        name = f"{int((self.last or '0')[:4]) + 1:04}_step"
        lines = "".join(f"    {line}\n" for line in body.strip("\n").split("\n"))
        text = REVISION.format(name=name, down=self.last, body=lines, more=more)
        (self.versions / f"{name}.py").write_text(text)
        self.last = name
        return name

    def sql(self, *statements: str) -> None:
        self.revision("\n".join(f"op.get_bind().exec_driver_sql({s!r})" for s in statements))

    def migrate(self) -> Result:
        return self.app.manage("migrate")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.app.query(sql)

    def statement(self, name: str) -> str:
        ((sql,),) = self.query(f"SELECT sql FROM sqlite_master WHERE name = '{name}'")
        return plain(sql)

    def master(self) -> dict[tuple[str, str], str]:
        rows = self.query("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        ours = ("alembic_version", "sqlalchemy_manage_", "sqlite_")
        return {(kind, name): plain(sql) for kind, name, sql in rows if not name.startswith(ours)}

    def read(self, name: str) -> list[list[tuple[Any, ...]]]:
        """What SQLite itself knows of a table."""
        found = [
            self.query(f"PRAGMA {pragma}('{name}')") for pragma in ("table_xinfo", "index_list")
        ]
        found.append([row[1:] for row in self.query(f"PRAGMA foreign_key_list('{name}')")])
        found += [self.query(f"PRAGMA index_xinfo('{row[1]}')") for row in found[1]]
        found.append([row[3:] for row in self.query(f"PRAGMA table_list('{name}')")])
        return [sorted(rows, key=repr) for rows in found]


def plain(sql: str) -> str:
    """SQL without its layout and the quotes around names."""
    return re.sub(r"\s+|[\"`\[\]]", "", re.sub(r"--[^\n]*", "", sql)).casefold()
