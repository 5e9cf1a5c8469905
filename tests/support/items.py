"""A project whose revisions write to a table of items, and what became of the table."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from support.project import ProjectFolder

BASE = (
    'op.create_table("item", sa.Column("id", sa.Integer, primary_key=True),'
    ' sa.Column("n", sa.Integer))',
    'op.execute("INSERT INTO item VALUES (1, 1), (2, 1)")',
)


class Items(ProjectFolder):
    """The first revision makes the table, with two items."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder, url)
        self.write_history()
        self.step("0001_base", *BASE)

    @property
    def version(self) -> str:
        (head,) = self.heads()
        return head

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
