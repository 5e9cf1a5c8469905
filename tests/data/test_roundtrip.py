"""What was dumped loads back equal, on any of the databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from support import warehouse
from support.databases import BACKENDS
from support.stock import dumped, loaded, project_of

from sqlalchemy_manage.project import Project

__all__ = ["project_of"]


def filled(project: Project) -> Project:
    with project.connect() as connection:
        warehouse.fill(connection)
        connection.commit()
    return project


@pytest.mark.server
def test_every_type_and_link_travels_around_all_databases(
    new_database: Callable[..., str], project_of: Callable[..., Project]
) -> None:
    first = dumped(filled(project_of(warehouse, new_database("sqlite"))))
    for backend in ("postgresql", "mariadb", "sqlite", "mariadb", "postgresql", "sqlite"):
        project = project_of(warehouse, new_database(backend))
        counts = loaded(project, first)
        assert (counts.changed, counts.unchanged, counts.notes) == (0, 0, ())
        assert dumped(project) == first
        again = loaded(project, first)
        assert (again.new, again.changed) == (0, 0)
        assert again.records == counts.records == first.count('{"model": ')


@pytest.mark.server
@pytest.mark.parametrize("source", BACKENDS)
def test_rows_made_on_each_database_give_equal_text(
    source: str, new_database: Callable[..., str], project_of: Callable[..., Project]
) -> None:
    expected = dumped(filled(project_of(warehouse, new_database("sqlite"))))
    assert dumped(filled(project_of(warehouse, new_database(source)))) == expected


def test_the_program_reads_equal_values_after_the_journey(
    database_url: str, new_database: Callable[..., str], project_of: Callable[..., Project]
) -> None:
    source = filled(project_of(warehouse, new_database("sqlite")))
    target = project_of(warehouse, database_url)
    loaded(target, dumped(source))
    model = warehouse.Everything
    columns = [c for c in model.__table__.c if c.name not in ("zoned", "amount", "rough")]
    statement = sa.select(*columns, sa.cast(model.amount, sa.String(30)), model.data.is_(sa.null()))
    statement = statement.order_by(model.id)

    def rows(project: Project) -> list[tuple[Any, ...]]:
        with project.connect() as connection:
            found = connection.execute(statement).all()
        return [tuple(x.rstrip(" ") if i == 4 and x else x for i, x in enumerate(r)) for r in found]

    one, other = rows(source), rows(target)
    # PostgreSQL and MariaDB keep 0.00 and 1234567890.10, SQLite 0 and 1234567890.1.
    assert [row[:-2] for row in one] == [row[:-2] for row in other]
    # NULL and the JSON value null stay two things.
    assert [row[-1] for row in one] == [row[-1] for row in other]
    assert [row[0] for row in one if row[-1]] == [2]
