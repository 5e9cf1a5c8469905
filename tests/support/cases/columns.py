"""Renames of columns, alone and with whatever else changes of the same column."""

from __future__ import annotations

from support.cases.case import Case

NAMES = {
    "employee": [
        {"id": 1, "name": "Ann"},
        {"id": 2, "name": "Bo 100% :x"},
        {"id": 3, "name": None},
    ]
}
FULL = {"employee": [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bo"}]}
EMPLOYEE = 'table("employee", key(), Column("name", String(50){}){})'
TO_FULL_NAME = ("--rename", "employee.name=full_name")
RENAMED = "rename column employee.name to full_name"
NEW_NAME = {"employee": {"name": "full_name"}}


def employee(column: str = "", table: str = "") -> str:
    return EMPLOYEE.format(column and f", {column}", table and f", {table}")


def named(before: str, after: tuple[tuple[str, str], ...] = (), **more: object) -> Case:
    """``employee.name`` becomes ``employee.full_name``, by the flag."""
    given = {
        "rows": NAMES,
        "flags": TO_FULL_NAME,
        "does": (RENAMED,),
        "columns": NEW_NAME,
    } | more
    return Case(before, (('"name"', '"full_name"'), *after), **given)  # type: ignore[arg-type]


DEPARTMENT = """
table("department", key(), Column("code", String(9), unique=True))
table("employee", key(), Column("department_code", String(9), ForeignKey("department.code")))
"""
PARENT = """
table("department", key(), Column("title", String(20)))
table("employee", key(), Column("department", Integer, ForeignKey("department.id")))
"""
CHILDREN = {
    "department": [{"id": 1, "title": "IT"}, {"id": 2, "title": "HR"}],
    "employee": [{"id": 1, "department": 2}, {"id": 2, "department": None}],
}
LINK = """
table("project", key("a"), key("b"), Column("title", String(9)))
table(
    "task",
    key(),
    Column("project_a", Integer),
    Column("project_b", Integer),
    ForeignKeyConstraint(["project_a", "project_b"], ["project.a", "project.b"]),
)
"""
THREE = 'table("t", key(), Column("a", String(9)), Column("b", String(9)), Column("c", String(9)))'
A_B = {"t": [{"id": 1, "a": "1a", "b": "1b"}, {"id": 2, "a": None, "b": "2b"}]}

COMPUTED = """
table("t", key(), Column("net", Integer), Column("gross", Integer, Computed("net * 2", True)))
"""
BY_NAME = 'CheckConstraint("name <> \'name\'", "ok")'

COLUMNS = {
    "alone": named(employee()),
    "with a wider type": named(
        employee(), (("String(50)", "String(80)"),), does=(RENAMED, "alter column *.full_name: *")
    ),
    "with another type": named(
        employee(), (("String(50)", "Text"),), does=(RENAMED, "alter column *.full_name: *")
    ),
    "and NOT NULL": named(
        employee(),
        (("String(50)", "String(50), nullable=False"),),
        flags=(*TO_FULL_NAME, "--default", 'employee.full_name="?"'),
        does=(RENAMED, "fill employee.full_name with '?' where it is NULL", "alter *: NOT NULL"),
        becomes={"employee.full_name": ["Ann", "Bo 100% :x", "?"]},
        back={"employee.name": ["Ann", "Bo 100% :x", "?"]},
    ),
    "and nullable": named(
        employee("nullable=False"),
        ((", nullable=False", ""),),
        rows=FULL,
        does=(RENAMED, "alter column employee.full_name: nullable"),
    ),
    "with an index": named(
        employee("index=True"), does=(RENAMED, "rename index ix_employee_name * ix_*_full_name")
    ),
    "with an index of a name of its own": named(employee("", 'Index("by_name", "name")')),
    "with a unique index": named(
        employee("index=True, unique=True"),
        does=(RENAMED, "rename index ix_employee_name * ix_*_full_name"),
    ),
    "with a unique constraint": named(
        employee("unique=True"),
        does=(RENAMED, "rename constraint uq_employee_name * uq_*_full_name"),
    ),
    "with a check": named(employee("", BY_NAME), (('"name <>', '"full_name <>'),)),
    "with a foreign key": Case(
        PARENT,
        (('"department", Integer', '"department_id", Integer'),),
        rows=CHILDREN,
        flags=("--rename", "employee.department=department_id"),
        does=("rename column employee.department to department_id", "rename constraint fk_*"),
        columns={"employee": {"department": "department_id"}},
    ),
    "that a foreign key refers to": Case(
        DEPARTMENT,
        (('"code"', '"short"'), ("department.code", "department.short")),
        rows={
            "department": [{"id": 1, "code": "it"}, {"id": 2, "code": "hr"}],
            "employee": [{"id": 1, "department_code": "hr"}],
        },
        flags=("--rename", "department.code=short"),
        does=("rename column department.code to short", "rename constraint uq_department_code *"),
        columns={"department": {"code": "short"}},
    ),
    "the key of a parent": Case(
        PARENT,
        (
            ('"department", key()', '"department", key("number")'),
            ("department.id", "department.number"),
        ),
        rows=CHILDREN,
        flags=("--rename", "department.id=number"),
        does=("rename column department.id to number",),
        columns={"department": {"id": "number"}},
    ),
    "of a composite key": Case(
        LINK,
        (('key("b")', 'key("part")'), ("project.b", "project.part")),
        rows={
            "project": [{"a": 1, "b": 2, "title": "x"}, {"a": 1, "b": 3, "title": "y"}],
            "task": [{"id": 1, "project_a": 1, "project_b": 3}],
        },
        flags=("--rename", "project.b=part"),
        does=("rename column project.b to part",),
        columns={"project": {"b": "part"}},
    ),
    "two at once": Case(
        THREE,
        (('"a"', '"x"'), ('"b"', '"y"')),
        rows=A_B,
        flags=("--rename", "t.a=x", "--rename", "t.b=y"),
        does=("rename column t.a to x", "rename column t.b to y"),
        columns={"t": {"a": "x", "b": "y"}},
    ),
    "beside a drop and an addition": Case(
        THREE,
        (('"a"', '"x"'), ('Column("b", String(9))', 'Column("y", String(9))')),
        rows=A_B,
        flags=("--rename", "t.a=x", "--allow-drop", "t.b"),
        does=("rename column t.a to x", "add column t.y", "drop column t.b"),
        columns={"t": {"a": "x"}},
        becomes={"t.y": None},
        lost=("t.b",),
    ),
    "a chain": Case(
        THREE,
        'table("t", key(), Column("b", String(9)), Column("c", String(9)), Column("d", String(9)))',
        rows=A_B,
        flags=("--rename", "t.a=b", "--rename", "t.b=c", "--rename", "t.c=d"),
        does=("rename column t.c to d", "rename column t.b to c", "rename column t.a to b"),
        columns={"t": {"a": "b", "b": "c", "c": "d"}},
    ),
    "a swap": Case(
        THREE,
        THREE,
        rows=A_B,
        flags=("--rename", "t.a=b", "--rename", "t.b=a"),
        does=(
            "rename column t.a to _renaming_a",
            "rename column t.b to a",
            "rename column t._renaming_a to b",
        ),
        columns={"t": {"a": "b", "b": "a"}},
    ),
    "a swap, with an index of each": Case(
        'table("t", key(), Column("a", String(9), index=True), Column("b", String(9)))',
        'table("t", key(), Column("a", String(9)), Column("b", String(9), index=True))',
        rows=A_B,
        flags=("--rename", "t.a=b", "--rename", "t.b=a"),
        does=("rename column *", "rename column *", "rename column *", "rename index ix_t_a *"),
        columns={"t": {"a": "b", "b": "a"}},
    ),
    "by a hint in the model": named(
        employee(),
        (("String(50)", 'String(50), info={"renamed_from": "name"}'),),
        flags=(),
    ),
    "a chain of hints": Case(
        'table("t", key(), Column("a", String(9)), Column("b", String(9)))',
        'table("t", key(), Column("b", String(9), info={"renamed_from": "a"}), '
        'Column("c", String(9), info={"renamed_from": "b"}))',
        rows=A_B,
        does=("rename column t.b to c", "rename column t.a to b"),
        columns={"t": {"a": "b", "b": "c"}},
    ),
    "in a view": named(
        employee(),
        sql=("CREATE VIEW people AS SELECT id, name AS who FROM employee WHERE name <> 'x'",),
        reads="SELECT id, who FROM people",
    ),
    "in a trigger": named(
        employee() + '\ntable("log", key(), Column("line", String(99)))',
        sql={
            "sqlite": (
                "CREATE TRIGGER watch AFTER INSERT ON employee BEGIN "
                "INSERT INTO log (line) VALUES (NEW.name || '!'); END",
            ),
            "postgresql": (
                "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN INSERT INTO log (line) VALUES (NEW.name || TG_ARGV[0]); RETURN NEW; END'",
                "CREATE TRIGGER watch AFTER INSERT ON employee FOR EACH ROW "
                "WHEN (NEW.name = 'Cy') EXECUTE FUNCTION note('!')",
            ),
            "mariadb": (
                "CREATE TRIGGER watch AFTER INSERT ON employee FOR EACH ROW "
                "INSERT INTO log (line) VALUES (CONCAT(NEW.name, '!'))",
            ),
        },
        writes=(
            "INSERT INTO employee (id, name) VALUES (9, 'Cy')",
            "INSERT INTO employee (id, full_name) VALUES (9, 'Cy')",
        ),
        reads="SELECT line FROM log",
    ),
    "in a generated column": Case(
        COMPUTED,
        (('"net"', '"price"'), ("net * 2", "price * 2")),
        rows={"t": [{"id": 1, "net": 7}, {"id": 2, "net": None}]},
        flags=("--rename", "t.net=price"),
        does=("rename column t.net to price",),
        columns={"t": {"net": "price"}},
    ),
    "a generated one": Case(
        COMPUTED,
        (('"gross"', '"total"'),),
        rows={"t": [{"id": 1, "net": 7}, {"id": 2, "net": None}]},
        flags=("--rename", "t.gross=total"),
        does=("rename column t.gross to total",),
        columns={"t": {"gross": "total"}},
    ),
    "in a partial index": named(
        employee(
            "",
            'Index("ix_named", "name", sqlite_where=text("name IS NOT NULL"), '
            'postgresql_where=text("name IS NOT NULL"))',
        ),
        (("name IS NOT", "full_name IS NOT"),),
    ),
    "in an index of an expression": named(
        "t = " + employee() + '\nIndex("ix_lower", func.lower(t.c.name))',
        (("t.c.name", "t.c.full_name"),),
        only=("sqlite", "postgresql"),
    ),
    "with a collation": named(employee().replace("50", '50, collation="NOCASE"'), only=("sqlite",)),
    "with a collation of PostgreSQL": named(
        employee().replace("50", '50, collation="C"'), only=("postgresql",)
    ),
    "with a collation of MariaDB": named(
        employee().replace("50", '50, collation="utf8mb4_bin"'), only=("mariadb",)
    ),
    "that refers to its own table": Case(
        'table("t", key(), Column("manager", Integer, ForeignKey("t.id")))',
        (('"manager"', '"boss"'),),
        rows={"t": [{"id": 1, "manager": None}, {"id": 2, "manager": 1}]},
        flags=("--rename", "t.manager=boss"),
        does=("rename column t.manager to boss", "rename constraint fk_t_manager_t *"),
        columns={"t": {"manager": "boss"}},
    ),
    "with a server default and a comment": named(
        employee('server_default=text("\'name\'"), comment="the name"'),
    ),
    "of an Enum": Case(
        'table("t", key(), Column("mood", Enum("good", "bad", name="mood")))',
        (('"mood", Enum', '"temper", Enum'),),
        rows={"t": [{"id": 1, "mood": "good"}, {"id": 2, "mood": None}]},
        flags=("--rename", "t.mood=temper"),
        does=("rename column t.mood to temper",),
        columns={"t": {"mood": "temper"}},
    ),
    "and an index added": named(
        employee(),
        (("String(50)", "String(50), index=True"),),
        does=(RENAMED, "create index ix_employee_full_name on employee (full_name)"),
    ),
    "and its index dropped": named(
        employee("index=True"),
        ((", index=True", ""),),
        does=(RENAMED, "drop index ix_employee_name of employee"),
    ),
    "and a foreign key added": Case(
        PARENT.replace(', ForeignKey("department.id")', ""),
        PARENT.replace('"department", Integer', '"department_id", Integer'),
        rows=CHILDREN,
        flags=("--rename", "employee.department=department_id"),
        does=("rename column employee.department to department_id", "add foreign key *"),
        columns={"employee": {"department": "department_id"}},
    ),
}
