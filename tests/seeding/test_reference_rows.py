"""Reference rows: the second run changes nothing, a changed declaration changes a row once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.databases import execute, query
from support.programs import Result, run

CREATE = (
    "import os, sqlalchemy as sa; from access.models import Base; "
    "Base.metadata.create_all(sa.create_engine(os.environ['DATABASE_URL']))"
)


class Access:
    """The project on one database."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.engine = sa.create_engine(url, poolclass=sa.NullPool)
        result = run(folder, "-c", CREATE, url=url)
        assert result.code == 0, result

    def seed(self, *arguments: str) -> Result:
        return run(self.folder, "manage.py", "seed", *arguments, url=self.url)

    def seeded(self, profile: str) -> tuple[int, int]:
        """Rows made, and rows changed."""
        result = self.seed(profile, "--json")
        assert result.code == 0, result
        done = json.loads(result.stdout)
        return done["total"], done["changed"]

    def edit(self, *pairs: tuple[str, str]) -> None:
        """Change the declarations."""
        path = self.folder / "access" / "seeds.py"
        text = path.read_text()
        for old, new in pairs:
            assert old in text, old
            text = text.replace(old, new, 1)
        path.write_text(text)

    def declare(self, profile: str) -> None:
        """A profile ``tried`` of these References, beside the others."""
        with open(self.folder / "access" / "seeds.py", "a") as file:
            file.write(f"\nfrom . import factories as f\ntried = Profile({profile})\n")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return sorted(map(tuple, query(self.engine, sql)), key=repr)

    def counts(self) -> dict[str, int]:
        names = [n for n in sa.inspect(self.engine).get_table_names() if "manage" not in n]
        return {name: self.rows(f"SELECT count(*) FROM {name}")[0][0] for name in names}


@pytest.fixture
def access(copy_project: Callable[[str], Path], database_url: str) -> Access:
    return Access(copy_project("access"), database_url)


@pytest.fixture
def on_sqlite(copy_project: Callable[[str], Path], new_database: Callable[[str], str]) -> Access:
    return Access(copy_project("access"), new_database("sqlite"))


PERMS = (
    "SELECT role.name, perm.code FROM role JOIN role_perm ON role.id = role_perm.a"
    " JOIN perm ON perm.id = role_perm.b"
)


def test_a_second_run_changes_nothing_whatever_the_rows_declare(access: Access) -> None:
    execute(access.engine, "INSERT INTO perm (code) VALUES ('read')")  # somebody's own
    made, changed = access.seeded("everything")
    assert (made > 40, changed) == (True, 0)
    assert access.seeded("everything") == (0, 0)
    assert access.rows(PERMS) == [
        ("admin", "read"),
        ("admin", "write"),
        ("drawn", "write"),
        ("maker", "a"),
        ("maker", "b"),
        ("member", "read"),
        ("plain", "read"),
    ]
    cities = access.rows(
        "SELECT city.name, country.code, continent.code, city.kind FROM city"
        " JOIN country ON country.id = country_id JOIN continent ON continent.id = continent_id"
    )
    assert [city[:3] for city in cities if city[1] != "IT"] == [
        ("Basel", "CH", "EU"),
        ("Bern", "CH", "EU"),
        ("Genf", "CH", "EU"),
        ("Wien", "AT", "EU"),
    ]
    assert cities[1][3] == "seat of the government"
    assert access.counts()["country"] == 3
    assert access.rows("SELECT code, status FROM product WHERE price = 9.90") == [
        ("a", "PAID"),
        ("b", "PAID"),
    ]
    assert access.seed("--undo", "1").code == 0
    assert {name for name, count in access.counts().items() if count} == {"perm"}
    assert access.rows("SELECT code FROM perm") == [("read",)]


def test_a_changed_declaration_or_row_is_set_right_once(access: Access) -> None:
    access.seeded("everything")
    before = access.rows("SELECT password_hash, token FROM account")
    execute(
        access.engine,
        "DELETE FROM role_perm WHERE a = (SELECT id FROM role WHERE name = 'plain')",
        "INSERT INTO role_perm SELECT role.id, perm.id FROM role, perm"
        " WHERE role.name = 'guest' AND perm.code = 'a'",
        "UPDATE product SET price = 5 WHERE code = 'b'",
        "UPDATE city SET kind = 'town' WHERE name = 'Bern'",
        "UPDATE profile SET bio = 'mine'",
    )
    assert access.seeded("everything") == (1, 6)
    assert access.seeded("everything") == (0, 0)
    access.edit(
        ('"perms": ["read", "write"], "scopes"', '"perms": ["write"], "scopes"'),
        ('"badges": ["read", "write"]', '"badges": ["write"]'),
        ('"price": 9.9,', '"price": 9.95,'),
        ('"status": "paid"', '"status": "open"'),
        ('"full_name": "Ann Lee"', '"full_name": "Ann Ray"'),
        ('Address("Lane 1", "York")', 'Address("Lane 2", "York")'),
        ('"role": "staff"', '"role": None'),
        ('[{"code": "CH", "continent": "EU"}]', '[{"code": "CH", "continent__code": "AS"}]'),
        ('"country__continent__code": "EU"},\n        ],', '"country__continent__code": "AS"}],'),
    )
    # The continent AS is made.
    assert access.seeded("everything") == (1, 5)
    assert access.seeded("everything") == (0, 0)
    assert ("admin", "read") not in access.rows(PERMS)
    assert access.rows("SELECT price, status FROM product WHERE code = 'a'")[0][1] == "OPEN"
    assert access.rows("SELECT last, street FROM account WHERE first = 'Ann'") == [
        ("Ray", "Lane 2")
    ]
    assert access.rows("SELECT password_hash, token FROM account") == before
    access.edit(('"password": "secret"', '"password": "other"'), ('"pin": "1234"', '"pin": "5678"'))
    access.edit(('"salted": "pepper"', '"salted": "salt"'))
    assert access.seeded("everything") == (0, 2)
    assert access.seeded("everything") == (0, 0)
    after = access.rows("SELECT password_hash, token FROM account")
    assert [a == b for a, b in zip(after, before, strict=True)].count(True) == 1
    assert "5678" in str(access.rows("SELECT token FROM account"))
    assert "salt" in str(access.rows("SELECT salted FROM product"))
    assert "other" not in str(access.rows("SELECT plan FROM sqlalchemy_manage_seed_run"))
    changed = access.rows("SELECT code FROM product WHERE changed IS NOT NULL")
    assert changed == [("a",), ("b",)]  # what is equal as stored was not updated


@pytest.mark.parametrize(
    ("profile", "says"),
    [
        ('Reference(f.CityFactory, [{"nmae": "x"}], key="nmae")', "Did you mean 'name'?"),
        (
            'Reference(f.CityFactory, [{"name": "x", "country__cod": "x"}], key="name")',
            "no attribute, parameter or trait 'cod' of Country (in 'country__cod'). Nothing was"
            " written. Did you mean 'code'?",
        ),
        (
            'Reference(f.CityFactory, [{"name": "x", "seat": True}], key=("name", "seat"))',
            "names 'seat', by which the database cannot look for a row",
        ),
        (
            'Reference(f.RoleFactory, [{"name": "x", "perms": ["raed"]}], key="name"),'
            'Reference(f.PermFactory, [{"code": "read"}], key="code")',
            "RoleFactory, the row with name='x': 'perms' names a Perm with code='raed', and there"
            " is none. Did you mean 'read'? Nothing was written.",
        ),
        (
            'Reference(f.RoleFactory, [{"name": "x", "perms": "read"}], key="name")',
            "give it a list, not 'read'",
        ),
        (
            'Reference(f.RoleFactory, [{"name": "x", "scopes__code": "a"}], key="name")',
            "'scopes' is a relationship to many rows: name them in a list",
        ),
        ('Reference(f.RoleFactory, {"name": "x"}, key="name")', "the rows are a list of dicts"),
        (
            'Reference(f.RoleFactory, [{"name": "x", "parent": "y"}, {"name": "y", "parent": "x"}],'
            ' key="name")',
            "the row and another name each other",
        ),
        (
            'Reference(f.CityFactory, [{"name": "x", "country": "XX"}], key="name")',
            "'country' names a Country with code='XX', and there is none",
        ),
        (
            'Reference(f.ProductFactory, [{"code": "x"}], key="code"),'
            'Reference(f.ProductFactory, [{"code": "y", "status": "payd"}], key="code")',
            "the row with code='y': 'payd' is none of open, paid, OPEN, PAID. Did you mean 'paid'?",
        ),
        (
            'Reference(f.ProductFactory, [{"kind": "A"}], key="kind")',
            "the database holds another key than the declared one",
        ),
        (
            'Reference(f.CityFactory, [{"name": "x", "country__code": "C1"},'
            ' {"name": "x", "country__code": "C2"}], key=("name", "country__code")),'
            'Reference(f.LinkedCityFactory, [{"name": "x"}], key="name")',
            "several rows of City have name='x'",
        ),
        (
            'Reference(f.ProductFactory, [{"status": "paid"}, {"status": "PAID"}], key="status")',
            "another row of the Reference is the same row of the database",
        ),
        (
            'Reference(f.RoleFactory, [{"name": "x", "parent": "y"}], key="name"),'
            'Reference(f.RoleFactory, [{"name": "x", "parent": None}], key="name")',
            "two References of the profile give the row with name='x' different values for"
            " 'parent'",
        ),
        ('Reference(f.CityFactory, [{"name": ["x"]}, {"name": ["x"]}], key="name")', "two rows"),
        ("Reference(f.Nothing, [], key='x')", "has no attribute 'Nothing'"),
        ("Reference(int, [], key='x')", "a SQLAlchemyModelFactory or its name, not <class 'int'>"),
    ],
)
def test_a_name_or_a_key_that_leads_nowhere(on_sqlite: Access, profile: str, says: str) -> None:
    on_sqlite.declare(profile)
    result = on_sqlite.seed("tried")
    assert result.code == 1, result
    assert says in re.sub(r"\s+", " ", result.stderr), result
    assert "Traceback" not in result.stderr
    assert not any(on_sqlite.counts().values())


def test_a_declaration_that_is_refused_is_told_with_its_line(on_sqlite: Access) -> None:
    on_sqlite.declare("Reference(f.PermFactory, [{}], key='code')")
    result = on_sqlite.seed("tried")
    lines = (on_sqlite.folder / "access" / "seeds.py").read_text().splitlines()
    assert result.code == 1
    assert result.stderr == (
        "Error: access.seeds: Reference(PermFactory): the row {} lacks 'code' of its key "
        f"({on_sqlite.folder / 'access' / 'seeds.py'}, line {len(lines)}).\n"
    )
