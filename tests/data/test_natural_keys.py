"""Natural keys: which columns they are, how a dump writes them, what a load finds by them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from support import places
from support.stock import dumped, loaded, project_of

from sqlalchemy_manage.data.natural_keys import NaturalKeys
from sqlalchemy_manage.data.record_layout import Layouts
from sqlalchemy_manage.errors import FixtureError
from sqlalchemy_manage.project import Project

__all__ = ["project_of"]


@pytest.fixture
def project(project_of: Callable[..., Project], database_url: str) -> Project:
    project = project_of(places, database_url)
    with project.connect() as connection:
        places.fill(connection)
        connection.commit()
    return project


def by_model(text: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for record in json.loads(text):
        found.setdefault(record["model"].removeprefix("stock."), []).append(record)
    return found


def emptied(project: Project) -> None:
    with project.connect() as connection:
        connection.execute(sa.text("UPDATE city SET mayor_id = NULL"))
        connection.execute(sa.text("UPDATE person SET boss_id = NULL"))
        for table in reversed(places.Base.metadata.sorted_tables):
            connection.execute(sa.delete(table))
        connection.commit()


def test_links_and_keys_are_written_by_what_people_know(project: Project) -> None:
    found = by_model(dumped(project, natural_foreign=True, natural_primary=True))
    assert [r.get("pk") for r in found["country"]] == [None, None]
    bern = next(r for r in found["city"] if r["fields"]["name"] == "Bern")
    assert bern == {
        "model": "stock.city",
        "fields": {"number": 1, "name": "Bern", "country_id": ["CH"], "mayor_id": ["e@f"]},
    }
    person = next(r for r in found["person"] if r["fields"]["email"] == "c@d")["fields"]
    assert (person["city_key"], person["boss_id"]) == ([["%s"], 'B"e,r]n'], ["a@b"])
    # A key that is a link is written as one, wherever it stands.
    assert found["engineer"][0]["pk"] == ["e@f"]
    assert [r["pk"] for r in found["friends"]] == [[["e@f"], ["c@d"]], [["a@b"], ["e@f"]]]
    assert [(r["pk"], r["fields"]["owner_id"]) for r in found["badge"]] == [
        (1, [["e@f"]]),
        (2, [["e@f"]]),
    ]


@pytest.mark.parametrize("lines", [False, True])
def test_a_dump_by_natural_keys_loads_beside_other_keys(project: Project, lines: bool) -> None:
    """Circles, self-links, subclasses; into a database where the same rows have other keys."""
    options = {"natural_foreign": True, "natural_primary": True, "lines": lines}
    text = dumped(project, **options)
    again = loaded(project, text)
    assert (again.new, again.changed) == (0, 0)
    emptied(project)
    with project.connect() as connection:
        connection.execute(sa.insert(places.Country), [{"id": 70, "name": "Suisse", "code": "CH"}])
        connection.commit()
    first = loaded(project, text)
    assert (first.new, first.changed, first.unchanged) == (11, 0, 1)

    def unordered(text: str) -> list[str]:
        return sorted(json.dumps(r, sort_keys=True) for r in map(json.loads, text.splitlines()))

    if lines:
        assert unordered(dumped(project, **options)) == unordered(text)
    assert '"pk": 70' in dumped(project, "stock.country")
    again = loaded(project, text)
    assert (again.new, again.changed) == (0, 0)


def test_what_has_no_natural_key_or_is_referred_to_by_its_key_keeps_it(project: Project) -> None:
    from sqlalchemy_manage.data.dump import Request, dump

    notes = dump(project, Request(natural_primary=True), lambda text: None).notes
    assert "stock.badge has no natural key: its records keep their pk." in notes
    assert any(
        "stock.country keeps its pk: stock.city refers" in note and "--natural-foreign" in note
        for note in notes
    )
    both = Request(natural_primary=True, natural_foreign=True)
    assert dump(project, both, lambda text: None).notes == (
        "stock.badge has no natural key: its records keep their pk.",
    )


def test_records_by_hand(project: Project) -> None:
    """A link, a many-to-many list and a row by natural keys, before the rows that they name."""
    records = [
        {
            "model": "stock.person",
            "fields": {"email": "x@y", "city_key": [["DE"], "Ulm"], "friends": [["a@b"], ["z@z"]]},
        },
        {"model": "stock.person", "fields": {"email": "z@z", "city_key": [["CH"], "Bern"]}},
        {"model": "stock.city", "fields": {"number": 5, "name": "Ulm", "country": ["DE"]}},
        {"model": "stock.country", "fields": {"code": "DE", "name": "Deutschland"}},
        {"model": "stock.country", "fields": {"code": "CH", "name": "Schweiz"}},
    ]
    done = loaded(project, records)
    assert (done.new, done.changed, done.unchanged) == (6, 1, 0)
    assert loaded(project, records).unchanged == 7


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"owner_id": [["no@one"]]}, "neither in the fixture nor in the database"),
        ({"owner_id": [["a", "b"]]}, "is no natural key of stock.person: that is a list of email"),
        ({"owner_id": [[1]]}, "email is a string, and not 1"),
    ],
)
def test_a_key_of_nothing(project: Project, fields: dict[str, Any], message: str) -> None:
    before = dumped(project)
    with pytest.raises(FixtureError, match=message):
        loaded(project, [{"model": "stock.badge", "pk": 5, "fields": fields}])
    assert dumped(project) == before


def test_the_choice_among_several(project: Project) -> None:
    with project.connect() as connection:
        layouts = Layouts(project, connection.dialect)
    keys = NaturalKeys(layouts)
    names = {
        label.removeprefix("stock."): [f.name for f in keys.of(layout) or ()]
        for label, layout in layouts.by_label.items()
    }
    assert names == {
        "country": ["code"],
        "city": ["country_id", "name"],
        "person": ["email"],
        "engineer": ["id"],
        "badge": [],
        "friends": ["one%", "other"],
    }


def test_a_key_inside_a_key_of_several_columns_keeps_it(
    project_of: Callable[..., Project], tmp_path: Path
) -> None:
    """The tenant's id is also in what refers to its users, by no link of its own."""
    models = ModuleType("tenants")
    base = sa.orm.declarative_base()
    models.Base = base  # type: ignore[attr-defined]
    rows = {
        "tenant": [sa.Column("id", sa.Uuid, primary_key=True, default=uuid.uuid4)],
        "member": [
            sa.Column("tenant_id", sa.ForeignKey("tenant.id"), primary_key=True),
            sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        ],
        "api_key": [
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("tenant_id", sa.Uuid, nullable=False),
            sa.Column("member_id", sa.Integer),
            sa.ForeignKeyConstraint(["tenant_id", "member_id"], ["member.tenant_id", "member.id"]),
        ],
    }
    rows["tenant"].append(sa.Column("slug", sa.String(20), unique=True, nullable=False))
    for name, parts in rows.items():
        table = sa.Table(name, base.metadata, *parts)
        setattr(models, name.title(), type(name.title(), (base,), {"__table__": table}))
    url = f"sqlite:///{tmp_path / 'one.sqlite'}"
    one = project_of(models, url)
    key = uuid.UUID(int=7)
    with one.connect() as connection:
        tables = base.metadata.tables
        connection.execute(tables["tenant"].insert().values(id=key, slug="a"))
        connection.execute(tables["member"].insert().values(tenant_id=key, id=0))
        connection.execute(tables["api_key"].insert().values(id=1, tenant_id=key, member_id=0))
        connection.commit()
    text = dumped(one, natural_foreign=True, natural_primary=True)
    assert by_model(text)["tenant"][0]["pk"] == str(key)
    other = project_of(models, f"sqlite:///{tmp_path / 'two.sqlite'}")
    loaded(other, text)
    assert dumped(other) == dumped(one)
