"""A revision that was interrupted after a commit of the database's own goes on where it stopped."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.items import Items
from support.programs import run

from sqlalchemy_manage.migrations.guards.journal import table as journal_table
from sqlalchemy_manage.migrations.guards.journal.cursor import StatementResult
from sqlalchemy_manage.migrations.guards.journal.journal import JournalGuard
from sqlalchemy_manage.migrations.guards.journal.step_state import fingerprint
from sqlalchemy_manage.migrations.runner.revision_runner import RevisionStep
from sqlalchemy_manage.sql.statement_kinds import Kind, Temporary, kind_of

only = pytest.mark.parametrize
ADD = 'op.add_column("item", sa.Column("{0}", sa.Integer))'
BUMP = 'op.execute("UPDATE item SET n = n + 1")'
FAIL = 'op.execute("INSERT INTO nowhere VALUES (1)")'


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Items:
    app = Items(tmp_path / "project", database_url)
    app.done("migrate")
    return app


@only("backend", ["mariadb"])
def test_a_mended_revision_goes_on_after_what_was_done(app: Items) -> None:
    lines = [BUMP, ADD.format("a"), BUMP, ADD.format("b"), BUMP]
    app.step("0002_step", *lines, FAIL)
    failed = app.manage("migrate")
    assert failed.code == 1
    assert "what was done is recorded: the next migrate continues from there" in failed.stderr
    assert "yourself" not in failed.stderr
    # The last of the three has been rolled back with the statement that failed.
    assert app.version == "0001_base" and app.numbers == [3, 3] and app.columns >= {"a", "b"}
    assert len(app.journal) == 4
    app.step("0002_step", *lines, 'op.execute("INSERT INTO item (id, n) VALUES (3, 0)")')
    app.done("migrate")
    assert app.version == "0002_step" and app.numbers == [4, 4, 0]
    assert app.journal == []
    assert "Nothing to do" in app.done("migrate").stderr


@only("backend", ["mariadb"])
def test_plain_alembic_goes_on_too(
    copy_project: Callable[[str], Path], app: Items, database_url: str
) -> None:
    app.step("0002_step", BUMP, ADD.format("a"), FAIL)
    assert app.manage("migrate").code == 1
    app.step("0002_step", BUMP, ADD.format("a"), "pass")
    folder = copy_project("bare")
    (folder / "pyproject.toml").write_text(
        f'[tool.alembic]\nscript_location = "{app.folder / "migrations"}"\n'
        'prepend_sys_path = ["."]\n'
    )
    result = run(folder, "-m", "alembic", "upgrade", "head", url=database_url)
    assert result.code == 0, result
    assert app.version == "0002_step" and app.numbers == [2, 2] and app.journal == []


@only("backend", ["mariadb"])
@only("mended", [(BUMP, ADD.format("c"), ADD.format("b")), ()])
def test_a_revision_that_was_changed_before_the_failure_is_refused(
    app: Items, mended: tuple[str, ...]
) -> None:
    app.step("0002_step", BUMP, ADD.format("a"), ADD.format("b"), FAIL)
    assert app.manage("migrate").code == 1
    app.step("0002_step", *mended, "pass")
    refused = app.manage("migrate")
    assert refused.code == 1
    assert "0002_step was interrupted, and cannot continue" in refused.stderr
    assert "ADD COLUMN a" in refused.stderr or "UPDATE item" in refused.stderr
    if mended:
        assert "ADD COLUMN b" in refused.stderr or "ADD COLUMN c" in refused.stderr
    assert app.version == "0001_base" and app.numbers == [2, 2]
    # Finished by hand, it is recorded, and the journal is empty.
    app.done("migrate", "0002", "--fake")
    assert app.version == "0002_step" and app.journal == []


@only("backend", ["mariadb"])
def test_what_was_read_is_read_again_as_it_was(app: Items) -> None:
    lines = [
        "bind = op.get_bind()",
        'if "a" not in {c["name"] for c in sa.inspect(bind).get_columns("item")}:',
        "    " + ADD.format("a"),
        '    op.execute("UPDATE item SET a = 5")',
        'total = bind.scalar(sa.text("SELECT sum(n) FROM item"))',
        'bind.execute(sa.text("UPDATE item SET n = :n"), {"n": int(total)})',
        'op.create_index("ix_a", "item", ["a"])',
    ]
    app.step("0002_step", *lines, FAIL)
    assert app.manage("migrate").code == 1
    assert app.numbers == [2, 2]
    app.step("0002_step", *lines, 'op.execute("UPDATE item SET a = a + n")')
    app.done("migrate")
    assert app.query("SELECT n, a FROM item") == [(2, 7), (2, 7)]


@only("backend", ["mariadb"])
def test_an_error_that_the_revision_caught_is_raised_again(app: Items) -> None:
    lines = [
        ADD.format("a"),
        "try:",
        '    op.execute("ALTER TABLE item DROP COLUMN nothing")',
        "except sa.exc.OperationalError:",
        "    " + ADD.format("b"),
    ]
    app.step("0002_step", *lines, FAIL)
    assert app.manage("migrate").code == 1
    app.step("0002_step", *lines)
    app.done("migrate")
    assert app.columns == {"id", "n", "a", "b"}


@only("backend", ["mariadb"])
def test_what_belongs_to_the_session_is_done_again(app: Items) -> None:
    lines = [
        'op.execute("SET @five = 5")',
        'op.execute("CREATE TEMPORARY TABLE kept (id INTEGER)")',
        'op.execute("INSERT INTO kept VALUES (1)")',
        ADD.format("a"),
    ]
    app.step("0002_step", *lines, FAIL)
    assert app.manage("migrate").code == 1
    last = 'op.execute("UPDATE item SET a = @five WHERE id IN (SELECT id FROM kept)")'
    app.step("0002_step", *lines, last)
    app.done("migrate")
    assert app.query("SELECT a FROM item ORDER BY id") == [(5,), (None,)]


@only("backend", ["mariadb"])
def test_the_interrupted_statement_is_decided_by_the_catalog(app: Items) -> None:
    app.step("0002_step", ADD.format("a"), ADD.format("b"), FAIL)
    assert app.manage("migrate").code == 1
    app.step("0002_step", ADD.format("a"), ADD.format("b"))
    # As if the process had died between the statement and the note that it was done.
    app.execute("UPDATE sqlalchemy_manage_journal SET state = 'intent' WHERE step = 2")
    app.done("migrate")
    assert app.columns == {"id", "n", "a", "b"}
    app.step("0003_step", ADD.format("c"), ADD.format("d"), FAIL)
    assert app.manage("migrate").code == 1
    app.step("0003_step", ADD.format("c"), ADD.format("d"))
    # ... and before the statement.
    app.execute(
        "UPDATE sqlalchemy_manage_journal SET state = 'intent' WHERE step = 2",
        "ALTER TABLE item DROP COLUMN d",
    )
    app.done("migrate")
    assert app.columns == {"id", "n", "a", "b", "c", "d"}


@only("backend", ["mariadb"])
def test_nothing_else_is_done_before_an_interrupted_revision_is_finished(app: Items) -> None:
    app.step("0002_step", ADD.format("a"), FAIL, undo=f'op.drop_column("item", "a")\n{FAIL}')
    assert app.manage("migrate").code == 1
    refused = app.manage("migrate", "zero")
    assert refused.code == 1
    assert refused.stderr == (
        "Error: 0002_step was interrupted while it was applied; part of it is in the database:\n"
        "  ALTER TABLE item ADD COLUMN a INTEGER\n"
        "Finish it first: manage.py migrate 0002_step\n"
        "Or undo by hand what it did, then: manage.py migrate --fake 0001_base\n"
    )
    nothing = app.manage("migrate", "0001")
    assert nothing.code == 1 and "0002_step was interrupted" in nothing.stderr
    app.step("0002_step", ADD.format("a"), undo=f'op.drop_column("item", "a")\n{FAIL}')
    app.done("migrate")
    # The way back, which fails too.
    assert app.manage("migrate", "-1").code == 1
    refused = app.manage("migrate")
    assert refused.code == 1
    assert "0002_step was interrupted while it was undone" in refused.stderr
    assert "Finish it first: manage.py migrate 0001_base\nOr bring back by hand" in refused.stderr
    app.execute("CREATE TABLE nowhere (id INTEGER)")
    app.done("migrate", "-1")
    assert app.version == "0001_base" and app.columns == {"id", "n"} and app.journal == []


@only("backend", ["mariadb"])
@pytest.mark.parametrize("first", ["create_unique_constraint('u', 'item', ['n'])", "execute('x')"])
def test_a_revision_that_failed_at_once_stands_in_nobody_s_way(app: Items, first: str) -> None:
    app.step("0002_step", f"op.{first}", ADD.format("a"))
    failed = app.manage("migrate")
    assert failed.code == 1
    assert "Nothing of it was done: the database is as it was before 0002_step." in failed.stderr
    fix = "Correct these rows" if "unique" in first else "Fix the revision"
    assert fix in failed.stderr and "then: manage.py migrate\n" in failed.stderr
    assert "Nothing to do" in app.done("migrate", "0001").stderr
    assert "0002_step" not in app.done("migrate", "--fake", "0001").stderr
    assert app.manage("migrate").code == 1
    (app.versions / "0002_step.py").unlink()
    for command in ("repair", "showmigrations", "migrate"):
        assert "interrupted" not in app.done(command).stderr
    assert "ok       migrations" in app.manage("check").stdout
    app.step("0002_other", ADD.format("b"))
    app.done("migrate")
    assert app.columns == {"id", "n", "b"} and app.journal == []


@only("backend", ["mariadb"])
def test_a_half_done_revision_without_its_file_is_finished_by_hand(app: Items) -> None:
    path = app.step("0002_step", ADD.format("a"), FAIL)
    assert app.manage("migrate").code == 1
    path.unlink()
    app.step("0002_other", ADD.format("b"))
    for command in (["migrate"], ["migrate", "zero"], ["migrate", "0001"], ["repair"], ["check"]):
        refused = app.manage(*command)
        assert refused.code == 1
        said = refused.stdout + refused.stderr
        assert "Its file is gone. Bring it back, then finish the revision" in said
        assert "then: manage.py migrate --fake 0001_base\n" in said
        assert "Undoing" not in said and "FAILED" not in said
    assert "0002_step was interrupted while it was applied" in app.done("showmigrations").stderr
    app.execute("ALTER TABLE item DROP COLUMN a")
    recorded = app.done("migrate", "--fake", "0001_base")
    assert recorded.stderr.startswith("Taken as undone by hand: 0002_step.\n")
    app.done("migrate")
    assert app.columns == {"id", "n", "b"} and app.journal == []


@only("backend", ["mariadb"])
def test_the_first_revision_goes_on_instead_of_being_adopted(
    tmp_path: Path, database_url: str
) -> None:
    app = Items(tmp_path / "project", database_url)
    create = 'op.create_table("item", sa.Column("id", sa.Integer, primary_key=True))'
    app.step("0001_base", create, FAIL)
    assert app.manage("migrate").code == 1
    app.step("0001_base", create, ADD.format("n"))
    app.done("migrate")
    assert app.columns == {"id", "n"}


@only("backend", ["mariadb"])
def test_a_fingerprint_is_of_what_a_statement_names(app: Items) -> None:
    def taken(statement: str) -> str | None:
        with app.engine.connect() as connection:
            return fingerprint(connection, statement)

    statements = (
        "ALTER TABLE `item` ADD COLUMN x INTEGER",
        "CREATE TABLE other (id INTEGER AUTO_INCREMENT PRIMARY KEY)",
        "CREATE TRIGGER chime BEFORE INSERT ON item FOR EACH ROW SET NEW.n = 1",
        "CREATE VIEW seen AS SELECT n FROM item",
        "RENAME TABLE other TO another",
        "CREATE INDEX ix_x ON item (x)",
        "CREATE FUNCTION five() RETURNS INTEGER RETURN 5",
    )
    for statement in statements:
        before = taken(statement)
        app.execute("INSERT INTO item (n) VALUES (5)")
        assert taken(statement) == before
        app.execute(statement)
        assert taken(statement) != before, statement
    # What it does not name does not count.
    before = taken("ALTER TABLE item ADD COLUMN y INTEGER")
    app.execute("DROP TABLE another")
    assert taken("ALTER TABLE item ADD COLUMN y INTEGER") == before


BLOCK = "with op.get_context().autocommit_block():"


@only("backend", ["postgresql", "sqlite"])
def test_what_an_autocommit_block_committed_is_not_repeated(app: Items) -> None:
    lines = [BUMP, 'op.execute("CREATE TABLE q (id INTEGER)")', BLOCK, "    " + BUMP]
    app.step("0002_step", *lines, BUMP, FAIL)
    failed = app.manage("migrate")
    assert failed.code == 1
    assert "up to its last commit is in the database" in failed.stderr
    assert "rolled back" not in failed.stderr
    assert app.version == "0001_base" and app.numbers == [3, 3]
    app.step("0002_step", *lines, BUMP)
    app.done("migrate")
    assert app.version == "0002_step" and app.numbers == [4, 4] and app.journal == []


@only("backend", ["postgresql", "sqlite"])
def test_a_revision_that_commits_nothing_leaves_no_journal(app: Items) -> None:
    app.step("0002_step", BUMP, FAIL)
    failed = app.manage("migrate")
    assert "as it was before 0002_step" in failed.stderr
    assert not sa.inspect(app.engine).has_table("sqlalchemy_manage_journal")


HELPER = """
def outside(op):
    with op.get_context().autocommit_block():
        op.execute("UPDATE item SET n = n + 1")


def by_hand(op):
    op.get_bind().commit()


def raw(op):
    op.execute("COMMIT")
"""


@only("backend", ["postgresql", "sqlite"])
@only(("call", "more"), [("outside", 1), ("by_hand", 0), ("raw", 0)])
def test_a_commit_that_the_file_does_not_name_is_noticed_before_it(
    app: Items, call: str, more: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal would come too late for the UPDATE: the revision starts over, recorded."""
    (app.folder / "hidden_helper.py").write_text(HELPER)
    monkeypatch.syspath_prepend(str(app.folder))
    create = 'op.execute("CREATE TABLE q (id INTEGER)")'
    lines = ["import hidden_helper", BUMP, create, f"hidden_helper.{call}(op)"]
    if call == "raw" and app.engine.dialect.name == "sqlite":
        lines.append('op.execute("BEGIN")')
    app.step("0002_step", *lines, BUMP, FAIL)
    failed = app.manage("migrate", "+1")
    assert failed.code == 1 and "up to its last commit is in the database" in failed.stderr
    assert failed.stderr.count("0002_step failed") == 1
    assert app.version == "0001_base" and app.numbers == [2 + more] * 2
    app.step("0002_step", *lines, BUMP)
    app.step("0003_step", BUMP)
    app.done("migrate")
    assert app.version == "0003_step" and app.numbers == [4 + more] * 2 and app.journal == []


READS = "SELECT a.n FROM item a" + "".join(f" CROSS JOIN item b{n}" for n in range(16))
STREAM = [
    "bind = op.get_bind()",
    f'rows = bind.execute(sa.text("{READS}"), execution_options={{"yield_per": 1000}})',
    "assert sum(len(part) for part in rows.partitions()) == 2 ** 17",
    'for _ in range(3): bind.execute(sa.text("UPDATE item SET n = n + 1"))',
]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Of each revision: how many steps the journal kept, and how many rows of results."""
    found = []
    ran = JournalGuard.ran

    def counted(self: JournalGuard, step: RevisionStep) -> None:
        rows = sum(len(entry.answer.rows or ()) for entry in self.new)
        found.append((len(self.new), rows))
        ran(self, step)

    monkeypatch.setattr(JournalGuard, "ran", counted)
    return found


@only("backend", ["postgresql", "sqlite"])
def test_nothing_is_kept_of_a_revision_that_is_one_transaction(
    app: Items, kept: list[tuple[int, int]]
) -> None:
    cursor = 'assert "journal" not in type(bind.execute(sa.text("SELECT 1")).cursor).__module__'
    app.step("0002_step", *STREAM, cursor)
    app.done("migrate")
    assert kept == [(0, 0)] and app.numbers == [4, 4]


def test_the_rows_of_a_long_read_are_not_kept(app: Items, kept: list[tuple[int, int]]) -> None:
    app.step("0002_step", *STREAM, "# commit")
    app.done("migrate")
    ((steps, rows),) = kept
    assert 0 < steps < 50 and rows < 50  # some are of the proof
    assert app.numbers == [4, 4]


@only("backend", ["postgresql"])
@only("journal", ["kept", "lost"])
def test_an_invalid_index_is_dropped_and_built_again(app: Items, journal: str) -> None:
    index = 'op.create_index("uq_n", "item", ["n"], unique=True, postgresql_concurrently=True)'
    app.step("0002_step", "pass", BLOCK, "    " + index)
    failed = app.manage("migrate")
    assert failed.code == 1 and "UNIQUE uq_n" in failed.stderr
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'uq_n'::regclass"
    assert app.query(valid) == [(False,)]
    app.execute("UPDATE item SET n = id")
    if journal == "lost":
        # Left by a program that keeps none.
        app.execute("DELETE FROM sqlalchemy_manage_journal")
    app.done("migrate")
    assert app.query(valid) == [(True,)] and app.version == "0002_step"


@only("backend", ["postgresql"])
@only("done", [True, False])
def test_an_index_whose_end_nobody_saw_is_looked_for(app: Items, done: bool) -> None:
    index = 'op.create_index("ix_n", "item", ["n"], postgresql_concurrently=True)'
    app.step("0002_step", BLOCK, "    " + index, FAIL)
    assert app.manage("migrate").code == 1
    app.step("0002_step", BLOCK, "    " + index)
    app.execute("UPDATE sqlalchemy_manage_journal SET state = 'intent' WHERE kind = 'alone'")
    if not done:
        app.execute("DROP INDEX ix_n")
    app.done("migrate")
    assert [i["name"] for i in sa.inspect(app.engine).get_indexes("item")] == ["ix_n"]


@only(
    ("dialect", "statement", "kind"),
    [
        ("mariadb", "SELECT 1", Kind.READ),
        ("mariadb", "/* why */ -- so\n (SELECT 1) UNION (SELECT 2)", Kind.READ),
        ("mariadb", "SHOW CREATE TABLE x", Kind.READ),
        ("mariadb", "SELECT 1 INTO @x", Kind.SESSION),
        ("mariadb", "SELECT GET_LOCK('x', 0)", Kind.SESSION),
        ("mariadb", "SET @x = 1", Kind.SESSION),
        ("mariadb", "SET GLOBAL x = 1", Kind.WRITE),
        ("mariadb", "SET STATEMENT max_statement_time=1 FOR ALTER TABLE x ADD y INT", Kind.ALONE),
        ("mariadb", "insert into x values (1)", Kind.WRITE),
        ("mariadb", "alter table x add y int", Kind.ALONE),
        ("mariadb", "TRUNCATE TABLE x", Kind.ALONE),
        ("mariadb", "LOCK TABLES x WRITE", Kind.COMMITS),
        ("mariadb", "COMMIT", Kind.COMMITS),
        ("mariadb", "SAVEPOINT x", Kind.SESSION),
        ("postgresql", "CREATE TABLE x (id int)", Kind.WRITE),
        ("postgresql", "CREATE INDEX CONCURRENTLY x ON y (z)", Kind.WRITE),
        ("postgresql", "WITH a AS (DELETE FROM x RETURNING *) SELECT * FROM a", Kind.WRITE),
        ("postgresql", "WITH a AS (SELECT 1) SELECT * FROM a", Kind.READ),
        ("postgresql", "SELECT set_config('x', 'y', false)", Kind.SESSION),
        ("postgresql", "LOCK TABLE x", Kind.SESSION),
        ("sqlite", "PRAGMA table_info(x)", Kind.READ),
        ("sqlite", "PRAGMA legacy_alter_table=OFF", Kind.SESSION),
    ],
)
def test_kinds_of_statements(dialect: str, statement: str, kind: Kind) -> None:
    assert kind_of(statement, dialect) is kind


@only(
    ("dialect", "statement", "kind"),
    [
        ("postgresql", "CREATE INDEX CONCURRENTLY x ON y (z)", Kind.ALONE),
        ("postgresql", "VACUUM x", Kind.ALONE),
        ("postgresql", "ALTER TYPE mood ADD VALUE 'so'", Kind.WRITE),
        ("postgresql", "ALTER SYSTEM SET x = 1", Kind.ALONE),
        ("sqlite", "VACUUM", Kind.ALONE),
        ("sqlite", "CREATE TABLE x (id int)", Kind.WRITE),
    ],
)
def test_kinds_outside_a_transaction(dialect: str, statement: str, kind: Kind) -> None:
    assert kind_of(statement, dialect, autocommit=True) is kind


def test_temporary_tables_are_known_by_their_creation() -> None:
    temporary = Temporary()
    assert not temporary.concerns("INSERT INTO kept VALUES (1)")
    assert temporary.concerns("CREATE TEMPORARY TABLE IF NOT EXISTS `kept` (id INT)")
    assert temporary.concerns("INSERT INTO kept VALUES (1)")
    assert temporary.concerns("CREATE INDEX ix ON kept (id)")
    assert not temporary.concerns("INSERT INTO other SELECT * FROM kept")


def test_answers_come_back_equal() -> None:
    values = (
        1, None, 2.5, "é", True, b"\x00\xff", decimal.Decimal("1.20"), uuid.UUID(int=5),
        datetime.datetime(2026, 1, 2, 3, 4, 5, 6), datetime.date(2026, 1, 2),
        datetime.time(3, 4), datetime.timedelta(days=1, microseconds=3), {"a": [1]},
    )  # fmt: skip
    names = [f"c{n}" for n in range(len(values))]
    entry = journal_table.JournalEntry(1, Kind.READ, "done", "d" * 64, "SELECT")
    entry.answer = StatementResult([values], names, 1, 7)
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        journal_table.TABLE.create(connection)
        journal_table.write(connection, "0001", "upgrade", [entry], None)
        (back,) = journal_table.read(connection, "0001", "upgrade")
        assert back == entry
        # What cannot be stored is known not to have been.
        entry.answer = StatementResult([(object(),)], ["c"], 1)
        entry.step = 2
        journal_table.write(connection, "0001", "upgrade", [entry], None)
        assert [found.kept for found in journal_table.read(connection, "0001", "upgrade")] == [
            True,
            False,
        ]
