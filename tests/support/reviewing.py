"""A comparison under review, without files and commands: for the tests of its steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext

from sqlalchemy_manage.migrations.autogenerate import plugins
from sqlalchemy_manage.migrations.autogenerate.context import ComparisonContext
from sqlalchemy_manage.migrations.questions import Answers, Question, parse_answers
from sqlalchemy_manage.migrations.revisions.describe import changes, flat
from support.scripted import Scripted

Define = Callable[[sa.MetaData], object]
"""Puts tables into a MetaData."""


class Owned:
    """A history that made everything but what is named: ``table``, ``table.name``."""

    guess = ""
    create_all = False

    def __init__(self, *foreign: str) -> None:
        self.foreign = foreign

    def table(self, schema: str | None, name: str) -> bool:
        return name not in self.foreign

    def column(self, schema: str | None, table: str, name: str) -> bool:
        return f"{table}.{name}" not in self.foreign and table not in self.foreign

    index = constraint = column


class Reviewed:
    """One SQLite database in memory, and reviews of what the models have otherwise."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    def create(self, define: Define, **rows: list[dict[str, Any]]) -> None:
        metadata = sa.MetaData()
        define(metadata)
        metadata.create_all(self.connection)
        for name, found in rows.items():
            self.connection.execute(metadata.tables[name].insert(), found)

    def review(
        self,
        define: Define,
        answers: Iterable[Any] | Any = (),
        *,
        foreign: Iterable[str] = (),
        unimported: Iterable[Any] = (),
        rows_visible: bool = True,
        **flags: list[str],
    ) -> tuple[ComparisonContext, ops.UpgradeOps]:
        """The review and the operations that it begins with.

        ``answers`` are a questioner's, or a questioner; ``flags`` as parse_answers has them.
        """
        metadata = sa.MetaData()
        define(metadata)
        options = plugins.include([metadata], None) | {"target_metadata": metadata}
        context = MigrationContext.configure(self.connection, opts=options)
        self.questioner: Any = answers if hasattr(answers, "ask") else Scripted(answers)
        review = ComparisonContext(
            context,
            [metadata],
            parse_answers(**flags) if flags else Answers(),
            self.questioner,
            owned=lambda: Owned(*foreign),  # type: ignore[arg-type, return-value]
            unimported=lambda names: [m for m in unimported if m.table in names],
            rows_visible=rows_visible,
        )
        return review, review.compare()

    @property
    def asked(self) -> list[str]:
        """The texts of the questions so far."""
        asked: list[Question] = getattr(self.questioner, "asked", None) or []
        return [question.text for question in asked]


def words(operations: Any) -> list[str]:
    """What the operations do, in words."""
    found = operations.ops if isinstance(operations, ops.OpContainer) else operations
    return [change.words for change in changes(list(found))]


def all_of(operations: ops.UpgradeOps) -> list[Any]:
    return [operation for _, operation in flat(operations.ops)]


@pytest.fixture
def reviewed() -> Iterator[Reviewed]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        yield Reviewed(connection)
    engine.dispose()


def table(name: str, *items: Any, **kw: Any) -> Define:
    """Defines a table with an ``id``; a column is the name of a text, or made by ``column``."""

    def define(metadata: sa.MetaData) -> None:
        made = [
            sa.Column(item, sa.String(50)) if isinstance(item, str) else item() for item in items
        ]
        sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True), *made, **kw)

    return define


def column(name: str, type_: Any = sa.Integer, *args: Any, **kw: Any) -> Callable[[], Any]:
    return lambda: sa.Column(name, type_, *args, **kw)


def tables(*defines: Define) -> Define:
    def define(metadata: sa.MetaData) -> None:
        for one in defines:
            one(metadata)

    return define
