"""Questions of makemigrations through the command line: flags, prompts, nobody there."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.programs import ROOT, Result, run
from support.project import ProjectFolder


def edit(project: Path, old: str, new: str) -> None:
    models = project / "hr" / "models.py"
    head, employee, tail = models.read_text().partition("class Employee(Base)")
    assert old in tail, old
    models.write_text(head + employee + tail.replace(old, new))


def rename(project: Path) -> None:
    edit(project, "    name: Mapped[str | None]", "    full_name: Mapped[str | None]")
    edit(project, "self.name", "self.full_name")


def versions(project: Path) -> list[str]:
    return sorted(path.stem for path in (project / "migrations" / "versions").glob("*.py"))


BEFORE = ["0001_initial", "0002_department_employee_link", "0003_employee_updated_at"]


def ready(project: Path, url: str, count: int = 10) -> Callable[..., Result]:
    """The project's manage.py on a migrated database with ``count`` employees."""

    def manage(*args: str) -> Result:
        return run(project, "manage.py", *args, url=url)

    assert manage("migrate").code == 0
    assert manage("seed", "--random-seed", "1", "Department=3", f"Employee={count}").code == 0
    return manage


def test_the_flags_that_are_printed_give_the_right_migration(
    sample: Path, database_url: str, engine: sa.Engine
) -> None:
    manage = ready(sample, database_url)
    with engine.connect() as connection:
        names = connection.execute(sa.text("SELECT id, name FROM employee ORDER BY id")).all()
    rename(sample)
    asked = manage("makemigrations", "--no-input")
    assert asked.code == 3, asked
    assert asked.stdout == ""
    assert versions(sample) == BEFORE
    assert "Was employee.name renamed to employee.full_name" in asked.stderr
    assert "10 values in 10 rows" in asked.stderr

    pasted = re.search(r"^ +yes: +(--.+)$", asked.stderr, re.M)
    assert pasted is not None, asked
    command = f"{sys.executable} manage.py makemigrations {pasted[1]}"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=sample,
        env=os.environ | {"DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "migrations/versions/0004_rename_name_employee_full.py\n"
    assert manage("migrate").code == 0
    assert manage("makemigrations", "--check").code == 0
    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT id, full_name FROM employee ORDER BY id")).all()
    assert found == names
    assert manage("checklinks").code == 0
    assert manage("migrate", "-1", "--allow-data-loss").code == 0
    with engine.connect() as connection:
        back = connection.execute(sa.text("SELECT id, name FROM employee ORDER BY id")).all()
    assert back == names


def test_deleting_a_model_with_37_rows_asks_and_says_37(sample: Path, database_url: str) -> None:
    manage = ready(sample, database_url)
    models = sample / "hr" / "models.py"
    models.write_text(
        models.read_text()
        + "\n\nclass Badge(Base):\n"
        + '    __tablename__ = "badge"\n\n    id: Mapped[int] = mapped_column(primary_key=True)\n'
    )
    assert manage("makemigrations").code == 0
    assert manage("migrate").code == 0
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        table = sa.table("badge", sa.column("id"))
        connection.execute(table.insert(), [{"id": i} for i in range(1, 38)])
    models.write_text(models.read_text().partition("\n\nclass Badge")[0] + "\n")
    (sample / "hr" / "forgotten.py").write_text('class Badge:\n    __tablename__ = "badge"\n')
    asked = manage("makemigrations")
    assert asked.code == 3, asked
    assert "37 rows" in asked.stderr
    assert "--allow-drop badge" in asked.stderr
    # Before it is proposed for dropping, the module that nobody imports is named.
    assert "forgotten.py" in asked.stderr
    as_json = json.loads(manage("makemigrations", "--json").stdout)
    assert [question["subject"] for question in as_json["questions"]] == ["badge"]
    dropped = manage("makemigrations", "--allow-drop", "badge")
    assert dropped.code == 0, dropped
    assert manage("migrate").code == 0
    assert not sa.inspect(engine).has_table("badge")
    assert manage("migrate", "-1", "--allow-data-loss").code == 0
    assert sa.inspect(engine).has_table("badge")
    engine.dispose()


def test_what_the_history_did_not_make_is_never_dropped(
    sample: Path, database_url: str, engine: sa.Engine
) -> None:
    manage = ready(sample, database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE other_team (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql("CREATE INDEX ix_other ON employee (hired_on)")
        connection.exec_driver_sql("ALTER TABLE employee ADD COLUMN theirs INTEGER")
    for flags in ([], ["--allow-drop", "other_team"]):
        result = manage("makemigrations", *flags)
        assert result.stdout == "", result
        for name in ("other_team", "ix_other", "theirs"):
            assert re.search(rf"{name}.*is left alone", result.stderr), result
    assert versions(sample) == BEFORE
    assert manage("makemigrations", "--check").code == 0
    assert manage("check", "--drift").code == 1


def test_a_column_not_null_on_a_filled_table(sample: Path, database_url: str) -> None:
    manage = ready(sample, database_url)
    edit(
        sample,
        "    departments:",
        "    grade: Mapped[str] = mapped_column(String(20))\n    departments:",
    )
    asked = manage("makemigrations", "--no-input")
    assert asked.code == 3, asked
    assert "10 rows of employee" in asked.stderr
    assert versions(sample) == BEFORE
    for flag in ("--default", "--server-default", "--nullable"):
        assert f"{flag} " in asked.stderr
    long = manage("makemigrations", "--default", f"employee.grade={'x' * 21!r}")
    assert long.code == 2, long
    assert "21 characters, 20 fit" in long.stderr
    assert versions(sample) == BEFORE
    given = manage("makemigrations", "--default", 'employee.grade="junior"')
    assert given.code == 0, given
    assert manage("migrate").code == 0
    assert manage("makemigrations", "--check").code == 0
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    columns = {column["name"]: column for column in sa.inspect(engine).get_columns("employee")}
    assert not columns["grade"]["nullable"]
    assert columns["grade"]["default"] is None
    with engine.connect() as connection:
        grades = connection.scalars(sa.text("SELECT DISTINCT grade FROM employee")).all()
    engine.dispose()
    assert grades == ["junior"]
    assert manage("migrate", "-1", "--allow-data-loss").code == 0
    assert manage("migrate").code == 0


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--rename", "employee.nam=full_name"], "Did you mean 'name'?"),
        (["--rename", "employe.name=full_name"], "Did you mean 'employee'?"),
        (["--rename", "employee.name=fullname"], "Did you mean 'full_name'?"),
        (["--rename", "employee.name=a", "--rename", "employee.name=b"], "given twice"),
        (
            ["--rename", "employee.name=full_name", "--rename", "employee.hired_on=full_name"],
            "cannot both become full_name",
        ),
        (["--rename", "employee=person"], "is not TABLE.COLUMN"),
        (["--rename", "employee.name"], "write TABLE.OLD=NEW"),
        (["--rename-table", "employees=people"], "Did you mean 'employee'?"),
        (["--rename", "employee.hired_on=updated_at"], "already exists in the database"),
        (["--rename", 'employee."name=full_name'], "write TABLE.OLD=NEW"),
        (
            ["--rename", "employee.name=full_name", "--default", "employee.grade=1"],
            "--default employee.grade",
        ),
        (
            ["--rename", "employee.name=full_name", "--allow-drop", "employee.nme"],
            "--allow-drop employee.nme",
        ),
    ],
)
def test_an_answer_that_fits_nothing(
    sample: Path, new_database: Callable[[str], str], flags: list[str], says: str
) -> None:
    manage = ready(sample, new_database("sqlite"))
    rename(sample)
    result = manage("makemigrations", *flags)
    assert result.code == 2, result
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert versions(sample) == BEFORE


def test_a_rename_that_was_made_is_not_asked_about_again(
    sample: Path, new_database: Callable[[str], str]
) -> None:
    manage = ready(sample, new_database("sqlite"))
    rename(sample)
    assert manage("makemigrations", "--rename", "employee.name=full_name").code == 0
    assert manage("migrate").code == 0
    again = manage("makemigrations", "--rename", "employee.name=full_name")
    assert again.code == 2, again
    assert "it is already renamed" in again.stderr
    edit(sample, "    departments:", "    notes: Mapped[str | None]\n    departments:")
    other = manage("makemigrations")
    assert other.code == 0, other
    assert "full_name" not in other.stderr


def test_a_model_with_a_syntax_error(sample: Path, new_database: Callable[[str], str]) -> None:
    manage = ready(sample, new_database("sqlite"))
    edit(sample, "    departments:", "    departments: = (\n    departments:")
    result = manage("makemigrations")
    assert result.code == 1, result
    assert "hr.models cannot be imported" in result.stderr
    assert re.search(r"models\.py, line \d+", result.stderr)
    assert "Traceback" not in result.stderr
    assert versions(sample) == BEFORE


def typed(project: Path, url: str, answers: list[str], *args: str) -> tuple[int, str]:
    """The command on a terminal, with ``answers`` typed one by one, each when it is asked."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(project)
        environment = os.environ | {"DATABASE_URL": url, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
        os.execvpe(sys.executable, [sys.executable, "manage.py", *args], environment)
    shown, left, deadline = "", list(answers), time.monotonic() + 90
    asked, pressed = 0, float("inf")
    while time.monotonic() < deadline:
        if time.monotonic() > pressed + 2:
            # Python does not see a Ctrl-C that comes after it showed the prompt and before it
            # waits for a key (Modules/readline.c): who is quick presses it again.
            os.write(terminal, b"\x03")
            pressed = time.monotonic()
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                data = os.read(terminal, 4096)
            except OSError:  # the other side is gone
                break
            if not data:
                break
            shown += data.decode(errors="replace")
        prompts = len(re.findall(r"\[y/N\]: |Select an option \[\d\]: |^Type .*: ", shown, re.M))
        if left and prompts > asked:
            asked += 1
            answer = left.pop(0)
            if answer == "^C":
                pressed = time.monotonic()
            os.write(terminal, b"\x03" if answer == "^C" else answer.encode() + b"\n")
    else:
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown.replace("\r", "")


def test_on_a_terminal_one_question_after_the_other(
    sample: Path, new_database: Callable[[str], str]
) -> None:
    url = new_database("sqlite")
    manage = ready(sample, url)
    rename(sample)
    edit(
        sample,
        "    departments:",
        "    nick: Mapped[str | None] = mapped_column(Name)\n    level: Mapped[int]\n"
        "    departments:",
    )
    # A "no" to the first pair does not keep the second from being asked.
    code, shown = typed(sample, url, ["n", "y", "1", "high", "3"], "makemigrations")
    assert code == 0, shown
    assert "Was employee.name renamed to employee.full_name" in shown
    assert "Was employee.name renamed to employee.nick" in shown
    assert "a whole number" in shown  # what "high" is not; it is asked again
    text = (sample / "migrations" / "versions" / f"{versions(sample)[-1]}.py").read_text()
    assert 'op.rename_column("employee", "name", "nick")' in text
    assert 'op.fill_nulls("employee", "level", 3)' in text
    assert manage("migrate").code == 0
    assert manage("makemigrations", "--check").code == 0


@pytest.mark.parametrize("answers", [["^C"], ["n", "^C"]])
def test_interrupted_at_a_question(
    sample: Path, new_database: Callable[[str], str], answers: list[str]
) -> None:
    url = new_database("sqlite")
    ready(sample, url)
    rename(sample)
    code, shown = typed(sample, url, answers, "makemigrations")
    assert code == 130, shown
    assert shown.endswith("Error: Interrupted. Nothing was written.\n")
    assert "Traceback" not in shown
    assert versions(sample) == BEFORE


def test_no_is_the_default_and_a_column_with_data_then_stays(
    sample: Path, new_database: Callable[[str], str]
) -> None:
    url = new_database("sqlite")
    ready(sample, url)
    rename(sample)
    code, shown = typed(sample, url, ["", ""], "makemigrations")
    assert code == 0, shown
    assert "Drop it with its data (10 values in 10 rows)?" in " ".join(shown.split())
    text = (sample / "migrations" / "versions" / f"{versions(sample)[-1]}.py").read_text()
    assert "rename" not in text
    assert "drop_column" not in text.partition("def downgrade")[0]


def test_values_that_become_computed_are_asked_about_beside_a_partial_index(
    sample: Path, new_database: Callable[[str], str]
) -> None:
    url = new_database("sqlite")
    manage = ready(sample, url)
    edit(
        sample,
        "    departments:",
        "    level: Mapped[int] = mapped_column(default=1)\n"
        "    twice: Mapped[int | None]\n"
        '    __table_args__ = (Index("ix_high", "level", sqlite_where=text("level > 1")),)\n'
        "    departments:",
    )
    models = sample / "hr" / "models.py"
    models.write_text(
        models.read_text().replace(
            "from sqlalchemy import Column", "from sqlalchemy import Computed, Index, text, Column"
        )
    )
    assert manage("makemigrations").code == 0
    assert manage("migrate").code == 0
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE employee SET twice = 7"))
    engine.dispose()
    edit(
        sample,
        "twice: Mapped[int | None]",
        'twice: Mapped[int | None] = mapped_column(Computed("level * 2"))',
    )
    edit(
        sample, "    hired_on: Mapped[datetime | None] = mapped_column(default=datetime.now)\n", ""
    )
    asked = manage("makemigrations")
    assert asked.code == 3, asked
    assert "employee.twice becomes computed. Replace its values (10 values in 10 rows)?" in (
        asked.stderr
    )
    given = manage(
        "makemigrations",
        *("--allow-drop", "employee.twice", "--allow-drop", "employee.hired_on"),
    )
    assert given.code == 0, given
    assert manage("migrate").code == 0
    assert manage("makemigrations", "--check").code == 0


def test_a_no_for_one_column_goes_together_with_a_yes_for_another(
    tmp_path: Path, new_database: Callable[[str], str]
) -> None:
    app = ProjectFolder(tmp_path / "project", new_database("sqlite"))
    app.begin('table("t", key(), Column("a", Integer), Column("b", Integer, nullable=False))')
    app.insert({"t": [{"id": 1, "a": 2, "b": 3}]})
    app.models('table("t", key(), Column("c", Integer, nullable=False))')
    asked = app.manage("makemigrations", "--no-input")
    assert "no, drop it: --allow-drop t.a --default t.c=VALUE" in asked.stderr, asked
    app.done("makemigrations", *["--allow-drop", "t.a", "--default", "t.c=7", "--rename", "t.b=c"])
    app.done("migrate")
    assert app.query("SELECT id, c FROM t") == [(1, 3)]


def test_a_table_that_is_another_one_now_may_be_named(
    tmp_path: Path, new_database: Callable[[str], str]
) -> None:
    app = ProjectFolder(tmp_path / "project", new_database("sqlite"))
    app.begin('table("man", key(), Column("level", String(9)), Column("a", Date))')
    app.insert({"man": [{"id": 1, "level": "7", "a": None}]})
    app.models('table("manager", key("emp_id"), Column("grade", Integer))')
    asked = app.manage("makemigrations", "--no-input").stderr
    assert "If it was renamed: --rename-table man=manager\n" in asked
    assert "yes, drop it: --allow-drop man\n" in asked
    flags = "--rename-table man=manager --rename manager.id=emp_id --rename manager.level=grade"
    app.done("makemigrations", *flags.split(), "--allow-drop", "manager.a")
    app.done("migrate")
    assert app.query("SELECT emp_id, grade FROM manager") == [(1, 7)]
