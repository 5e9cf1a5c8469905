"""What a plan would do, told beforehand: operations, rows, losses, what cannot be undone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.project import NOTE, ProjectFolder

TABLES = (
    NOTE[:-1] + ', sa.Column("text", sa.String(20)))\n'
    'op.create_table("log", sa.Column("id", sa.Integer, primary_key=True))'
)


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> ProjectFolder:
    return filled(tmp_path, database_url)


@pytest.fixture
def local(tmp_path: Path) -> ProjectFolder:
    return filled(tmp_path, f"sqlite:///{tmp_path / 'local.sqlite'}")


def filled(folder: Path, url: str) -> ProjectFolder:
    """note with three rows, two of which have a text, and log, which is empty."""
    app = ProjectFolder(folder / "project", url).write_history()
    app.revision("0001_note", None, TABLES, 'op.drop_table("log")\nop.drop_table("note")')
    app.done("migrate")
    app.execute("INSERT INTO note (id, text) VALUES (1, 'a'), (2, 'b'), (3, NULL)")
    return app


def ahead(app: ProjectFolder, *arguments: str) -> list[dict[str, Any]]:
    done = app.done("migrate", *arguments, "--plan", "--json")
    found: list[dict[str, Any]] = json.loads(done.stdout)["revisions"]
    return found


def loss(
    kind: str, name: str, rows: int | None, values: int | None = None, certain: bool = True
) -> dict[str, Any]:
    return {"kind": kind, "name": name, "rows": rows, "values": values, "certain": certain}


def test_words_rows_and_losses_on_every_database(app: ProjectFolder) -> None:
    app.revision(
        "0002_less",
        "0001_note",
        'op.drop_column("note", "text")\nop.drop_table("log")\nop.execute("DELETE FROM note")',
        None,
    )
    result = app.done("migrate", "--plan")
    assert result.stdout.splitlines() == [
        "apply  0002_less  About 0002_less.",
        "         - drop column note.text",
        "         - drop table log",
        "         ~ run SQL: DELETE FROM note",
        "         rows: note 3 rows, log 0 rows",
        "         destructive: drops column note.text with 2 values in 3 rows",
        "         destructive: drops table log, which is empty",
        "         destructive: deletes from note, which has 3 rows",
        "         cannot be undone: it has no downgrade()",
    ]
    assert app.heads() == {"0001_note"}
    assert app.query("SELECT count(*) FROM note") == [(3,)]
    (found,) = ahead(app)
    assert found == {
        "id": "0002_less",
        "doc": "About 0002_less.",
        "direction": "upgrade",
        "file": str(app.versions / "0002_less.py"),
        "operations": [
            "- drop column note.text",
            "- drop table log",
            "~ run SQL: DELETE FROM note",
        ],
        "rows": {"note": 3, "log": 0},
        "destroys": [
            loss("column", "note.text", 3, 2),
            loss("table", "log", 0),
            loss("rows", "note", 3),
        ],
        "irreversible": "it has no downgrade()",
        "origin": None,
        "stopped_by": [],
    }


def test_a_query_for_values_is_listed_once_and_the_insert_too(local: ProjectFolder) -> None:
    local.revision(
        "0002_labels",
        "0001_note",
        'label = op.create_table("label", sa.Column("text", sa.String(20)))\n'
        'rows = op.get_bind().execute(sa.text("SELECT id, text FROM note")).all()\n'
        'op.bulk_insert(label, [{"text": row.text} for row in rows])\n'
        "for row in rows:\n"
        "    op.execute(label.update().values(text=row.text))",
    )
    (found,) = ahead(local)
    assert found["operations"] == [
        "+ create table label",
        "~ run SQL: SELECT id, text FROM note",
        "~ run SQL: INSERT INTO label",
        "~ run SQL: UPDATE label",
    ]


def test_a_downgrade_tells_what_it_drops(app: ProjectFolder) -> None:
    (found,) = ahead(app, "zero")
    assert found["direction"] == "downgrade"
    assert found["destroys"] == [loss("table", "log", 0), loss("table", "note", 3)]
    assert found["irreversible"] is None
    assert app.done("migrate", "zero", "--plan").stdout.startswith("undo   0001_note  About")


def test_without_a_database_there_is_nothing_to_count(tmp_path: Path) -> None:
    app = ProjectFolder(
        tmp_path / "project", f"sqlite:///{tmp_path / 'none.sqlite'}"
    ).write_history()
    app.revision("0001_note", None, TABLES + '\nop.drop_table("log")')
    (found,) = ahead(app)
    assert (found["rows"], found["destroys"]) == ({}, [])
    assert not (tmp_path / "none.sqlite").exists()


def test_names_are_followed_through_the_plan(local: ProjectFolder) -> None:
    local.revision(
        "0002_names",
        "0001_note",
        'op.rename_table("note", "memo")\nop.rename_column("memo", "text", "body")\n'
        'op.create_table("fresh", sa.Column("id", sa.Integer, primary_key=True))\n'
        'op.add_column("memo", sa.Column("new", sa.Integer))',
    )
    local.revision(
        "0003_drops",
        "0002_names",
        'with op.batch_alter_table("memo") as batch:\n'
        '    batch.drop_column("body")\n    batch.drop_column("new")\n'
        'op.drop_table("fresh")\nop.drop_table("memo")\nop.drop_table("note")',
    )
    first, second = ahead(local)
    assert first["rows"] == {"note": 3, "memo": 3}
    assert second["rows"] == {"memo": 3}
    assert second["destroys"] == [loss("column", "memo.body", 3, 2), loss("table", "memo", 3)]


def test_of_sql_for_each_dialect_that_of_the_database_is_shown(
    app: ProjectFolder, backend: str
) -> None:
    names = ("sqlite", "postgresql", "mysql", "mariadb")
    statements = {name: ["DROP TABLE log", f"SELECT '{name}'"] for name in names}
    statements["sqlite"].reverse()
    loop = "for statement in UP[op.get_context().dialect.name]:\n    op.execute(statement)"
    more = f"UP = {statements!r}\nDOWN = { ({name: ['SELECT 2'] for name in names})!r}"
    app.revision("0002_change", "0001_note", loop, loop.replace("UP", "DOWN"), more=more)
    (found,) = ahead(app)
    own = statements[app.engine.dialect.name]
    assert found["operations"] == [f"~ run SQL: {statement}" for statement in own]
    assert found["destroys"] == [loss("table", "log", 0)]


@pytest.mark.parametrize(
    ("up", "more", "destroys"),
    [
        ('op.execute("DROP TABLE IF EXISTS note")', "", [loss("table", "note", 3)]),
        ('op.execute("TRUNCATE TABLE note")', "", [loss("rows", "note", 3)]),
        (
            'op.execute("ALTER TABLE `note` DROP COLUMN `text`")',
            "",
            [loss("column", "note.text", 3, 2)],
        ),
        ('op.execute("ALTER TABLE note DROP CONSTRAINT text")', "", []),
        ('op.execute("UPDATE note SET text = 1")', "", []),
        # As migrate itself takes it: whatever the file mentions may be meant.
        (
            'for name in ("note", "log"):\n    op.execute(f"DROP TABLE {name}")',
            "",
            [loss("table", "log", 0, None, False), loss("table", "note", 3, None, False)],
        ),
        (
            'for x in ("no", "log"):\n    op.execute(f"DROP TABLE {x}")\nop.drop_table("log")',
            "",
            [loss("table", "log", 0)],
        ),
        (
            'op.execute("DROP TABLE note, log")',
            "",
            [loss("table", "note", 3), loss("table", "log", 0)],
        ),
        ('op.execute("DELETE FROM note WHERE id = 1")', "", [loss("rows", "note", 3)]),
        (
            'op.execute("DELETE FROM note WHERE id = 1; ALTER TABLE note RENAME TO b")',
            "",
            [loss("rows", "note", 3)],
        ),
        (
            "op.get_bind().execute(made())",
            'def made():\n    return other()\nTEXT = "TRUNCATE note"',
            [loss("rows", "note", 3, None, False)],
        ),
        ('op.execute("DELETE FROM elsewhere")', "", []),
        (
            'op.execute("CREATE TRIGGER t AFTER UPDATE ON note BEGIN DELETE FROM log; END")',
            "",
            [],
        ),
        (
            "for statement in UP[op.get_context().dialect.name]:\n    op.execute(statement)",
            'SQL = ["""delete  from\\n note"""]\nDOWN = ["DROP TABLE note"]\nUP = {"sqlite": SQL}',
            [loss("rows", "note", 3)],
        ),
        (
            'note = sa.table("note", sa.column("id"))\nop.execute(note.delete())',
            "",
            [loss("rows", "note", 3)],
        ),
        (
            'op.alter_computed("note", sa.Column("text", sa.String(9), sa.Computed("id")),'
            ' existing=sa.Column("text", sa.String(20)))',
            "",
            [loss("column", "note.text", 3, 2)],
        ),
        (
            'op.alter_computed("note", sa.Column("text", sa.String(9)),'
            ' existing=sa.Column("text", sa.String(20), sa.Computed("id")))',
            "",
            [],
        ),
    ],
)
def test_what_is_destructive(
    local: ProjectFolder, up: str, more: str, destroys: list[dict[str, Any]]
) -> None:
    local.revision("0002_change", "0001_note", up, more=more)
    (found,) = ahead(local)
    assert found["destroys"] == destroys


def test_views_and_names_that_differ_in_case(app: ProjectFolder, backend: str) -> None:
    app.execute("CREATE VIEW texts AS SELECT id, text FROM note")
    app.revision("0002_change", "0001_note", 'op.execute("DELETE FROM texts WHERE id = 2")')
    (found,) = ahead(app)
    assert found["destroys"] == [loss("rows", "texts", 3)]
    if backend == "postgresql":
        app.execute('CREATE TABLE "Note" (id INTEGER)')
        app.revision("0003_drop", "0002_change", 'op.drop_table("note")\nop.drop_table("Note")')
        _, found = ahead(app)
        assert found["destroys"] == [loss("table", "note", 3), loss("table", "Note", 0)]


@pytest.mark.parametrize(
    ("up", "down", "reason"),
    [
        ("pass", "pass", None),
        ('op.add_column("note", sa.Column("n", sa.Integer))', "pass", "downgrade() does nothing"),
        ("pass", '"""Nothing."""\nreturn', None),
        (
            'op.execute("UPDATE note SET text = 1")',
            'op.drop_column("note", "n")',
            "downgrade() does not reverse: SQL: UPDATE note SET text = 1",
        ),
        ('op.execute("UPDATE note SET text = 1")', 'op.execute("UPDATE note SET text = 0")', None),
        (
            "pass",
            'raise NotImplementedError("no way back")',
            "downgrade() raises NotImplementedError('no way back')",
        ),
        ("pass", None, "it has no downgrade()"),
    ],
)
def test_what_cannot_be_undone(
    local: ProjectFolder, up: str, down: str | None, reason: str | None
) -> None:
    local.revision("0002_change", "0001_note", up, down)
    (found,) = ahead(local)
    assert found["irreversible"] == reason


def test_json_needs_plan_and_check_still_has_its_exit_code(local: ProjectFolder) -> None:
    assert ahead(local) == []
    local.revision("0002_change", "0001_note")
    wrong = local.manage("migrate", "--json")
    assert wrong.code == 2
    assert "--plan" in wrong.stderr
    both = local.manage("migrate", "--plan", "--check", "--json")
    assert both.code == 1
    assert [r["id"] for r in json.loads(both.stdout)["revisions"]] == ["0002_change"]
    brief = local.manage("migrate", "--check")
    assert brief.code == 1
    assert brief.stdout == "apply  0002_change  About 0002_change.\n"
