"""Models that name the schema that tables are in anyway."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.project import ProjectFolder

MODELS = """
{metadata}
table("shop", key(), Column("kind", Enum("a", "b", name="kind")), schema={schema!r})
table(
    "item",
    key(),
    Column("shop_id", ForeignKey({prefix!r} + "shop.id", ondelete="CASCADE")),
    Column("part_of", ForeignKey({prefix!r} + "item.id", ondelete="RESTRICT"), index=True),
    Column("a", Integer),
    Column("b", Integer),
    Column("code", String(9), unique=True),
    ForeignKeyConstraint(["a", "b"], [{prefix!r} + "pair.x", {prefix!r} + "pair.y"]),
    CheckConstraint("a > 0", "positive"),
    schema={schema!r},
)
table("pair", key("x"), key("y"), schema={schema!r})
table("plain", key(), Column("item_id", ForeignKey({prefix!r} + "item.id"{more})))
"""


@pytest.mark.parametrize("plain", [False, True], ids=["named", "unnamed"])
@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_no_key_is_made_a_second_time(
    backend: str, plain: bool, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    app = ProjectFolder(tmp_path / "project", new_database(backend))
    schema = "public" if backend == "postgresql" else app.engine.url.database
    metadata = "metadata = MetaData()" if plain else ""

    def models(more: str = "", schema: str | None = schema) -> str:
        prefix = f"{schema}." if schema else ""
        return MODELS.format(metadata=metadata, schema=schema, prefix=prefix, more=more)

    def keys() -> int:
        inspector = sa.inspect(app.engine)
        return sum(len(inspector.get_foreign_keys(t)) for t in ("item", "plain"))

    app.begin(models())
    app.done("makemigrations", "--check")
    assert keys() == 4

    app.models(models(', ondelete="SET NULL"'))
    app.done("makemigrations", "--no-input")
    assert app.newest().count("create_foreign_key") == 2  # there and back
    app.done("migrate")
    app.done("makemigrations", "--check")
    app.done("rollback")
    app.done("migrate")
    app.done("makemigrations", "--check")
    assert keys() == 4

    if plain:
        return  # the name that SQLAlchemy gives to an index has the schema in it
    # Without the name of the schema they are the same models.
    app.models(models(', ondelete="SET NULL"', schema=None))
    app.done("makemigrations", "--check")
