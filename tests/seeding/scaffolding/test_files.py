"""``makefactories``: factories.py for models that have no factory."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.programs import PROJECTS
from support.project import ProjectFolder

KEYS = (PROJECTS / "unmade" / "keys.py").read_text()
OWN = '''\
"""Made by hand."""

from factory.alchemy import SQLAlchemyModelFactory

from staff.models import Country


class CountryFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Country

    code = "XX"  # as it is
'''


@pytest.fixture
def app(tmp_path: Path) -> ProjectFolder:
    app = ProjectFolder(tmp_path / "project", f"sqlite:///{tmp_path / 'db.sqlite'}")
    app.file.write_text(KEYS)
    app.metadata.create_all(app.engine)
    return app


def rows(app: ProjectFolder) -> dict[str, list[object]]:
    return {
        name: sorted(map(str, app.query(f'SELECT * FROM "{name}"'))) for name in app.metadata.tables
    }


def test_what_is_written_makes_the_rows_of_auto(app: ProjectFolder) -> None:
    app.done("seed", "--auto", "--random-seed", "5")
    before = rows(app)
    app.done("seed", "--undo")
    result = app.done("makefactories")
    assert result.stdout == "staff/factories.py\n"
    app.done("seed", "--random-seed", "5")
    assert rows(app) == before
    assert app.done("makefactories").stderr == "Every model has a factory.\n"


def test_the_text_is_what_a_person_would_write(app: ProjectFolder) -> None:
    app.done("makefactories", "Passport")
    assert (
        (app.folder / "staff" / "factories.py").read_text()
        == """\
import factory
from factory.alchemy import SQLAlchemyModelFactory
from sqlalchemy_manage.seeding import Link, Links

from .models import Account, Country, Passport, Team


class CountryFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Country

    code = factory.Sequence(lambda n: f"{n:02x}")


class AccountFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Account

    country = Link(CountryFactory)
    boss = Link("staff.factories.AccountFactory", depth=3)
    main_team = Link("staff.factories.TeamFactory", none=0.1)
    friends = Links("staff.factories.AccountFactory", min=0, max=3)


class PassportFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Passport

    account = Link(AccountFactory, unique=True)


class TeamFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Team

    owner = Link(AccountFactory)
    accounts = Links(AccountFactory, min=1, max=3)
"""
    )


def test_a_file_keeps_what_it_has(app: ProjectFolder) -> None:
    path = app.folder / "staff" / "factories.py"
    path.write_text(OWN)
    shown = app.done("makefactories", "--dry-run").stdout
    assert path.read_text() == OWN
    app.done("makefactories")
    text = path.read_text()
    assert text == shown
    own, _, rest = OWN.partition("from staff.models import Country\n")
    assert text.startswith(own)
    assert rest in text
    assert text.count("class CountryFactory") == 1
    app.done("seed", "--random-seed", "5", "Country=1", "Passport=1", "Account=1")
    assert app.query("SELECT country_code FROM account") == [("XX",)]


def test_a_name_that_means_something_else_is_not_used(app: ProjectFolder) -> None:
    path = app.folder / "staff" / "factories.py"
    path.write_text("from datetime import timedelta as factory\n")
    result = app.manage("makefactories")
    assert result.code == 1
    assert "'factory' in" in result.stderr
    assert path.read_text() == "from datetime import timedelta as factory\n"


def test_what_cannot_be_invented_is_left_to_be_filled_in(app: ProjectFolder) -> None:
    app.file.write_text((PROJECTS / "unmade" / "refused.py").read_text())
    result = app.done("makefactories", "Place")
    assert "PlaceFactory is not complete: place.outline: no value is known" in result.stderr
    text = (app.folder / "staff" / "factories.py").read_text()
    assert "    # TODO: place.outline: no value is known for Shape()\n" in text
