"""Operations in words, and the ids made from them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import ops

from sqlalchemy_manage.migrations.words import changes, revision_id


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
    assert revision_id(1, ["***"]) == "0001_auto"


def test_no_id_is_longer_than_the_version_table_holds() -> None:
    words = ["department", "employee_full_name", "x", "alter_a_very_long_table_name_column"]
    for first in words:
        for second in words:
            for third in words:
                made = revision_id(1, [first, second, third])
                assert len(made) <= 32, made
                assert not made.endswith("_")
