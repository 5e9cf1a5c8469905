"""Reading ``column IN (...)`` back from each database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from sqlalchemy_manage.migrations.autogenerate.enums.checks import belongs_to_enum
from sqlalchemy_manage.sql.expressions import in_list

ODD = ("a", "it's", "b, c", "(p)", "ä€", "back\\slash", 'dq"x', "per%cent", "a:b", "[x]")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("kind IN ('a', 'b')", ("kind", ("a", "b"))),
        ("\"Kind Two\" IN ('a', 'it''s')", ("Kind Two", ("a", "it's"))),
        ("'x' = 'x'", None),
        ("one IN ('a')", ("one", ("a",))),
        ("flag IN (0, 1)", ("flag", ("0", "1"))),
        ("t.kind in ('x','y')", ("kind", ("x", "y"))),
        (
            "kind::text = ANY (ARRAY['a'::character varying, 'b'::character varying]::text[])",
            ("kind", ("a", "b")),
        ),
        (
            "((kind)::text = ANY ((ARRAY['a'::character varying, 'b'::text])::text[]))",
            ("kind", ("a", "b")),
        ),
        ("kind = ANY (ARRAY['a'::app.kind, 'b'::\"App\".\"Kind\"])", ("kind", ("a", "b"))),
        ("one::text = 'a'::text", ("one", ("a",))),
        (r"`kind` in ('a','it\'s','back\\slash')", ("kind", ("a", "it's", "back\\slash"))),
        (r"(`kind` in (_utf8mb4'a',_utf8mb4'b'))", ("kind", ("a", "b"))),
        ("`one` = 'a'", ("one", ("a",))),
        ("kind IN ('(', ',')", ("kind", ("(", ","))),
        ("kind IN ('a', 'b') OR kind IS NULL", None),
        ("lower(kind) IN ('a')", None),
        ("kind IN ('a', other)", None),
        ("kind NOT IN ('a')", None),
        ("kind > 'a'", None),
        ("a = b", None),
        ("length(kind) > 2", None),
        ("", None),
    ],
)
def test_lists_of_literals_are_recognised(
    text: str, found: tuple[str, tuple[str, ...]] | None
) -> None:
    assert in_list(text) == found


def test_what_each_database_gives_back(engine: sa.Engine) -> None:
    def enum(*values: str, name: str | None) -> sa.Enum:
        return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)

    table = sa.Table(
        "t",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", enum(*ODD, name=None)),
        sa.Column("Kind Two", enum("a", "IN", name="ck_two")),
        sa.Column("one", enum("a", name="ck_one")),
    )
    table.metadata.create_all(engine)
    checks = sa.inspect(engine).get_check_constraints("t")
    found = dict(in_list(check["sqltext"]) or () for check in checks)
    assert found == {"kind": ODD, "Kind Two": ("a", "IN"), "one": ("a",)}
    assert all(belongs_to_enum(check["sqltext"], table) for check in checks)


def test_whose_check_it_is() -> None:
    kind = sa.Enum("a", "b", name="kind")
    table = sa.Table(
        "t",
        sa.MetaData(),
        sa.Column("kind", kind),
        sa.Column("late", sa.String(5).with_variant(kind, "postgresql")),
        sa.Column("flag", sa.Boolean),
        sa.Column("sub", kind),
        sa.Column("text", sa.String(5)),
        sa.CheckConstraint("sub IN ('a')", name="ck_sub"),
    )
    assert belongs_to_enum("kind IN ('a')", table)
    assert belongs_to_enum("late IN ('a')", table)
    assert belongs_to_enum("flag IN (0, 1)", table)
    assert belongs_to_enum("text IN ('a')", table)
    assert not belongs_to_enum("text IN ('a')", table, "ck_text")
    assert not belongs_to_enum("`text` in ('a')", table)
    assert not belongs_to_enum("gone IN ('a')", table)
    assert not belongs_to_enum("kind > 'a'", table)
    assert not belongs_to_enum("sub IN ('a', 'b')", table)
    assert not belongs_to_enum("sub IN ('a', 'b')", table, "ck_sub")
    assert belongs_to_enum("sub IN ('a', 'b')", table, "kind")
