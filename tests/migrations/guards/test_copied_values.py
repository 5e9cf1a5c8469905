"""Tables made again: a value that was only copied is what it was, or the revision is undone."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from alembic.ddl.sqlite import SQLiteImpl
from support.company import Change, contents, fill, private, proved

from sqlalchemy_manage.migrations.operations.implementations import SQLite
from sqlalchemy_manage.migrations.operations.registry import register

COLUMNS = (
    "id INTEGER PRIMARY KEY, title VARCHAR(30), note VARCHAR(30), price NUMERIC(8, 2), n INTEGER"
)
NAMES = "id, title, note, price, n"


def more(connection: sa.Connection) -> None:
    for statement in (
        f"CREATE TABLE paper ({COLUMNS})",
        "INSERT INTO paper VALUES (1, 'One', 'a', 1.00, 1), (2, 'Two', NULL, 2.75, 2),"
        " (3, 'Three', '7', NULL, 3)",
        "CREATE TABLE slip (title VARCHAR(30), note VARCHAR(30))",
        "INSERT INTO slip VALUES ('x', 'a'), ('x', 'a'), ('y', NULL)",
    ):
        connection.exec_driver_sql(statement)


def made_again(
    columns: str = COLUMNS,
    values: str = NAMES,
    *then: str,
    into: str = f" ({NAMES})",
    table: str = "paper",
) -> Change:
    """A table copied into a new one, dropped, and the new one called as it was."""
    return sql(
        f"CREATE TABLE other ({columns})",
        f"INSERT INTO other{into} SELECT {values} FROM {table}",
        *then,
        f"DROP TABLE {table}",
        f"ALTER TABLE other RENAME TO {table}",
    )


def sql(*statements: str) -> Change:
    def change(op: Any) -> None:
        for statement in statements:
            op.execute(sa.text(statement))

    return change


TURNED = COLUMNS.replace(
    "title VARCHAR(30), note VARCHAR(30)", "note VARCHAR(30), title VARCHAR(30)"
)
WHOLE = COLUMNS.replace("NUMERIC(8, 2)", "INTEGER")

# Name: the change, what is said of it (all of these), and what declares it.
DAMAGES: dict[str, tuple[Change, tuple[str, ...], dict[str, Any]]] = {
    "columns in another order": (
        made_again(TURNED, "*", into=""),
        (
            "paper.title: 3 values changed: id=1, title='One' became 'a'; id=2",
            "paper.note: 3 values",
        ),
        {"paper.title": 3, "paper.note": "all"},
    ),
    "a cast": (
        made_again(WHOLE, "id, title, note, CAST(price AS INTEGER), n"),
        ("paper.price: 1 values changed: id=2, price=",),
        {"paper.price": 1},
    ),
    "old table aside": (
        sql(
            "ALTER TABLE paper RENAME TO old_paper",
            f"CREATE TABLE paper ({TURNED})",
            "INSERT INTO paper SELECT * FROM old_paper",
            "DROP TABLE old_paper",
        ),
        ("paper.title: 3 values changed: id=1, title='One' became 'a'",),
        {"paper": "all"},
    ),
    "a column that is called otherwise": (
        made_again(
            WHOLE.replace("price", "cost"),
            "id, title, note, CAST(price AS INTEGER), n",
            into=" (id, title, note, cost, n)",
        ),
        ("paper.price: 1 values changed: id=2",),
        {"paper.cost": "all"},
    ),
    "changed before it is changed on purpose": (
        made_again(TURNED, "*", "UPDATE other SET n = n + 1", into=""),
        ("paper.note: 3 values changed",),
        {"paper.title": "all", "paper.note": "all"},
    ),
    "in two parts": (
        sql(
            f"CREATE TABLE other ({TURNED})",
            "INSERT INTO other SELECT * FROM paper WHERE id < 2",
            "INSERT INTO other SELECT * FROM paper WHERE id >= 2",
            "DROP TABLE paper",
            "ALTER TABLE other RENAME TO paper",
        ),
        ("paper.title: 3 values changed",),
        {"paper.title": "all", "paper.note": "all"},
    ),
    "without a key": (
        made_again("note VARCHAR(30), title VARCHAR(30)", "*", into="", table="slip"),
        ("slip: some rows changed: title=",),
        {"slip": "all"},
    ),
}
HARMLESS: dict[str, Change] = {
    "all as it was": made_again(),
    "SELECT *": made_again(values="*", into=""),
    "more room": made_again(
        COLUMNS.replace("(30)", "(60)")
        .replace("(8, 2)", "(12, 4)")
        .replace("n INT", "n BIGINT")
        .replace("BIGINTEGER", "BIGINT")
    ),
    "a number as text": made_again(
        COLUMNS.replace("n INTEGER", "n VARCHAR(9)"), "id, title, note, price, CAST(n AS CHAR(9))"
    ),
    "computed by the step": made_again(
        values="id, upper(title), 'new', price * 2, coalesce(n, 0) + 1"
    ),
    "changed afterwards": made_again(
        COLUMNS, NAMES, "UPDATE other SET title = 'x'", "DELETE FROM other WHERE id = 99"
    ),
    "changed before": lambda op: (
        op.execute("UPDATE paper SET title = 'x'"),
        made_again()(op),
    ),
    "another name for a column": made_again(
        COLUMNS.replace("title", "name"), NAMES, into=" (id, name, note, price, n)"
    ),
    "a copy that takes nobody's place": sql(
        f"CREATE TABLE other ({TURNED})",
        "INSERT INTO other SELECT * FROM paper",
        "UPDATE other SET n = 1",
    ),
    "without a key": made_again(
        "note VARCHAR(30), title VARCHAR(30)",
        "note, title",
        into=" (note, title)",
        table="slip",
    ),
}


@pytest.fixture
def own(database_url: str) -> sa.Engine:
    """The runner's engine on a database of its own."""
    return private(database_url)


def refill(own: sa.Engine) -> sa.Engine:
    plain = sa.create_engine(own.url, poolclass=sa.NullPool)
    fill(plain, more)
    return plain


def test_values_that_a_copy_changed_are_named(own: sa.Engine, backend: str) -> None:
    plain = refill(own)
    before = contents(plain)
    for kind, (change, said, declares) in DAMAGES.items():
        error = proved(own, change)
        assert error is not None, kind
        for text in said:
            assert text in error.message, (kind, error.message)
        if backend == "mariadb":  # which has committed it
            refill(own)
        assert contents(plain) == before, kind
        assert proved(own, change, declares=declares, undo=True) is None, kind
        if backend == "mariadb":
            refill(own)


def test_what_a_step_computes_is_no_loss(own: sa.Engine, backend: str) -> None:
    refill(own)
    for kind, change in HARMLESS.items():
        error = proved(own, change, undo=True)
        assert error is None, (kind, error)
        if backend == "mariadb":
            refill(own)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_batch_that_casts_what_nobody_changed(
    own: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    register()
    plain = refill(own)
    with plain.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, u BINARY(16))")
        connection.exec_driver_sql("INSERT INTO t VALUES (7, x'31653939'), (8, x'ff'), (9, NULL)")

    def stored() -> list[Any]:
        with plain.connect() as connection:
            return list(connection.exec_driver_sql("SELECT quote(u), typeof(u) FROM t"))

    before = stored()

    def change(op: Any) -> None:
        with op.batch_alter_table("t") as batch:
            batch.alter_column("u", type_=sa.BINARY(16), existing_type=sa.NUMERIC(16))

    assert proved(own, change, undo=True) is None
    # As Alembic does it by itself.
    monkeypatch.setattr(SQLite, "cast_for_batch_migrate", SQLiteImpl.cast_for_batch_migrate)
    monkeypatch.setattr(SQLite, "autogen_column_reflect", lambda *args: None)
    monkeypatch.setattr(sa.NUMERIC, "_type_affinity", sa.Numeric)
    error = proved(own, change)
    assert error is not None
    assert "t.u: 2 values changed: id=7, u=b'1e99' became 1e+99; id=8" in error.message
    assert 'expected_loss = {"t.u": "all"}' in str(error.hint)
    assert stored() == before
    assert proved(own, change, allow=("t.u",), undo=True) is None
