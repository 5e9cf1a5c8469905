"""Migrations of many shapes on one small schema, for the kill sweep.

Each is a list of revision bodies; all run on SQLite, PostgreSQL and MariaDB.
"""

from __future__ import annotations

from dataclasses import dataclass

BASE = """
def upgrade():
    op.create_table(
        "department",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("note", sa.String(40)),
    )
    op.create_table(
        "employee",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("salary", sa.Integer),
        sa.Column("status", sa.Enum("new", "old", "gone", name="status"), nullable=False),
        sa.Column("department_id", sa.Integer),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name="fk_department", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_employee_name", "employee", ["name"])
    op.create_table(
        "badge",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("employee_id", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_badge"),
    )
    for table, rows in {
        "department": "(1, 'Sales', NULL), (2, 'Stock', 'x'), (3, 'Staff', NULL)",
        "employee": "(1, 'A', 10, 'new', 1), (2, 'Bob', 20, 'old', 1), (3, 'Cy', NULL, 'gone', 2)",
        "badge": "(1, 1), (2, 2)",
    }.items():
        op.execute(f"INSERT INTO {table} VALUES {rows}")
"""


@dataclass(frozen=True)
class Shape:
    """``whole``: on a transactional database its state is old or new at every moment.

    ``undo``: what is swept is the way back through its revisions.
    """

    name: str
    bodies: tuple[str, ...]
    whole: bool = True
    undo: bool = False


CREATE = """
def upgrade():
    op.create_table(
        "project",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.String(40), nullable=False, server_default="none"),
        sa.Column("lead_id", sa.Integer, sa.ForeignKey("employee.id", name="fk_lead")),
        sa.UniqueConstraint("title", name="uq_title"),
    )
    op.create_index("ix_project_lead", "project", ["lead_id"])
    op.create_table("tag", sa.Column("name", sa.String(20), primary_key=True))
    op.bulk_insert(
        sa.table("project", sa.column("id"), sa.column("title"), sa.column("lead_id")),
        [{"id": n, "title": f"p{n}", "lead_id": 1} for n in range(1, 6)],
    )

def downgrade():
    op.drop_table("tag")
    op.drop_table("project")
"""
REBUILD = """
def upgrade():
    with op.batch_alter_table("employee") as batch:
        batch.alter_column("name", type_=sa.String(80), existing_type=sa.String(40),
                           existing_nullable=False, nullable=True)
        batch.add_column(sa.Column("grade", sa.Integer, server_default="1"))
        batch.create_check_constraint("ck_grade", "grade > 0")
        batch.create_unique_constraint("uq_name", ["name"])
"""
RENAMES = """
def upgrade():
    op.rename_column("employee", "salary", "pay")
    op.rename_table("badge", "pass")
    op.rename_index("employee", "ix_employee_name", "ix_staff_name")
    op.rename_column("department", "note", "remark")

def downgrade():
    op.rename_column("department", "remark", "note")
    op.rename_index("employee", "ix_staff_name", "ix_employee_name")
    op.rename_table("pass", "badge")
    op.rename_column("employee", "pay", "salary")
"""
NOT_NULL = """
def upgrade():
    with op.batch_alter_table("employee") as batch:
        batch.add_column(sa.Column("level", sa.Integer))
    op.fill_nulls("employee", "level", 3)
    op.fill_nulls("employee", "salary", 5)
    with op.batch_alter_table("employee") as batch:
        batch.alter_column("level", existing_type=sa.Integer, nullable=False)
        batch.alter_column("salary", existing_type=sa.Integer, nullable=False)
"""
DATA = """
expected_loss = {"badge": 1}

def upgrade():
    bind = op.get_bind()
    op.create_table("total", sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("amount", sa.Integer))
    rows = bind.execute(sa.text("SELECT id, salary FROM employee ORDER BY id")).all()
    for number, salary in rows:
        bind.execute(sa.text("UPDATE employee SET salary = :s WHERE id = :i"),
                     {"s": (salary or 0) + 1, "i": number})
    amount = bind.scalar(sa.text("SELECT sum(salary) FROM employee"))
    bind.execute(sa.text("INSERT INTO total VALUES (1, :a)"), {"a": int(amount)})
    op.create_index("ix_total", "total", ["amount"])
    bind.execute(sa.text("UPDATE employee SET salary = salary * 10"))
    op.add_column("total", sa.Column("note", sa.String(10)))
    bind.execute(sa.text("DELETE FROM badge WHERE id = 2"))
    bind.execute(sa.text("UPDATE total SET amount = amount + 1"))
"""
INDEXES = """
def upgrade():
    op.create_index("ix_pay", "employee", ["salary", "name"])
    op.create_index("uq_badge", "badge", ["employee_id"], unique=True)
    op.drop_index("ix_employee_name", "employee")
    op.create_index("ix_employee_name", "employee", ["name", "status"])
    op.create_index("ix_note", "department", ["note"])

def downgrade():
    op.drop_index("ix_note", "department")
    op.drop_index("ix_employee_name", "employee")
    op.create_index("ix_employee_name", "employee", ["name"])
    op.drop_index("uq_badge", "badge")
    op.drop_index("ix_pay", "employee")
"""
KEYS = """
def upgrade():
    with op.batch_alter_table("badge") as batch:
        batch.create_foreign_key("fk_owner", "employee", ["employee_id"], ["id"],
                                 ondelete="SET NULL")
    with op.batch_alter_table("employee") as batch:
        batch.drop_constraint("fk_department", type_="foreignkey")
        batch.create_foreign_key("fk_unit", "department", ["department_id"], ["id"])
"""
ENUM = """
def upgrade():
    op.alter_enum(
        "employee", "status", sa.Enum("fresh", "old", "gone", name="status"),
        existing_type=sa.Enum("new", "old", "gone", name="status"),
        rename_values={"new": "fresh"}, existing_nullable=False,
    )
"""
DROPS = """
expected_loss = {"employee.salary": "all", "badge": "all", "department.note": "all"}

def upgrade():
    op.drop_index("ix_employee_name", "employee")
    with op.batch_alter_table("employee") as batch:
        batch.drop_column("salary")
    op.drop_table("badge")
    with op.batch_alter_table("department") as batch:
        batch.drop_column("note")
"""
MIXED = """
expected_loss = {"employee.department_id": 1}

def upgrade():
    bind = op.get_bind()
    op.execute("UPDATE department SET note = 'first'")
    if "kind" not in {c["name"] for c in sa.inspect(bind).get_columns("department")}:
        op.add_column("department", sa.Column("kind", sa.String(20)))
    op.execute("UPDATE department SET kind = name")
    known = set(sa.inspect(bind).get_table_names())
    if "kind" not in known:
        op.create_table("kind", sa.Column("name", sa.String(20), primary_key=True))
        op.execute("INSERT INTO kind SELECT DISTINCT kind FROM department")
    op.execute("INSERT INTO department (id, name) VALUES (9, 'Late')")
    if not sa.inspect(bind).get_indexes("department"):
        op.create_index("ix_kind", "department", ["kind"])
    op.execute("UPDATE employee SET department_id = 9 WHERE id = 3")
"""
TRIGGERS = """
def upgrade():
    name = op.get_bind().dialect.name
    op.execute("CREATE VIEW payroll AS SELECT id, salary FROM employee")
    if name == "postgresql":
        op.execute("CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS "
                   "$$BEGIN NEW.salary := 1; RETURN NEW; END$$")
        op.execute("CREATE TRIGGER first_pay BEFORE INSERT ON employee "
                   "FOR EACH ROW EXECUTE FUNCTION count_up()")
    elif name == "sqlite":
        op.execute("CREATE TRIGGER first_pay AFTER INSERT ON employee BEGIN "
                   "UPDATE employee SET salary = 1 WHERE id = NEW.id; END")
    else:
        op.execute("CREATE TRIGGER first_pay BEFORE INSERT ON employee "
                   "FOR EACH ROW SET NEW.salary = 1")
    op.execute("INSERT INTO employee (id, name, status) VALUES (7, 'Di', 'new')")
    op.rename_column("employee", "salary", "pay")
"""
SEVERAL = (
    """
def upgrade():
    op.add_column("department", sa.Column("a", sa.Integer))
    op.execute("UPDATE department SET a = 1")
""",
    """
def upgrade():
    op.create_table("second", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("INSERT INTO second SELECT id FROM employee")
""",
    """
def upgrade():
    op.execute("UPDATE department SET a = a + 1")
    op.create_index("ix_a", "department", ["a"])
""",
)
CONCURRENTLY = """
def upgrade():
    op.execute("UPDATE employee SET salary = 7 WHERE id = 3")
    op.create_table("prior", sa.Column("id", sa.Integer, primary_key=True))
    with op.get_context().autocommit_block():
        op.create_index("ix_status", "employee", ["status"], postgresql_concurrently=True)
        op.execute("UPDATE employee SET salary = salary + 1")
        op.drop_index("ix_employee_name", "employee", postgresql_concurrently=True)
        if op.get_bind().dialect.name == "sqlite":
            op.execute("VACUUM")
    op.execute("INSERT INTO prior VALUES (1)")
    op.create_table("later", sa.Column("id", sa.Integer, primary_key=True))
"""
PRIMARY = """
def upgrade():
    with op.batch_alter_table("badge") as batch:
        batch.alter_column("employee_id", existing_type=sa.Integer, nullable=False)
    op.replace_primary_key("badge", ["employee_id"], old=["id"], name="pk_badge",
                           old_name="pk_badge")
    op.execute("INSERT INTO badge (id, employee_id) VALUES (8, 8)")
"""

SHAPES = (
    Shape("create tables", (CREATE,)),
    Shape("rebuild", (REBUILD,)),
    Shape("renames", (RENAMES,)),
    Shape("add not null", (NOT_NULL,)),
    Shape("data step", (DATA,)),
    Shape("indexes", (INDEXES,)),
    Shape("foreign keys", (KEYS,)),
    Shape("enum values", (ENUM,)),
    Shape("drops", (DROPS,)),
    Shape("mixed", (MIXED,)),
    Shape("view and trigger", (TRIGGERS,)),
    Shape("three revisions", SEVERAL),
    Shape("primary key", (PRIMARY,)),
    Shape("autocommit block", (CONCURRENTLY,), whole=False),
    Shape("downgrade", (CREATE, INDEXES, RENAMES), undo=True),
)
