"""Renames of tables, alone and with whatever else changes."""

from __future__ import annotations

from support.cases.case import Case
from support.cases.columns import CHILDREN, PARENT

PERSON = 'table("person", key(), Column("name", String(50)))'
PEOPLE = {"person": [{"id": 1, "name": "Ann"}, {"id": 2, "name": None}]}
TO_HUMAN = ("--rename-table", "person=human")
RENAMED = "rename table person to human"


def human(before: str = PERSON, after: tuple[tuple[str, str], ...] = (), **more: object) -> Case:
    """``person`` becomes ``human``, by the flag."""
    given = {
        "rows": PEOPLE,
        "flags": TO_HUMAN,
        "does": (RENAMED,),
        "tables": {"person": "human"},
    } | more
    return Case(before, (("person", "human"), *after), **given)  # type: ignore[arg-type]


KEPT = """
table(
    "person",
    key(),
    Column("name", String(50), unique=True),
    Column("born", Integer, index=True),
    Column("chief", Integer, ForeignKey("person.id")),
    CheckConstraint("born > 0", "born"),
)
"""
LINK = """
table("person", key())
table("team", key())
table(
    "member",
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("team_id", ForeignKey("team.id"), primary_key=True),
)
"""
TWO = """
table("a", key(), Column("a_text", String(9)))
table("b", key(), Column("b_number", Integer))
"""
INSERT = "INSERT INTO {}(id, name) VALUES (9, 'Cy')"
TRIGGERS = {
    "sqlite": (
        "CREATE TRIGGER watch AFTER INSERT ON person BEGIN "
        "INSERT INTO log (line) VALUES (NEW.name || '!'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN INSERT INTO log (line) VALUES (NEW.name || ''!''); RETURN NEW; END'",
        "CREATE TRIGGER watch AFTER INSERT ON person FOR EACH ROW EXECUTE FUNCTION note()",
    ),
    "mariadb": (
        "CREATE TRIGGER watch AFTER INSERT ON person FOR EACH ROW "
        "INSERT INTO log (line) VALUES (CONCAT(NEW.name, '!'))",
    ),
}

TABLES = {
    "alone": human(),
    "with a renamed column": human(
        after=(('"name"', '"full_name"'),),
        flags=(*TO_HUMAN, "--rename", "human.name=full_name"),
        does=(RENAMED, "rename column human.name to full_name"),
        columns={"person": {"name": "full_name"}},
    ),
    "with a column renamed by its old table's name": human(
        after=(('"name"', '"full_name"'),),
        flags=(*TO_HUMAN, "--rename", "person.name=full_name"),
        does=(RENAMED, "rename column human.name to full_name"),
        columns={"person": {"name": "full_name"}},
    ),
    "with another type of a column": human(
        after=(("String(50)", "Text"),), does=(RENAMED, "alter column human.name: *")
    ),
    "with a column added and one dropped": human(
        after=(('"name", String(50)', '"age", Integer'),),
        flags=(*TO_HUMAN, "--allow-drop", "human.name"),
        does=(RENAMED, "add column human.age", "drop column human.name"),
        becomes={"human.age": None},
        lost=("person.name",),
    ),
    "with children": Case(
        PARENT,
        (('table("department"', 'table("unit"'), ("department.id", "unit.id")),
        rows=CHILDREN,
        flags=("--rename-table", "department=unit"),
        does=("rename table department to unit", "rename constraint fk_*_department of employee *"),
        tables={"department": "unit"},
    ),
    "with its children renamed too": Case(
        PARENT,
        (
            ('table("department"', 'table("unit"'),
            ('table("employee"', 'table("worker"'),
            ('"department", Integer', '"unit_id", Integer'),
            ("department.id", "unit.id"),
        ),
        rows=CHILDREN,
        flags=(
            *("--rename-table", "department=unit", "--rename-table", "employee=worker"),
            *("--rename", "worker.department=unit_id"),
        ),
        does=(
            "rename table department to unit",
            "rename table employee to worker",
            "rename column worker.department to unit_id",
            "rename constraint fk_employee_department_department of worker to *",
        ),
        tables={"department": "unit", "employee": "worker"},
        columns={"employee": {"department": "unit_id"}},
    ),
    "with indexes and constraints": human(
        KEPT,
        rows={
            "person": [
                {"id": 1, "name": "Ann", "born": 1970, "chief": None},
                {"id": 2, "name": None, "born": None, "chief": 1},
            ]
        },
        does=(RENAMED, "rename *", "rename *", "rename *", "rename *"),
    ),
    "a link table": Case(
        LINK,
        (('"member"', '"person_team_link"'),),
        rows={
            "person": [{"id": 1}, {"id": 2}],
            "team": [{"id": 7}],
            "member": [{"person_id": 1, "team_id": 7}, {"person_id": 2, "team_id": 7}],
        },
        flags=("--rename-table", "member=person_team_link"),
        does=("rename table member to person_team_link", "rename constraint *", "rename *"),
        tables={"member": "person_team_link"},
    ),
    "a swap": Case(
        TWO,
        'table("b", key(), Column("a_text", String(9)))\n'
        'table("a", key(), Column("b_number", Integer))',
        rows={"a": [{"id": 1, "a_text": "x"}], "b": [{"id": 2, "b_number": 5}]},
        flags=("--rename-table", "a=b", "--rename-table", "b=a"),
        does=(
            "rename table a to _renaming_a",
            "rename table b to a",
            "rename table _renaming_a to b",
        ),
        tables={"a": "b", "b": "a"},
    ),
    "a chain": Case(
        TWO,
        'table("b", key(), Column("a_text", String(9)))\n'
        'table("c", key(), Column("b_number", Integer))',
        rows={"a": [{"id": 1, "a_text": "x"}], "b": [{"id": 2, "b_number": 5}]},
        flags=("--rename-table", "a=b", "--rename-table", "b=c"),
        does=("rename table b to c", "rename table a to b"),
        tables={"a": "b", "b": "c"},
    ),
    "and a new one of the old name": Case(
        PERSON,
        PERSON.replace("person", "human") + '\ntable("person", key(), Column("x", Integer))',
        rows=PEOPLE,
        flags=TO_HUMAN,
        does=(RENAMED, "create table person"),
        tables={"person": "human"},
        becomes={"person.x": []},
    ),
    "with a named key": human(
        'table("person", Column("id", Integer), Column("name", String(9)), '
        'PrimaryKeyConstraint("id", name="pk_person"))',
        does=(RENAMED, "primary key of human: pk_person renamed to pk_human"),
        only=("sqlite", "postgresql"),
    ),
    "by a hint in the model": Case(
        PERSON,
        'table("human", key(), Column("name", String(50)), info={"renamed_from": "person"})',
        rows=PEOPLE,
        does=(RENAMED,),
        tables={"person": "human"},
    ),
    "with a view": human(
        sql=("CREATE VIEW people AS SELECT id, name FROM person WHERE id > 0",),
        reads="SELECT id, name FROM people",
    ),
    "with a trigger": human(
        PERSON + '\ntable("log", key(), Column("line", String(99)))',
        sql=TRIGGERS,
        writes=(INSERT.format("person"), INSERT.format("human")),
        reads="SELECT line FROM log",
    ),
    "that a trigger writes into": Case(
        PERSON + '\ntable("log", key(), Column("line", String(99)))',
        (('"log"', '"journal"'),),
        rows=PEOPLE,
        flags=("--rename-table", "log=journal"),
        does=("rename table log to journal",),
        tables={"log": "journal"},
        sql=TRIGGERS,
        writes=(INSERT.format("person"), INSERT.format("person")),
        reads="SELECT name FROM person",
    ),
    "with numbers that go on": human(
        'table("person", key(), Column("name", String(9)), sqlite_autoincrement=True)',
        rows={"person": [{"name": "Ann"}, {"name": "Bo"}, {"name": "Cy"}]},
        sql=("DELETE FROM person WHERE id = 3",),
        next_id={"human": 4},
    ),
    "with an identity": human(
        'table("person", key("id", Integer, Identity()), Column("name", String(9)))',
        rows={"person": [{"name": "Ann"}, {"name": "Bo"}, {"name": "Cy"}]},
        sql=("DELETE FROM person WHERE id = 3",),
        next_id={"human": 4},
        only=("postgresql",),
    ),
    "with an Enum": human(
        'table("person", key(), Column("mood", Enum("good", "bad", name="mood")))',
        rows={"person": [{"id": 1, "mood": "good"}]},
    ),
    "in a schema": Case(
        PERSON.replace("String(50))", 'String(50), index=True), schema="hr"'),
        (('"person"', '"human"'), ('"name"', '"full_name"')),
        first="CREATE SCHEMA hr",
        rows={"hr.person": PEOPLE["person"]},
        flags=("--rename-table", "hr.person=human", "--rename", "hr.human.name=full_name"),
        does=(
            "rename table hr.person to human",
            "rename column hr.human.name to full_name",
            "rename index *",
        ),
        tables={"hr.person": "hr.human"},
        columns={"hr.person": {"name": "full_name"}},
        only=("postgresql",),
    ),
    "to which another schema refers": Case(
        PERSON.replace("String(50))", 'String(50)), schema="hr"')
        + '\ntable("log", key(), Column("who", ForeignKey("hr.person.id")))',
        (("person", "human"),),
        first="CREATE SCHEMA hr",
        rows={"hr.person": PEOPLE["person"], "log": [{"id": 1, "who": 2}]},
        flags=("--rename-table", "hr.person=hr.human"),
        does=("rename table hr.person to human", "rename constraint fk_log_who_person *"),
        tables={"hr.person": "hr.human"},
        only=("postgresql",),
    ),
}
