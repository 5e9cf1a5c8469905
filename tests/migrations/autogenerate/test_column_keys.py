"""Columns that the models know by a key of their own: ``Column("Name Of", key="name")``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import ProjectFolder

OLD = {
    "Name Of": 'String(20), key="name"',
    "n of": 'Integer, key="n"',
    "e f": 'Enum("x", "y", name="ef", create_constraint=True), key="e"',
}
CHANGES: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "NOT NULL": ({"Name Of": 'String(20), nullable=False, key="name"'}, ()),
    "a new one that is NOT NULL": (
        {"new c": 'Integer, nullable=False, key="c"'},
        ("--default", 't."new c"=5'),
    ),
    "all else": (
        {
            "Name Of": 'String(40), unique=True, key="name"',
            "n of": 'BigInteger, ForeignKey("p.id"), server_default="7", index=True, key="n"',
            "e f": 'Enum("x", "y", "z", name="ef", create_constraint=True), key="e"',
        },
        (),
    ),
    "a key alone": ({"Name Of": 'String(20), key="other"', "more": "Integer"}, ()),
}


def models(columns: dict[str, str]) -> str:
    listed = ", ".join(f"Column({name!r}, {rest})" for name, rest in columns.items())
    return f'table("p", key(type_=BigInteger))\ntable("t", key(), {listed})\n'


@pytest.mark.parametrize("change", CHANGES)
def test_a_change(
    change: str, backend: str, tmp_path: Path, new_database: Callable[[str], str]
) -> None:
    app = ProjectFolder(tmp_path / "project", new_database(backend))
    app.begin(models(OLD))
    app.execute("INSERT INTO p (id) VALUES (3)", "INSERT INTO t VALUES (1, 'a', 3, 'x')")
    schema, rows = app.schema(), app.query("SELECT * FROM t")
    new, flags = CHANGES[change]
    app.models(models(OLD | new))
    app.done("makemigrations", "--no-input", *flags)
    app.done("migrate")
    checked = app.manage("makemigrations", "--check", "--no-input")
    assert checked.code == 0, checked
    assert app.query("SELECT * FROM t")[0][:4] == rows[0]
    app.done("rollback")
    assert (app.schema(), app.query("SELECT * FROM t")) == (schema, rows)
    app.done("migrate")
