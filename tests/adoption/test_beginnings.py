"""Whether a history makes its tables itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from sqlalchemy_manage.adoption.beginnings import assumed_table, unmade_table
from sqlalchemy_manage.migrations.revisions.history import Revision

COLUMN = 'op.add_column("a", sa.Column("x", sa.Integer))'


def revisions(*bodies: str) -> list[Revision]:
    found = []
    for number, body in enumerate(bodies):
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        source = f"def upgrade():\n{lines}\n\ndef downgrade():\n    op.drop_table('z')\n"
        found.append(Revision(str(number), (), Path("x.py"), source=source))
    return found


@pytest.mark.parametrize(
    ("bodies", "found"),
    [
        (["pass", COLUMN], ("1", "a")),
        ([COLUMN], ("0", "a")),
        (["with op.batch_alter_table('a') as batch:\n    batch.drop_column('x')"], ("0", "a")),
        (["op.create_index('i', 'a', ['x'])"], ("0", "a")),
        (["t = sa.Table('a', sa.MetaData(), autoload_with=op.get_bind())"], ("0", "a")),
        (["t = sa.Table('a', sa.MetaData(), sa.Column('x'))"], None),
        (["op.create_table('b')", COLUMN], ("1", "a")),
        (["op.create_table('a')", COLUMN], None),
        (["op.create_table('b')", "op.rename_table('b', 'a')", COLUMN], None),
        (["op.create_table('b')", "op.execute('alter table b rename to a')", COLUMN], None),
        (["for old, new in names:\n    op.rename_table(old, new)", COLUMN], None),
        (["op.create_table(NAME)", COLUMN], None),
        (["op.execute(sql)", COLUMN], None),
        (["op.execute('update b set x = 1')", COLUMN], ("1", "a")),
        (["if new:\n    op.create_table('a')", COLUMN], None),
        (["Base.metadata.create_all(op.get_bind())", COLUMN], None),
        (["op.execute('create table a (x int)')", COLUMN], None),
        ([f"if has_table('a'):\n    {COLUMN}"], None),
        (["pass"], None),
        ([], None),
    ],
)
def test_the_first_change_of_a_table(bodies: list[str], found: tuple[str, str] | None) -> None:
    assert assumed_table(revisions(*bodies)) == found


def test_a_function_that_upgrade_calls_counts() -> None:
    (one,) = revisions("grow()")
    source = one.source + f"\n\ndef grow():\n    {COLUMN}\n"
    assert assumed_table([Revision("0", (), Path("x.py"), source=source)]) == ("0", "a")


MADE = 'op.create_table("team", sa.Column("id", sa.Integer))'


@pytest.mark.parametrize(
    ("body", "stored", "found"),
    [
        (MADE, None, "member"),
        (MADE, frozenset(), "member"),
        (MADE, frozenset({"team", "member"}), "member"),
        (MADE, frozenset({"team"}), None),  # not migrated yet
        (f"{MADE}\nop.rename_table('x', 'member')", None, None),
        (f"{MADE}\nBase.metadata.create_all(op.get_bind())", None, None),
        (f"{MADE}\nop.create_table(NAME)", None, None),
        (f"{MADE}\nmember_table.create(op.get_bind())", None, None),
        (f"{MADE}\nsa.Enum('a').create(op.get_bind())", None, "member"),
        (f"{MADE}\nop.execute(Path('x.sql').read_text())", None, None),
    ],
)
def test_a_table_of_the_models_that_no_revision_makes(
    body: str, stored: frozenset[str] | None, found: str | None
) -> None:
    assert unmade_table(revisions(body), ["team", "member"], stored) == found
