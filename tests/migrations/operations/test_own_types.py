"""Types of a project in its revisions: by name where that works, else what they are made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import ProjectFolder

TYPES = """
class Coins(TypeDecorator):
    impl, cache_ok = Numeric, True
    def __init__(self, digits):
        super().__init__(10 + digits, digits)

class Narrowed(TypeDecorator):
    impl, cache_ok = String, True
    def __init__(self, length=5):
        super().__init__(length=min(length, 9))
    def __repr__(self):
        return "Narrowed()"

class Odd(TypeDecorator):
    impl, cache_ok = String, True
    def __repr__(self):
        return object.__repr__(self)

class Guid(TypeDecorator):
    impl, cache_ok = String(36), True
    def __init__(self, unused):
        super().__init__()
    def load_dialect_impl(self, dialect):
        return dialect.type_descriptor(Uuid() if dialect.name == "postgresql" else String(36))

class Odder(types.UserDefinedType):
    cache_ok = True
    def __init__(self, *names):
        pass
    def __repr__(self):
        return "Odder(names)('no')"
    def get_col_spec(self, **kw):
        return "TEXT"

class Outer:
    class Inner(TypeDecorator):
        impl, cache_ok = String, True
        def __init__(self, length):
            super().__init__(length)

def made():
    class Local(TypeDecorator):
        impl, cache_ok = Text, True
    return Local()

class Fine(TypeDecorator):
    impl, cache_ok = String, True
"""
COLUMNS = {
    "Coins(2)": "sa.Numeric(precision=12, scale=2)",
    "Narrowed(7)": "sa.String(length=7)",
    "Odd(20)": "sa.String(length=20)",
    "Guid(1)": "sa.String(length=36).with_variant(sa.Uuid(), 'postgresql')",
    "Odder(1)": "sqlalchemy_manage.sql.raw.RawType('TEXT')",
    "Outer.Inner(12)": "staff.models.Outer.Inner(length=12)",
    "made()": "sa.Text()",
    "Fine(30)": "staff.models.Fine(length=30)",
    "Coins(1).with_variant(Fine(9), 'mysql')": (
        "sa.Numeric(precision=11, scale=1).with_variant(staff.models.Fine(length=9), 'mysql')"
    ),
    "ARRAY(Coins(3)).with_variant(Text(), 'sqlite', 'mysql', 'mariadb')": (
        "sa.ARRAY(sa.Numeric(precision=13, scale=3))"
    ),
}


@pytest.mark.server
def test_a_type_that_its_repr_does_not_make_is_written_as_what_the_database_has(
    tmp_path: Path, backend: str, new_database: Callable[..., str]
) -> None:
    project = ProjectFolder(tmp_path / "project", new_database(backend))
    project.begin("table('t', key())")
    columns = "".join(f", Column('c{n}', {text})" for n, text in enumerate(COLUMNS))
    project.models(f"{TYPES}\ntable('t', key(){columns})")
    made = project.done("makemigrations", "--no-input")
    text = "".join(project.newest().replace('"', "'").split()).replace(",)", ")")
    for written in COLUMNS.values():
        assert "".join(written.split()) in text
    assert made.stderr.count("is written as") >= 6
    assert "staff.models.Coins is written as sa.Numeric(precision=12, scale=2)" in made.stderr
    for command in ("migrate", "rollback", "migrate"):
        project.done(command)
    assert project.manage("makemigrations", "--check").code == 0
