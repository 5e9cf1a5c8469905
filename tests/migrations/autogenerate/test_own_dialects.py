"""Constructs that are compiled for the project's own databases, and for no other dialect."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project import SeededFolder

MODELS = """
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import registry
from sqlalchemy.sql.functions import FunctionElement


def only_here(texts):
    class Element(FunctionElement):
        inherit_cache = True
        name = "element"
        type = String()

    def add(name, text):
        @compiles(Element, name)
        def compile(element, compiler, **kw):
            return text.format(*(compiler.process(c, **kw) for c in element.clauses))

    for name, text in texts.items():
        add(name, text)
        if name == "mysql":
            add("mariadb", text)
    return Element


def alike(text):
    return only_here({"sqlite": text, "postgresql": text, "mysql": text})


not_blank = alike("length({0}) > 0")
shouted = only_here(
    {"sqlite": "upper({0})", "postgresql": "upper({0})", "mysql": "ucase({0})"}
)
utc_now = only_here(
    {
        "sqlite": "(strftime('%Y-%m-%d', 'now'))",
        "postgresql": "(CURRENT_TIMESTAMP AT TIME ZONE 'utc')",
        "mysql": "CURRENT_TIMESTAMP",
    }
)


class Label(types.UserDefinedType):
    cache_ok = True

    def __repr__(self):
        return "String(30)"


for each in ("sqlite", "postgresql", "mysql", "mariadb"):
    compiles(Label, each)(lambda type_, compiler, **kw: "VARCHAR(30)")

item = table(
    "item",
    key(),
    Column("name", String(20)),
    Column("label", Label),
    Column("made", DateTime, server_default=utc_now(), nullable=False),
    Column("loud", String(40), Computed(shouted(column("name")), persisted=True)),
    CheckConstraint(not_blank(column("name")), "not_blank"),
)
Index("ix_item_loud", shouted(item.c.label)) if {expression_index} else None
Index(
    "ix_item_some",
    item.c.label,
    sqlite_where=not_blank(item.c.label),
    postgresql_where=not_blank(item.c.label),
)


class Item:
    pass


registry(metadata=metadata).map_imperatively(Item, item)
"""


def test_every_command_compiles_for_the_database(
    backend: str, database_url: str, tmp_path: Path
) -> None:
    project = SeededFolder(tmp_path / "project", database_url)
    # MariaDB has no indexes of expressions.
    project.begin(MODELS.replace("{expression_index}", str(backend != "mariadb")))
    for command in (
        *(("makemigrations", "--check"), ("check", "--drift"), ("makemigrations", "--check")),
        ("makemigrations", "--check", "--scratch") if backend != "mariadb" else ("check",),
        *(("seed", "Item=20", "--auto"), ("checklinks",), ("dumpdata", "-o", "all.json")),
        *(("flush", "--no-input"), ("loaddata", "all.json"), ("makefactories",)),
        *(("showmigrations",), ("sqlmigrate", "0001_initial"), ("shell", "-c", "print(Item)")),
    ):
        project.done(*command)
    assert len(project.query("SELECT id FROM item")) == 20

    changed = project.file.read_text().replace("String(20)", "String(25)").replace("> 0", "> 1")
    changed = changed.replace("'%Y-%m-%d'", "'%Y'").replace("at_zone 'utc'", "at_zone 'UTC'")
    project.file.write_text(changed)
    project.execute("UPDATE item SET name = 'long enough', label = 'long enough'")
    project.done("makemigrations", "--no-input")
    for command in (
        ("migrate",),
        ("makemigrations", "--check"),
        ("rollback",),
        ("migrate", "zero"),
    ):
        project.done(*command)


@pytest.mark.parametrize("kind", ["check", "default", "computed", "index", "type"])
def test_what_is_for_another_database_alone_is_named(
    kind: str, backend: str, database_url: str, tmp_path: Path
) -> None:
    """No traceback: the element and the dialect are named."""
    project = SeededFolder(tmp_path / "project", database_url)
    parts = {
        "check": 'CheckConstraint(foreign(column("name")), "odd")',
        "default": 'Column("x", String(9), server_default=foreign())',
        "computed": 'Column("x", String(9), Computed(foreign(column("name"))))',
        "index": 'Index("ix_item_x", foreign(column("name")))',
        "type": 'Column("x", Odd())',
    }
    text = MODELS[: MODELS.index("item = table(")]
    text += 'foreign = only_here({"oracle": "x"})\n'
    text += "class Odd(types.UserDefinedType):\n    cache_ok = True\n"
    text += 'compiles(Odd, "oracle")(lambda *a, **kw: "X")\n'
    text += f'item = table("item", key(), Column("name", String(20)), {parts[kind]})\n'
    project.models(text)
    made = project.manage("makemigrations", "--no-input")
    assert made.code == 1, made
    assert "Traceback" not in made.stderr
    assert ("item" in made.stderr) and ("Element" in made.stderr or "Odd" in made.stderr), made
    assert project.revisions == []
