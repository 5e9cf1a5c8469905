"""What is read of views, functions and triggers in the text of revision files."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.programs import ROOT

from sqlalchemy_manage.migrations.autogenerate.objects.history import ObjectHistory
from sqlalchemy_manage.migrations.revisions.history import read_history

T = "CREATE TRIGGER t BEFORE INSERT ON note FOR EACH ROW {}"
A, B = T.format("SET @a = 1"), T.format("SET @b = 1")
V = "CREATE VIEW v AS SELECT 1"


def read(folder: Path, *files: str) -> ObjectHistory:
    for number, body in enumerate(files, start=1):
        down = repr(f"{number - 1:04d}_x") if number > 1 else None
        (folder / f"{number:04d}_x.py").write_text(
            f'revision = "{number:04d}_x"\ndown_revision = {down}\n{body}\n'
        )
    return ObjectHistory(read_history(folder).require_sound())


def found(folder: Path, *files: str) -> dict[str, str]:
    """The statements of the one object that the files leave."""
    (past,) = read(folder, *files).objects
    return past.statements


@pytest.mark.parametrize(
    "body",
    [
        f"def upgrade():\n    op.create_trigger('t', 'note', mysql={A!r})",
        f"def upgrade():\n    op.replace_trigger('t', 'note', mysql='''\n        {A};\n    ''')",
        f"UP = {{'mysql': [{A!r}]}}\ndef upgrade():\n    for s in UP[dialect()]: op.execute(s)",
        f"SQL = {A!r}\nUP: dict = {{'mariadb': SQL}}\ndef upgrade():\n    op.execute(UP[name])",
        "def upgrade():\n    if op.get_context().dialect.name == 'mysql':\n"
        f"        op.execute({A!r})",
        f"def upgrade():\n    if name in ('mysql', 'mariadb'):\n        op.execute(text({A!r}))",
        f"def upgrade():\n    make()\ndef make():\n    run(mysql={A!r})",
        f"def upgrade():\n    op.execute({B!r} if 0 else '')\n    run(mysql={A!r})",
        f"def upgrade():\n    run(mysql={A!r})\ndef downgrade():\n    run(mysql={B!r})",
        f"OLD, NEW = 1, 2\nNEW = {A!r}\ndef upgrade():\n    run(mysql=NEW)",
        f"def upgrade():\n    run(mysql={'CREATE OR REPLACE' + A[6:]!r})",
    ],
)
def test_the_database_is_told_by_key_keyword_or_condition(tmp_path: Path, body: str) -> None:
    assert found(tmp_path, body) == {"mysql": A}


def test_the_last_one_counts(tmp_path: Path) -> None:
    both = f"def upgrade():\n    run(mysql={A!r}, postgresql={A!r})"
    other = f"def upgrade():\n    op.replace_trigger('t', 'note', mysql={B!r})"
    assert found(tmp_path, both, other) == {"mysql": B, "postgresql": A}


@pytest.mark.parametrize(
    "drop",
    [
        "op.drop_trigger('t', 'note')",
        "op.drop_table('note')",
        "run(mysql='DROP TRIGGER IF EXISTS t')",
        "run(mysql='drop trigger t')",
        "run(mysql='DROP TRIGGER t ON note')",
        "op.drop_trigger('t', 'note', databases=['mysql'])",
    ],
)
def test_what_is_dropped_is_gone(tmp_path: Path, drop: str) -> None:
    made = f"def upgrade():\n    run(mysql={A!r})"
    assert read(tmp_path, made, f"def upgrade():\n    {drop}").objects == []


@pytest.mark.parametrize(
    "drop",
    [
        "op.execute('DROP TRIGGER IF EXISTS ' + name)",
        "op.execute(f'DROP VIEW {name}')",
        "op.execute(f'DROP FUNCTION app.{name}')",
        "op.drop_trigger('t', 'other')",
        "op.drop_trigger('t', 'note', databases=['sqlite'])",
        "op.drop_trigger('t', 'note', schema='app')",
        "op.drop_function('t')",
        "op.drop_table('other')",
        "pass\ndef downgrade():\n    op.drop_trigger('t', 'note')",
    ],
)
def test_what_else_is_dropped_does_not_count(tmp_path: Path, drop: str) -> None:
    other = A.replace("note", "n2")
    made = f"def upgrade():\n    run(mysql={A!r})\n    run(mysql={other!r})"
    assert len(read(tmp_path, made, f"def upgrade():\n    {drop}").objects) == 2


def test_a_view_is_for_every_database_unless_the_file_asks_for_one(tmp_path: Path) -> None:
    everywhere = found(tmp_path, f"def upgrade():\n    op.execute({V!r})")
    assert everywhere == {"sqlite": V, "postgresql": V, "mysql": V}
    asks = (
        f"def upgrade():\n    match op.get_bind().dialect.name:\n        case _: op.execute({V!r})"
    )
    (past,) = read(tmp_path, asks).objects
    assert (past.statements, past.uncertain) == ({}, V)
    # No database takes the trigger of another.
    (past,) = read(tmp_path, f"def upgrade():\n    op.execute({A!r})").objects
    assert (past.statements, past.uncertain) == ({}, A)


def test_several_statements_in_one_string(tmp_path: Path) -> None:
    script = f"{V}; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$; SELECT 1"
    past = read(tmp_path, f"def upgrade():\n    run(postgresql={script!r})")
    assert [(p.kind, p.name) for p in past.objects] == [("view", "v"), ("function", "f")]
    assert past.objects[1].statements["postgresql"].endswith("AS $$ SELECT 1; $$")


def test_who_made_it(tmp_path: Path) -> None:
    by_hand = f"def upgrade():\n    run(mysql={A!r})"
    by_tool = f"def upgrade():\n    op.replace_trigger('t', 'note', mysql={B!r})"
    assert not read(tmp_path, by_hand).objects[0].by_tool
    assert read(tmp_path, by_hand, by_tool).objects[0].by_tool


@pytest.mark.parametrize(
    "body",
    [
        "x = 1",
        "def upgrade():\n    # CREATE TRIGGER t\n    op.execute('CREATE TABLE trigger (a int)')",
        "def upgrade():\n    op.execute('CREATE')\n    op.execute('DROP VIEW')\n    op.drop_view()",
        "def upgrade():\n    op.execute(f'CREATE VIEW {name} AS SELECT 1')",
        f"def downgrade():\n    op.execute({V!r})",
        "def upgrade():\n    upgrade()\n    a(b)\nb = [b]",
    ],
)
def test_nothing_is_read_where_there_is_nothing(tmp_path: Path, body: str) -> None:
    assert read(tmp_path, body).objects == []


def test_the_sample_history() -> None:
    past = ObjectHistory(read_history(ROOT / "migrations" / "versions"))
    trigger = past.find("trigger", None, "employee_set_updated_at", "employee")
    function = past.find("function", None, "employee_set_updated_at")
    assert trigger is not None and set(trigger.statements) == {"sqlite", "postgresql", "mysql"}
    assert function is not None and set(function.statements) == {"postgresql"}
