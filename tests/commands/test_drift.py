"""check --drift: what was changed behind the revisions' back, on each database."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import execute
from support.programs import ROOT, Manage, Result, run

IN_ORDER = "the database matches the revisions"


def drift(result: Result) -> dict[str, str]:
    """The last check of ``check --drift --json``."""
    assert result.stdout, result
    check = json.loads(result.stdout)["checks"][-1]
    assert check["name"] == "drift"
    return check


def differences(result: Result) -> set[str]:
    found = drift(result)
    assert (result.code, found["status"]) == (1, "failed"), result
    title, _, rest = found["message"].partition(":")
    assert title == "the database differs from the revisions"
    return {line.strip() for line in re.split("; |\n", rest) if line.strip()}


def test_it_is_asked_for(manage: Manage) -> None:
    manage("migrate")
    plain = manage("check", "--json")
    assert [c["name"] for c in json.loads(plain.stdout)["checks"]][-1] == "schema"
    result = manage("check", "--drift")
    assert result.code == 0, result
    assert result.stdout.splitlines()[-1] == f"ok       drift       {IN_ORDER}"
    assert json.loads(manage("check", "--drift", "--json").stdout)["ok"] is True


def test_pending_revisions_are_a_reason_not_to_compare(manage: Manage) -> None:
    manage("migrate", "0002")
    result = manage("check", "--drift", "--json")
    assert result.code == 1
    assert drift(result)["status"] == "skipped"
    assert drift(result)["message"] == "needs migrations: 1 not applied: 0003_employee_updated_at"


def test_what_was_added_and_taken_away(manage: Manage, engine: sa.Engine) -> None:
    manage("migrate")
    postgresql = engine.dialect.name == "postgresql"
    execute(
        engine,
        "ALTER TABLE employee ADD COLUMN notes VARCHAR(9)",
        "CREATE INDEX ix_notes ON employee (notes)",
        "CREATE TABLE legacy (id INTEGER PRIMARY KEY, x INTEGER)",
        "CREATE INDEX ix_legacy ON legacy (x)",
        "CREATE VIEW busy AS SELECT id FROM employee",
        "DROP TRIGGER employee_set_updated_at" + (" ON employee" if postgresql else ""),
        "DROP TABLE department_employee_link",
        # The tool's own do not count.
        "CREATE TABLE sqlalchemy_manage_other (id INTEGER)",
    )
    assert differences(manage("check", "--drift", "--json")) == {
        "+ has column employee.notes: VARCHAR(9)",
        "+ has index ix_notes of employee: (notes)",
        "+ has table legacy",
        "+ has view busy",
        "- lacks trigger employee_set_updated_at of employee",
        "- lacks table department_employee_link",
    }
    # The models say nothing of it: what they lack is the other check's matter.
    assert manage("check", "--drift").code == 1


CHANGES = {
    "postgresql": (
        (
            "ALTER TABLE department ALTER COLUMN name TYPE VARCHAR(70)",
            "ALTER TABLE department ALTER COLUMN name SET DEFAULT 'x'",
            "ALTER TABLE department ADD CONSTRAINT ck_x CHECK (name <> 'y')",
            "ALTER TABLE employee ALTER COLUMN hired_on SET NOT NULL",
            "ALTER TABLE department_employee_link"
            " DROP CONSTRAINT fk_department_employee_link_department_id_department,"
            " ADD CONSTRAINT fk_department_employee_link_department_id_department"
            " FOREIGN KEY (department_id) REFERENCES department ON DELETE CASCADE",
            "CREATE OR REPLACE FUNCTION employee_set_updated_at() RETURNS trigger"
            " LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "COMMENT ON TABLE employee IS 'staff'",
            "CREATE TYPE mood AS ENUM ('sad', 'glad')",
            "CREATE SEQUENCE numbers",
            "ALTER TABLE employee DROP CONSTRAINT employee_pkey CASCADE",
            "CREATE SCHEMA another CREATE TABLE theirs (id INTEGER)",
        ),
        {
            "~ column department.name: type VARCHAR(70), by the revisions VARCHAR",
            "~ column department.name: default 'x'::character varying, by the revisions none",
            "+ has check constraint ck_x of department: name::text <> 'y'::text",
            "~ column employee.hired_on: nullable NOT NULL, by the revisions nullable",
            "~ foreign key fk_department_employee_link_department_id_department of"
            " department_employee_link: definition (department_id) -> department (id)"
            " [ondelete=CASCADE], by the revisions (department_id) -> department (id)",
            "~ function employee_set_updated_at(): definition differs from the revisions",
            "~ table employee: comment staff, by the revisions none",
            "+ has enum type mood",
            "+ has sequence numbers",
            "- lacks primary key employee_pkey of employee: (id)",
            "- lacks foreign key fk_department_employee_link_employee_id_employee of"
            " department_employee_link: (employee_id) -> employee (id)",
        },
    ),
    "mariadb": (
        (
            "ALTER TABLE department MODIFY name VARCHAR(70) DEFAULT 'x'",
            "ALTER TABLE department ADD CONSTRAINT ck_x CHECK (name <> 'y')",
            "ALTER TABLE employee MODIFY hired_on DATETIME NOT NULL COMMENT 'first day'",
            "ALTER TABLE employee COMMENT 'staff', AUTO_INCREMENT = 7, ROW_FORMAT = COMPACT",
            "ALTER TABLE department_employee_link"
            " DROP FOREIGN KEY fk_department_employee_link_department_id_department",
            "DROP TRIGGER employee_set_updated_at",
            "CREATE TRIGGER employee_set_updated_at BEFORE UPDATE ON employee"
            " FOR EACH ROW SET NEW.updated_at = UTC_TIMESTAMP()",
            "CREATE PROCEDURE p() SELECT 1",
        ),
        {
            "~ column department.name: type VARCHAR(70), by the revisions VARCHAR(255)",
            "~ column department.name: default 'x', by the revisions none",
            "+ has check constraint ck_x of department: `name` <> 'y'",
            "~ column employee.hired_on: nullable NOT NULL, by the revisions nullable",
            "~ column employee.hired_on: comment first day, by the revisions none",
            "- lacks foreign key fk_department_employee_link_department_id_department of"
            " department_employee_link: (department_id) -> department (id)",
            "~ trigger employee_set_updated_at of employee: definition differs from the revisions",
            "+ has procedure p",
            "~ table employee: comment staff, by the revisions none",
            "~ table employee: row_format COMPACT, by the revisions none",
        },
    ),
    "sqlite": (
        (
            "PRAGMA writable_schema = ON",
            "UPDATE sqlite_master"
            " SET sql = replace(sql, 'name VARCHAR', 'name VARCHAR(70) NOT NULL')"
            " WHERE name = 'department'",
            "UPDATE sqlite_master SET sql = replace(sql, 'PRIMARY KEY (id)',"
            " 'PRIMARY KEY (id), CONSTRAINT ck_x CHECK (id > 0), UNIQUE (name)')"
            " WHERE name = 'employee'",
            "PRAGMA writable_schema = RESET",
            "DROP TRIGGER employee_set_updated_at",
            "CREATE TRIGGER employee_set_updated_at AFTER UPDATE ON employee BEGIN SELECT 1; END",
        ),
        {
            "~ column department.name: type VARCHAR(70), by the revisions VARCHAR",
            "~ column department.name: nullable NOT NULL, by the revisions nullable",
            "+ has check constraint ck_x of employee: id > 0",
            "+ has unique constraint employee_name_key of employee: (name)",
            "~ trigger employee_set_updated_at of employee: definition differs from the revisions",
        },
    ),
}


def test_what_was_changed(manage: Manage, engine: sa.Engine, backend: str) -> None:
    manage("migrate")
    statements, expected = CHANGES[backend]
    execute(engine, *statements)
    assert differences(manage("check", "--drift", "--json")) == expected


@pytest.fixture
def bare(copy_project: Callable[[str], Path]) -> Path:
    folder = copy_project("bare")
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    for name in ("env.py", "script.py.mako"):
        (folder / "migrations" / name).write_text((ROOT / "migrations" / name).read_text())
    return folder


def revision(bare: Path, body: str) -> None:
    (bare / "migrations" / "versions" / "0001_x.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision = '0001_x'\ndown_revision = None\n{body}\n"
    )


# Nothing here may look like drift: each database writes it down in its own way.
EVERYTHING = """
def upgrade():
    name = op.get_context().dialect.name
    op.create_table(
        "parent",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("flag", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.Column("price", sa.Numeric(10, 2), server_default="1.50"),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now()),
        sa.Column("mood", sa.Enum("sad", "glad", name="mood", create_constraint=True)),
        sa.Column("data", sa.JSON),
        sa.Column("blob", sa.LargeBinary),
        sa.Column("text", sa.Text(), comment="words"),
        sa.Column("twice", sa.Integer, sa.Computed("id * 2" if name != "mysql" else "1 + 1")),
        sa.Column("code", sa.String(20), nullable=False),
        sa.UniqueConstraint("code", name="uq_code"),
        sa.CheckConstraint("price > 0 AND code <> ''", name="ck_price"),
        comment="all kinds",
    )
    op.create_table(
        "child",
        sa.Column("a", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("b", sa.String(5), primary_key=True),
        sa.Column("parent_id", sa.Integer),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["parent.id"], name="fk_parent", ondelete="CASCADE", onupdate="CASCADE"
        ),
    )
    op.create_index("ix_price", "parent", ["price", sa.text("code DESC")])
    op.execute("CREATE VIEW cheap AS SELECT p.id, p.code FROM parent p WHERE p.price < 2")
    with op.batch_alter_table("child") as batch:
        batch.alter_column("b", type_=sa.String(9), existing_type=sa.String(5), nullable=False)
    if name == "postgresql":
        op.create_index("ix_part", "parent", ["code"], postgresql_where=sa.text("price > 1"))
        op.execute("CREATE SCHEMA second CREATE TABLE t (id SERIAL PRIMARY KEY, n INTEGER)")
        op.execute("CREATE MATERIALIZED VIEW dear AS SELECT * FROM parent WHERE price > 9")
        op.execute("ALTER TABLE child ADD COLUMN i INTEGER GENERATED ALWAYS AS IDENTITY")
    op.bulk_insert(
        sa.table("parent", sa.column("id"), sa.column("code")), [{"id": 1, "code": "x"}]
    )
"""


def test_no_drift_in_a_database_that_the_history_made(
    bare: Path, database_url: str, engine: sa.Engine, backend: str
) -> None:
    revision(bare, EVERYTHING)
    if backend == "mariadb":
        execute(engine, f"ALTER DATABASE {engine.url.database} CHARACTER SET latin1")
    migrated = run(bare, "manage.py", "migrate", url=database_url)
    assert migrated.code == 0, migrated
    execute(engine, "INSERT INTO parent (id, code) VALUES (2, 'y')")
    result = run(bare, "manage.py", "check", "--drift", "--json", url=database_url)
    assert (drift(result)["status"], drift(result)["message"]) == ("ok", IN_ORDER)
    if backend == "postgresql":
        execute(engine, "ALTER TABLE second.t ADD COLUMN more INTEGER")
        result = run(bare, "manage.py", "check", "--drift", "--json", url=database_url)
        assert differences(result) == {"+ has column second.t.more: INTEGER"}


def test_a_history_that_cannot_be_replayed(bare: Path, database_url: str) -> None:
    revision(bare, "def upgrade():\n    op.create_table('note', sa.Column('id', sa.Integer))")
    assert run(bare, "manage.py", "migrate", url=database_url).code == 0
    revision(bare, "def upgrade():\n    op.execute('UPDATE missing SET id = 1')")
    accepted = run(bare, "manage.py", "repair", "--reason", "a test", url=database_url)
    assert accepted.code == 0, accepted
    result = run(bare, "manage.py", "check", "--drift", "--json", url=database_url)
    assert (result.code, drift(result)["status"]) == (1, "failed")
    assert drift(result)["message"].startswith("0001_x cannot run on an empty scratch database: ")
