"""Names with a percent sign, a colon, quotes, spaces, upper case: through dump and load."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from support import odd_names
from support.stock import dumped, loaded, project_of

from sqlalchemy_manage.data import record_blocks
from sqlalchemy_manage.links.check import check_links
from sqlalchemy_manage.links.declared_links import links_of
from sqlalchemy_manage.project import Project

__all__ = ["project_of"]


def test_odd_names(
    project_of: Callable[..., Project], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_of(odd_names, database_url)
    fields = [{"select": "s", "colon": f"c{i}", "quoted": f"100%s{i}"} for i in range(3)]
    records = [
        {"model": "stock.odd", "pk": i, "fields": {**f, "parent_id": [None, 1, 1][i - 1]}}
        for i, f in enumerate(fields, 1)
    ]
    records.append({"model": "stock.tag", "pk": "%(x)s:y", "fields": {"odds": [1, ["100%s1"]]}})
    assert loaded(project, records).new == 6
    # The number after the loaded ones is free.
    with project.connect() as connection:
        values = {"select": "", "colon": "", "quoted": "new"}
        insert = sa.insert(odd_names.Odd).values(values)
        assert connection.execute(insert).inserted_primary_key == (4,)
        connection.commit()
        report = check_links(connection, links_of(project.mappers, project.tables))
        assert report.ok, report.findings
    for options in ({}, {"natural_foreign": True, "natural_primary": True}):
        text = dumped(project, **options)
        monkeypatch.setattr(record_blocks, "RECORDS", 2)
        done = loaded(project, text)
        assert (done.new, done.changed) == (0, 0)
        changed = json.loads(text)
        odd = next(r for r in changed if r["model"] == "stock.odd")
        odd["fields"]["colon"] = ":x %s"
        assert loaded(project, changed).changed == 1
        loaded(project, text)
