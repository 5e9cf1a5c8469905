"""A load in several blocks is the load in one: links ahead, repeated rows, all or nothing."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from support import places, warehouse
from support.stock import dumped, loaded, project_of

from sqlalchemy_manage.data import record_blocks
from sqlalchemy_manage.errors import FixtureError
from sqlalchemy_manage.project import Project

__all__ = ["project_of"]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_blocks, "RECORDS", 3)


def people(count: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"model": "stock.person", "pk": i, "fields": {"name": f"p{i}", "boss_id": i + 1, **more}}
        for i in range(1, count)
    ] + [{"model": "stock.person", "pk": count, "fields": {"name": "last", "boss_id": None}}]


@pytest.mark.usefixtures("small_blocks")
def test_links_to_rows_of_later_blocks(
    project_of: Callable[..., Project], database_url: str
) -> None:
    """Each row refers to the next; the parents stand last; by keys and by natural keys."""
    project = project_of(warehouse, database_url)
    records = people(20)
    assert (done := loaded(project, records)).new == 20, done
    again = loaded(project, list(reversed(records)))
    assert (again.new, again.changed, again.unchanged) == (0, 0, 20)
    records[7]["fields"]["boss_id"] = 99
    with pytest.raises(FixtureError, match=r"record 8 \(stock\.person 8\)"):
        loaded(project, records)


@pytest.mark.usefixtures("small_blocks")
def test_natural_keys_over_several_blocks(
    project_of: Callable[..., Project], new_database: Callable[..., str], backend: str
) -> None:
    source, target = (project_of(places, new_database(backend)) for _ in range(2))
    with source.connect() as connection:
        places.fill(connection)
        connection.commit()
    options = {"natural_foreign": True, "natural_primary": True}
    records = json.loads(dumped(source, **options))
    for ordered in (records, list(reversed(records))):
        assert loaded(target, ordered).records == len(records)
        back = json.loads(dumped(target, **options))
        assert sorted(map(str, back)) == sorted(map(str, records))


@pytest.mark.usefixtures("small_blocks")
def test_an_error_in_the_last_block_leaves_nothing(
    project_of: Callable[..., Project], database_url: str
) -> None:
    project = project_of(warehouse, database_url)
    records = people(12)
    records[-1]["fields"]["name"] = None
    with pytest.raises(FixtureError, match=r"record 12 .*name.* must not be null"):
        loaded(project, records)
    assert dumped(project) == "[]\n"
    with pytest.raises(FixtureError, match="line 1, column"):
        loaded(project, json.dumps(people(12))[:-9])
    assert dumped(project) == "[]\n"


@pytest.mark.usefixtures("small_blocks")
def test_a_row_that_comes_again_is_one_row_and_a_contradiction_is_told(
    project_of: Callable[..., Project], database_url: str
) -> None:
    project = project_of(warehouse, database_url)
    records = people(6)
    records.append({"model": "stock.person", "pk": 1, "fields": {"name": "other"}})
    records.append({"model": "stock.person", "pk": 2, "fields": {"name": "p2"}})
    done = loaded(project, records)
    assert (done.new, done.changed, done.unchanged) == (6, 0, 0)
    assert done.notes == (
        "standard input, record 1 and standard input, record 7 give different values for 'name' "
        "of stock.person 1: the last holds.",
    )
    assert '"pk": 1, "fields": {"name": "other"' in dumped(project)


@pytest.mark.usefixtures("small_blocks")
def test_every_block_of_a_full_database_is_unchanged(
    project_of: Callable[..., Project], new_database: Callable[..., str]
) -> None:
    project = project_of(warehouse, new_database("sqlite"))
    with project.connect() as connection:
        warehouse.fill(connection)
        connection.commit()
    text = dumped(project)
    done = loaded(project, text)
    assert (done.new, done.changed, done.notes) == (0, 0, ())
    fresh = project_of(warehouse, new_database("sqlite"))
    assert loaded(fresh, text).new == text.count('{"model": ')
    assert dumped(fresh) == text


def test_memory_does_not_grow_with_the_fixture(
    project_of: Callable[..., Project], new_database: Callable[..., str], tmp_path: Any
) -> None:
    project = project_of(warehouse, new_database("sqlite"))
    peaks = []
    for count in (9_000, 27_000):
        path = tmp_path / f"{count}.jsonl"
        with path.open("w") as file:
            for i in range(1, count + 1):
                fields = {"name": f"person {count} {i}", "boss_id": max(1, i - 1)}
                record = {"model": "stock.person", "pk": i, "fields": fields}
                file.write(json.dumps(record) + "\n")
        with project.connect() as connection:
            connection.execute(sa.delete(warehouse.Person))
            connection.commit()
        from io import StringIO

        from sqlalchemy_manage.data.load import load

        tracemalloc.start()
        try:
            assert load(project, [str(path)], StringIO()).new == count
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]
