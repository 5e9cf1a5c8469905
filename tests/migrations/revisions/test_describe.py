"""Operations in words, and the ids made from them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.operations import ops

from sqlalchemy_manage.migrations.revisions.describe import (
    changes,
    name_parts,
    revision_id,
    slugify,
)


def test_each_kind_of_operation_in_words() -> None:
    table = sa.Table("t", sa.MetaData(), sa.Column("a", sa.Integer))
    operations = [
        ops.CreateTableOp.from_table(table),
        ops.ModifyTableOps(
            "t",
            [
                ops.AddColumnOp("t", sa.Column("b", sa.String)),
                ops.DropColumnOp("t", "a"),
                ops.AlterColumnOp("t", "c", modify_nullable=False, modify_name="d"),
            ],
        ),
        ops.CreateIndexOp("ix_t_b", "t", ["b"], unique=True),
        ops.DropIndexOp("ix_t_a", "t"),
        ops.CreateForeignKeyOp("fk", "t", "u", ["b"], ["id"]),
        ops.CreateForeignKeyOp(
            *("fk", "t", "u", ["b"], ["id"]),
            **{"source_schema": "s", "referent_schema": "r", "ondelete": "CASCADE"},
        ),
        ops.CreateIndexOp("low", "t", [sa.func.lower(table.c.a), table.c.a]),
        ops.CreateUniqueConstraintOp("uq", "t", ["b"]),
        ops.DropConstraintOp("ck", "t", type_="check"),
        ops.DropTableOp("t", schema="s"),
        ops.ExecuteSQLOp("SELECT 1"),
    ]
    assert [str(change) for change in changes(operations)] == [
        "+ create table t",
        "+ add column t.b",
        "- drop column t.a",
        "~ alter column t.c: rename to d, NOT NULL",
        "+ create unique index ix_t_b on t (b)",
        "- drop index ix_t_a of t",
        "+ add foreign key t (b) -> u (id)",
        "+ add foreign key s.t (b) -> r.u (id) ON DELETE CASCADE",
        "+ create index low on t (lower(t.a), a)",
        "+ add unique constraint uq to t",
        "- drop check constraint ck of t",
        "- drop table s.t",
        "~ execute sql",
    ]


def test_ids_are_numbered_slugs_cut_between_words() -> None:
    assert revision_id(4, ["Employee notes"]) == "0004_employee_notes"
    assert revision_id(4, ["a_b", "c_d"]) == "0004_a_b_c_d"
    assert revision_id(12, ["employee_notes", "employee_grade"]) == "0012_employee_notes_and_more"
    long = revision_id(1, ["a_rather_long_description_of_everything"])
    assert long == "0001_a_rather_long_description"
    assert len(revision_id(9999, ["x" * 80])) == 32
    assert len(revision_id(10000, ["x" * 80])) == 32
    assert revision_id(1, ["***"]) == "0001_auto"


def test_no_id_is_longer_than_the_version_table_holds() -> None:
    words = ["department", "employee_full_name", "x", "alter_a_very_long_table_name_column"]
    for first in words:
        for second in words:
            for third in words:
                made = revision_id(1, [first, second, third])
                assert len(made) <= 32, made
                assert not made.endswith("_")


T = sa.Table("t", sa.MetaData(), sa.Column("a", sa.Integer))


@pytest.mark.parametrize(
    ("operation", "fragment"),
    [
        # The names are those that Django 5.2 gives to the like operations.
        (ops.CreateTableOp.from_table(T), "t"),
        (ops.DropTableOp("employee"), "delete_employee"),
        (ops.RenameTableOp("staff", "employee"), "rename_staff_employee"),
        (ops.AddColumnOp("employee", sa.Column("grade", sa.String)), "employee_grade"),
        (ops.DropColumnOp("employee", "notes"), "remove_employee_notes"),
        (
            ops.AlterColumnOp("employee", "name", modify_name="full_name"),
            "rename_name_employee_full_name",
        ),
        (ops.AlterColumnOp("employee", "grade", modify_nullable=True), "alter_employee_grade"),
        (ops.CreateIndexOp("by_name", "employee", ["name"]), "employee_by_name"),
        (ops.DropIndexOp("by_name", "employee"), "remove_employee_by_name"),
        (ops.CreateUniqueConstraintOp("once", "employee", ["name"]), "employee_once"),
        (ops.DropConstraintOp("once", "employee"), "remove_employee_once"),
        (ops.CreateTableCommentOp("employee", "x"), "alter_employee_table_comment"),
        (ops.DropTableCommentOp("employee"), "alter_employee_table_comment"),
        # Not said twice, where Django would: its own names begin otherwise.
        (ops.CreateIndexOp("ix_employee_name", "employee", ["name"]), "ix_employee_name"),
        (ops.DropIndexOp("ix_Employee_name", "employee"), "remove_ix_Employee_name"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_the_part_of_the_name_is_the_one_django_gives(operation: object, fragment: str) -> None:
    assert [change.slug for change in changes([operation])] == [fragment]


def test_the_id_of_a_renamed_column_is_cut_at_a_word() -> None:
    rename = ops.AlterColumnOp("employee", "name", modify_name="full_name")
    found = changes([ops.ModifyTableOps("employee", [rename])])
    assert found[0].words == "rename column employee.name to full_name"
    assert revision_id(4, name_parts(found)) == "0004_rename_name_employee_full"


def test_the_indexes_of_a_new_table_are_not_in_the_name() -> None:
    found = changes(
        [
            ops.CreateTableOp.from_table(T),
            ops.CreateIndexOp("ix_t_a", "t", ["a"]),
            ops.CreateIndexOp("ix_u_b", "u", ["b"]),
        ]
    )
    assert name_parts(found) == ["t", "ix_u_b"]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Größe", "grosse"),
        ("naïve_čaj", "naive_caj"),
        ("名前", ""),
        ('O\'Brien "x"', "o_brien_x"),
        ("123", "123"),
        ("a\nb\0c", "a_b_c"),
        ("İ", "i"),
    ],
)
def test_every_name_makes_a_valid_slug(name: str, slug: str) -> None:
    assert slugify(name) == slug
    assert revision_id(3, [name]) == f"0003_{slug or 'auto'}"
    assert revision_id(3, ["employee", name]) == "_".join(filter(None, ("0003_employee", slug)))
