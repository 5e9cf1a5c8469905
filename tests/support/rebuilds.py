"""A project on SQLite with revisions of SQL, to see what a rebuilt table is afterwards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from support.programs import Result
from support.project import ProjectFolder


class Rebuilds(ProjectFolder):
    """A project on SQLite with revisions of SQL, and what is in its database."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, f"sqlite:///{folder / 'db.sqlite'}")
        self.write_history()

    @property
    def last(self) -> str:
        """The newest revision."""
        return self.revisions[-1].removesuffix(".py")

    def next(self, body: str, more: str = "") -> str:
        """Write a revision; its name."""
        name = f"{len(self.revisions) + 1:04}_step"
        self.step(name, body.strip("\n"), more=more)
        return name

    def sql(self, *statements: str) -> None:
        self.next("\n".join(f"op.get_bind().exec_driver_sql({s!r})" for s in statements))

    def migrate(self) -> Result:
        return self.manage("migrate")

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
