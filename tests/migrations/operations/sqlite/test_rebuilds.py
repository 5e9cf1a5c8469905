"""SQLite: what a batch asks for is done, in place where SQLite can, and nothing else goes."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.programs import run
from support.rebuilds import Rebuilds

from sqlalchemy_manage.errors import MigrationError
from sqlalchemy_manage.migrations.schema.create_table import normal, read_table

pytestmark = [
    pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index"),
    pytest.mark.filterwarnings("ignore:Unnamed CHECK constraint on reflected table"),
]
TABLES = (
    "CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT COLLATE NOCASE"
    " UNIQUE ON CONFLICT IGNORE, n INTEGER DEFAULT 5 CHECK (n > 0), spare TEXT,"
    " CONSTRAINT few CHECK (n < 100))",
    "INSERT INTO p (id, code, n, spare) VALUES (1, 'a', 1, 's'), (2, 'b', 2, 't'), (9, 'x', 9, '')",
    "DELETE FROM p WHERE id = 9",
    "CREATE TABLE log (n INTEGER)",
    "CREATE TABLE c (id INTEGER PRIMARY KEY, p_code TEXT REFERENCES p (code) ON DELETE CASCADE)",
    "INSERT INTO c VALUES (1, 'a'), (2, 'b')",
    "CREATE INDEX p_n ON p (n DESC)",
    "CREATE VIEW v AS SELECT code, n FROM p",
    "CREATE TRIGGER p_ai AFTER INSERT ON p BEGIN INSERT INTO log VALUES (new.n); END",
)
P = (
    "createtablep(idintegerprimarykeyautoincrement,codetextcollatenocaseuniqueonconflictignore,"
    "nintegerdefault5check(n>0),sparetext,constraintfewcheck(n<100))"
)


@pytest.fixture
def rebuilds(tmp_path: Path) -> Rebuilds:
    found = Rebuilds(tmp_path / "project")
    found.sql(*TABLES)
    assert found.migrate().code == 0
    return found


def batch(*lines: str, options: str = "") -> str:
    inside = "".join(f"\n    batch.{line}" for line in lines)
    return f"with op.batch_alter_table('p'{options}) as batch:{inside}"


BATCHES = {
    "default": (
        ("alter_column('n', server_default='7')",),
        (("default5check(n>0)", "check(n>0)default'7'"),),
    ),
    "no default": (("alter_column('n', server_default=None)",), (("default5", ""),)),
    "type": (
        ("alter_column('n', type_=sa.BigInteger())",),
        (("ninteger", "nbigint"),),
    ),
    "type of text": (
        ("alter_column('code', type_=sa.String(50))",),
        (("codetext", "codevarchar(50)"),),
    ),
    "not null and back": (
        ("alter_column('code', nullable=False)", "alter_column('code', nullable=True)"),
        (),
    ),
    "constraint dropped": (
        ("drop_constraint('few', type_='check')",),
        ((",constraintfewcheck(n<100)", ""),),
    ),
    "constraint replaced": (
        (
            "drop_constraint('few', type_='check')",
            "create_check_constraint('few', sa.text('n < 50'))",
        ),
        (("n<100", "n<50"),),
    ),
    "unnamed constraint dropped": (
        ("drop_constraint('uq_p_code', type_='unique')",),
        (("uniqueonconflictignore", ""),),
    ),
    "constraints added": (
        (
            "create_unique_constraint('uq_n', ['n', 'code'])",
            "create_foreign_key('fk_n', 'log', ['n'], ['n'], ondelete='SET NULL')",
        ),
        (
            (
                "(n<100))",
                "(n<100),constraintuq_nunique(n,code),"
                "constraintfk_nforeignkey(n)referenceslog(n)ondeletesetnull)",
            ),
        ),
    ),
    "column added": (
        ("add_column(sa.Column('more', sa.Integer, server_default=sa.func.random()))",),
        (("sparetext", "sparetext,moreintegerdefault(random())"),),
    ),
    "column dropped and one altered": (
        ("drop_column('spare')", "alter_column('n', nullable=False)"),
        ((",sparetext", ""), ("check(n>0)", "check(n>0)notnull")),
    ),
    "renamed and altered": (
        ("alter_column('n', new_column_name='m', nullable=False)",),
        (
            ("ninteger", "minteger"),
            ("check(n>0)", "check(m>0)notnull"),
            ("check(n<100)", "check(m<100)"),
        ),
    ),
    "renamed with the type of its check": (
        (
            "alter_column('n', new_column_name='m', nullable=False,"
            " existing_type=sa.Enum('a', name='few'))",
        ),
        (
            ("ninteger", "minteger"),
            ("check(n>0)", "check(m>0)notnull"),
            ("check(n<100)", "check(m<100)"),
        ),
    ),
    "names swapped": (
        (
            "alter_column('n', new_column_name='spare', nullable=False)",
            "alter_column('spare', new_column_name='n')",
        ),
        (
            ("sparetext", "ntext"),
            ("nintegerdefault5check(n>0)", "spareintegerdefault5check(spare>0)notnull"),
            ("few", "fewx"),
            ("fewxcheck(n<100)", "fewcheck(spare<100)"),
        ),
    ),
}


@pytest.mark.parametrize(("lines", "changes"), BATCHES.values(), ids=BATCHES)
def test_what_is_asked_for_is_all_that_changes(
    rebuilds: Rebuilds,
    monkeypatch: pytest.MonkeyPatch,
    lines: tuple[str, ...],
    changes: tuple[tuple[str, str], ...],
) -> None:
    from sqlalchemy_manage.migrations import environment

    # The batch itself, with nobody who puts right what it left out.
    monkeypatch.setattr(environment, "guards", lambda run: [])
    before = rebuilds.master()
    convention = ", naming_convention={'uq': 'uq_%(table_name)s_%(column_0_name)s'}"
    options = convention if "uq_p_code" in lines[0] else ""
    rebuilds.next(batch(*lines, options=", recreate='always'" + options))
    result = rebuilds.migrate()
    assert result.code == 0, result
    expected = P
    for old, new in changes:
        assert old in expected
        expected = expected.replace(old, new, 1)
    after = rebuilds.master()
    assert after.pop(("table", "p")) == expected
    if "rename" not in str(lines) and "new_column_name" not in str(lines):
        assert after == {key: sql for key, sql in before.items() if key != ("table", "p")}
    assert after.keys() | {("table", "p")} == before.keys()
    assert rebuilds.query("SELECT id, code FROM p") == [(1, "a"), (2, "b")]
    assert rebuilds.query("SELECT * FROM c") == [(1, "a"), (2, "b")]
    assert rebuilds.query("SELECT seq FROM sqlite_sequence WHERE name = 'p'") == [(9,)]
    # The view and the trigger work, with the names that the columns have now.
    rebuilds.execute("INSERT INTO p (code) VALUES ('new')", "SELECT * FROM v")


@pytest.mark.parametrize("more", ["", ", nullable=False"], ids=["in place", "made again"])
def test_what_mentions_a_renamed_column_follows(rebuilds: Rebuilds, more: str) -> None:
    rebuilds.next(batch(f"alter_column('code', new_column_name='name'{more})"))
    result = rebuilds.migrate()
    assert result.code == 0, result
    assert rebuilds.query("PRAGMA foreign_key_list(c)")[0][2:5] == ("p", "p_code", "name")
    assert rebuilds.query("SELECT * FROM v ORDER BY n") == [("a", 1), ("b", 2)]
    assert "name" in rebuilds.master()["view", "v"]
    rebuilds.execute("INSERT INTO p (name, n) VALUES ('new', 3)")


IN_PLACE = {
    "rename": ("alter_column('n', new_column_name='m')",),
    "drop": ("drop_column('spare')",),
    "drop with its index": ("drop_index('p_spare')", "drop_column('spare')"),
    "add": ("add_column(sa.Column('more', sa.Integer, server_default=sa.text('1')))",),
    "a place for it": (
        "drop_column('spare')",
        "add_column(sa.Column('more', sa.Integer))",
    ),
    "several": ("drop_column('spare')", "alter_column('n', new_column_name='spare')"),
}


@pytest.mark.parametrize("lines", IN_PLACE.values(), ids=IN_PLACE)
def test_what_sqlite_can_alter_is_not_made_again(
    rebuilds: Rebuilds, lines: tuple[str, ...]
) -> None:
    rebuilds.execute("CREATE INDEX p_spare ON p (code)")
    page = "SELECT rootpage FROM sqlite_master WHERE name = 'p'"
    before = rebuilds.query(page)
    rebuilds.next(batch(*lines), 'expected_loss = {"p.spare": "all"}')
    assert rebuilds.migrate().code == 0
    assert rebuilds.query(page) == before
    assert "_alembic_tmp" not in str(rebuilds.master())


MADE_AGAIN = {
    "unique": ("code TEXT UNIQUE, more TEXT", "code"),
    "indexed": ("code TEXT, more TEXT", "code"),
    "in a check": ("code TEXT, more TEXT, CHECK (code <> '')", "code"),
    "in a foreign key": ("code TEXT, more TEXT, FOREIGN KEY (code) REFERENCES log (n)", "code"),
    "in a key of two": ("code TEXT, more TEXT, UNIQUE (code, more)", "code"),
}


@pytest.mark.parametrize(("columns", "dropped"), MADE_AGAIN.values(), ids=MADE_AGAIN)
def test_a_dropped_column_takes_along_what_is_about_it(
    rebuilds: Rebuilds, columns: str, dropped: str
) -> None:
    rebuilds.sql(
        f"CREATE TABLE t (id INTEGER PRIMARY KEY, keep TEXT COLLATE NOCASE, {columns})",
        "CREATE INDEX t_code ON t (lower(code)) WHERE code IS NOT NULL",
        "CREATE INDEX t_keep ON t (keep)",
        "INSERT INTO t (id, keep, code, more) VALUES (1, 'k', 'c', 'm')",
    )
    rebuilds.next(
        batch(f"drop_column('{dropped}')").replace("'p'", "'t'"),
        'expected_loss = {"t.code": "all"}',
    )
    result = rebuilds.migrate()
    assert result.code == 0, result
    assert rebuilds.statement("t") == (
        "createtablet(idintegerprimarykey,keeptextcollatenocase,moretext)"
    )
    assert ("index", "t_keep") in rebuilds.master()
    assert ("index", "t_code") not in rebuilds.master()
    assert rebuilds.query("SELECT * FROM t") == [(1, "k", "m")]


GONE = {
    "a view": ("spare_v", "drop_column('spare')", "view spare_v"),
    "a trigger": ("spare_t", "drop_column('spare')", "triggers of table p"),
}


@pytest.mark.parametrize(("name", "line", "said"), GONE.values(), ids=GONE)
def test_what_reads_a_dropped_column_stops_the_revision(
    rebuilds: Rebuilds, name: str, line: str, said: str
) -> None:
    made = {
        "spare_v": "CREATE VIEW spare_v AS SELECT spare FROM p",
        "spare_t": "CREATE TRIGGER spare_t AFTER DELETE ON p BEGIN"
        " INSERT INTO log VALUES (old.spare); END",
    }[name]
    rebuilds.sql(made)
    assert rebuilds.migrate().code == 0
    before = rebuilds.master()
    rebuilds.next(batch(line), 'expected_loss = {"p.spare": "all"}')
    result = rebuilds.migrate()
    assert result.code == 1
    assert said in result.stderr and "spare" in result.stderr
    assert rebuilds.master() == before
    file = rebuilds.versions / f"{rebuilds.last}.py"
    drop = f"    op.execute('DROP {'VIEW' if name == 'spare_v' else 'TRIGGER'} {name}')\n"
    text = file.read_text()
    file.write_text(text.replace("def upgrade() -> None:\n", f"def upgrade() -> None:\n{drop}"))
    assert rebuilds.migrate().code == 0


BY_HAND = (
    "CREATE TABLE _p (id INTEGER PRIMARY KEY {0}, code TEXT UNIQUE, n INTEGER, spare INTEGER)",
    "INSERT INTO _p SELECT * FROM p",
    "DROP TABLE p",
    "ALTER TABLE _p RENAME TO p",
)
ASIDE = (
    "ALTER TABLE p RENAME TO _p",
    "CREATE TABLE p (id INTEGER PRIMARY KEY {0}, code TEXT UNIQUE, n INTEGER, spare INTEGER)",
    "INSERT INTO p SELECT * FROM _p",
    "DROP TABLE _p",
)


@pytest.mark.parametrize("statements", [BY_HAND, ASIDE], ids=["new table", "old table aside"])
def test_a_table_made_again_by_hand_is_compared(
    rebuilds: Rebuilds, statements: tuple[str, ...]
) -> None:
    before = rebuilds.master()
    name = rebuilds.next("")
    file = rebuilds.versions / f"{name}.py"

    def attempt(*more: str, counts: str = "", expected: str = "()") -> str:
        body = [f"    op.execute({s.format(counts)!r})\n" for s in (*statements, *more)]
        text = file.read_text().partition("expected_gone")[0].partition("def upgrade")[0]
        end = "\n\ndef downgrade():\n    pass\n"
        file.write_text(f"{text}expected_gone = {expected}\ndef upgrade():\n{''.join(body)}{end}")
        result = rebuilds.migrate()
        return result.stderr if result.code else ""

    said = attempt()
    assert all(word in said for word in ("trigger p_ai", "index p_n", "AUTOINCREMENT of p")), said
    assert rebuilds.master() == before
    again = [sql for sql in TABLES if sql.startswith(("CREATE TRIGGER", "CREATE INDEX"))]
    assert "AUTOINCREMENT of p" in attempt(*again)
    assert "index p_n" in attempt(again[1], counts="AUTOINCREMENT")
    # The name of the trigger is said before it goes.
    dropped = ("DROP TRIGGER p_ai", *statements)
    statements = dropped
    assert attempt(again[0], counts="AUTOINCREMENT") == ""
    assert rebuilds.query("SELECT seq FROM sqlite_sequence WHERE name = 'p'") == [(9,)]


def test_what_is_to_go_is_said_in_the_file(rebuilds: Rebuilds) -> None:
    body = "\n".join(f"op.execute({s.format('')!r})" for s in BY_HAND)
    expected = 'expected_gone = ["trigger p_ai", "index p_n", "autoincrement of p"]'
    rebuilds.next(body, more=expected)
    assert rebuilds.migrate().code == 0
    assert ("trigger", "p_ai") not in rebuilds.master()


def test_a_dropped_table_takes_its_triggers_along(rebuilds: Rebuilds) -> None:
    rebuilds.next(
        "op.execute('DROP VIEW v')\nop.drop_table('c')\nop.drop_table('p')",
        'expected_loss = {"c": "all", "p": "all"}',
    )
    result = rebuilds.migrate()
    assert result.code == 0, result
    assert set(rebuilds.master()) == {("table", "log")}


def test_a_number_that_the_revision_sets_by_hand_stays(rebuilds: Rebuilds) -> None:
    rebuilds.next(
        batch("alter_column('n', nullable=False)")
        + "\nop.execute(\"UPDATE sqlite_sequence SET seq = 4 WHERE name = 'p'\")"
    )
    assert rebuilds.migrate().code == 0
    assert rebuilds.query("SELECT seq FROM sqlite_sequence WHERE name = 'p'") == [(4,)]


def test_counting_that_a_type_cannot_have_stops_the_revision(rebuilds: Rebuilds) -> None:
    before = rebuilds.master()
    rebuilds.next(batch("alter_column('id', type_=sa.BigInteger())"))
    result = rebuilds.migrate()
    assert result.code == 1
    assert "AUTOINCREMENT" in result.stderr
    assert rebuilds.master() == before


def test_what_would_be_lost_is_named(rebuilds: Rebuilds, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy_manage.migrations.operations.sqlite import rebuild

    # As Alembic makes it by itself.
    monkeypatch.setattr(rebuild, "merged", lambda old, new_sql, change: new_sql)
    before = rebuilds.master()
    rebuilds.next(batch("alter_column('n', nullable=False)"))
    said = rebuilds.migrate().stderr
    lost = ("PRIMARY KEY AUTOINCREMENT of id", "COLLATE NOCASE of code", "CHECK (n > 0) of n")
    assert all(text in said for text in (*lost, "UNIQUE ON CONFLICT IGNORE of code")), said
    assert rebuilds.master() == before


GIVEN = {
    "all columns": ("'id', 'code', 'n', 'spare'", ""),
    "one left out": ("'id', 'code', 'n'", "column spare"),
}


@pytest.mark.parametrize(("columns", "lost"), GIVEN.values(), ids=GIVEN)
def test_a_table_that_the_revision_describes_itself(
    rebuilds: Rebuilds, columns: str, lost: str
) -> None:
    rebuilds.next(
        f"columns = [sa.Column(name, sa.Text) for name in ({columns})]\n"
        "table = sa.Table('p', sa.MetaData(), *columns)\n"
        + batch("alter_column('n', nullable=False)", options=", copy_from=table")
    )
    result = rebuilds.migrate()
    assert (result.code, lost in result.stderr) == (int(bool(lost)), True), result
    if not lost:
        assert rebuilds.statement("p") == P.replace("check(n>0)", "check(n>0)notnull")


def test_a_view_that_was_broken_before_does_not_stop_a_rename(rebuilds: Rebuilds) -> None:
    rebuilds.sql(
        "CREATE VIEW bad AS SELECT zilch FROM nowhere",
        "CREATE TRIGGER bad_ii INSTEAD OF INSERT ON bad BEGIN SELECT 1; END",
        "CREATE TRIGGER bad_t AFTER INSERT ON c BEGIN DELETE FROM nowhere; END",
    )
    assert rebuilds.migrate().code == 0
    before = rebuilds.master()
    rebuilds.next(batch("alter_column('n', new_column_name='m')"))
    result = rebuilds.migrate()
    assert result.code == 0, result
    after = rebuilds.master()
    assert after["table", "p"] == P.replace("ninteger", "minteger").replace("(n", "(m")
    assert {k: after[k] for k in before if k[1].startswith("bad")} == {
        k: sql for k, sql in before.items() if k[1].startswith("bad")
    }
    assert rebuilds.query("SELECT * FROM v ORDER BY 1") == [("a", 1), ("b", 2)]


def test_counting_can_be_asked_for(rebuilds: Rebuilds) -> None:
    rebuilds.sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)")
    options = ", recreate='always', table_kwargs={'sqlite_autoincrement': True}"
    rebuilds.next(batch("alter_column('a', nullable=False)", options=options).replace("'p'", "'t'"))
    assert rebuilds.migrate().code == 0
    assert "autoincrement" in rebuilds.statement("t")


CHECKED = {
    "of the type": ("BOOLEAN", "flag IN (0, 1)", "sa.Integer()", False),
    "of an enum": (
        "VARCHAR(1)",
        "flag IN ('a', 'b')",
        "sa.Text(), existing_type=sa.Enum('a')",
        False,
    ),
    "of the user": ("INTEGER", "flag IN (0, 1)", "sa.BigInteger()", True),
    "of something else": ("BOOLEAN", "flag >= 0", "sa.Integer()", True),
}


@pytest.mark.parametrize(("type_", "check", "new", "stays"), CHECKED.values(), ids=CHECKED)
def test_a_check_goes_with_the_type_that_it_came_with(
    rebuilds: Rebuilds, type_: str, check: str, new: str, stays: bool
) -> None:
    rebuilds.sql(f"CREATE TABLE t (id INTEGER PRIMARY KEY, flag {type_}, CHECK ({check}))")
    rebuilds.next(
        f"with op.batch_alter_table('t') as batch:\n    batch.alter_column('flag', type_={new})"
    )
    result = rebuilds.migrate()
    assert result.code == 0, result
    assert ("check" in rebuilds.statement("t")) == stays


def test_a_table_is_not_made_again_while_foreign_keys_are_enforced(rebuilds: Rebuilds) -> None:
    rebuilds.next(
        "with op.get_context().autocommit_block():\n    op.execute('PRAGMA foreign_keys=ON')\n"
        + batch("alter_column('n', nullable=False)")
    )
    result = rebuilds.migrate()
    assert result.code == 1
    assert "PRAGMA foreign_keys is on" in result.stderr
    assert rebuilds.query("SELECT count(*) FROM c") == [(2,)]


def test_plain_alembic_has_the_same(rebuilds: Rebuilds) -> None:
    rebuilds.next(batch("alter_column('n', nullable=False)"))
    body = "\n".join(f"op.execute({s.format('AUTOINCREMENT')!r})" for s in BY_HAND)
    rebuilds.next(body)
    folder = rebuilds.folder
    result = run(
        folder, "-m", "alembic", "upgrade", "head", MANAGE_SETTINGS_MODULE="staff_settings"
    )
    assert result.code != 0
    assert "trigger p_ai" in result.stderr + result.stdout
    assert rebuilds.statement("p") == P.replace("check(n>0)", "check(n>0)notnull")


def test_a_rename_is_shown_as_sql_without_a_database(rebuilds: Rebuilds) -> None:
    name = rebuilds.next(batch("alter_column('n', new_column_name='m')"))
    result = rebuilds.manage("sqlmigrate", name)
    assert "ALTER TABLE p RENAME COLUMN n TO m" in result.stdout, result


def test_a_statement_that_is_not_understood_is_an_error() -> None:
    with pytest.raises(MigrationError, match="Not understood"):
        read_table("CREATE TABLE t (a INTEGER SPARKLING CHECK)")


def test_names_and_strings_as_sqlite_has_them() -> None:
    table = read_table("CREATE TABLE t (`a` TEXT DEFAULT 'x\\', [1 b, c] CHECK ([1 b, c] <> '\\'))")
    assert [column.name for column in table.columns] == ["a", "1 b, c"]
    assert [clause.what for clause in table.clauses] == ["'x\\'", "1 b, c <> '\\'"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("(a > 0)", "a>0"), ('"A" > 0', "[a] > 0"), ("((a))", "a"), ("a /* x */ > 0", "a > 0")],
)
def test_one_expression_in_two_layouts(one: str, other: str) -> None:
    assert normal(one) == normal(other)
    assert normal("(a) + (b)") != normal("a + b")
