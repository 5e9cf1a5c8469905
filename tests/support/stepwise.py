"""A project whose revisions a test writes out, run in this process."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from support.programs import ROOT
from support.project import App


class Stepwise(App):
    """``revision`` writes the next file, or writes one again; the first makes two tables."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder, url)
        self.models("")
        self.versions = folder / "migrations" / "versions"
        self.versions.mkdir(parents=True)
        (folder / "migrations" / "env.py").write_text((ROOT / "migrations" / "env.py").read_text())
        self.names: list[str] = []
        self.revision(
            "0001_base",
            'op.create_table("item", sa.Column("id", sa.Integer, primary_key=True),'
            ' sa.Column("n", sa.Integer))',
            'op.execute("INSERT INTO item VALUES (1, 1), (2, 1)")',
        )

    def revision(self, name: str, *lines: str, down: tuple[str, ...] = ("pass",)) -> None:
        if name not in self.names:
            self.names.append(name)
        position = self.names.index(name)
        below = self.names[position - 1] if position else None
        body = "".join(f"    {line}\n" for line in lines)
        back = "".join(f"    {line}\n" for line in down)
        (self.versions / f"{name}.py").write_text(
            "import os, signal\nimport sqlalchemy as sa\nfrom alembic import op\n"
            f"revision = {name!r}\ndown_revision = {below!r}\n\n"
            f"def upgrade():\n{body}\ndef downgrade():\n{back}"
        )

    @property
    def version(self) -> str:
        return str(self.query("SELECT version_num FROM alembic_version")[0][0])

    @property
    def journal(self) -> list[str]:
        """The writing statements that are noted; none after a revision that came to its end."""
        if not sa.inspect(self.engine).has_table("sqlalchemy_manage_journal"):
            return []
        query = (
            "SELECT state, statement FROM sqlalchemy_manage_journal"
            " WHERE kind <> 'read' ORDER BY step"
        )
        return [f"{state} {' '.join(text.split())}" for state, text in self.query(query)]

    @property
    def columns(self) -> set[str]:
        return {column["name"] for column in sa.inspect(self.engine).get_columns("item")}

    @property
    def numbers(self) -> list[int]:
        return [n for (n,) in self.query("SELECT n FROM item ORDER BY id")]
