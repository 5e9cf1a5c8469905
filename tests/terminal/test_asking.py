"""Questions on a terminal: how they look, how they are answered, and how they are left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import ProjectFolder
from support.terminal import alone_on_terminal, on_terminal

from sqlalchemy_manage.errors import Interrupted

FIRST = """
table("appointment", key(), Column("remark_of_the_patient", String(40)))
"""
CHANGED = """
table(
    "appointment",
    key(),
    Column("remark_of_the_person_who_called", String(40)),
    Column("priority", Integer, nullable=False),
    Column("number_that_is_on_the_invoice", String(20), nullable=False, unique=True),
)
"""
SCREEN = """
Was appointment.remark_of_the_patient renamed to
appointment.remark_of_the_person_who_called (VARCHAR(40))?
If not, remark_of_the_patient is dropped: 0 values in 2
rows. [y/N]: y

The new column appointment.priority is NOT NULL (INTEGER).
What do 2 rows of appointment get?
  1) a value, once
  2) an SQL expression, once
  3) allow NULL for now
  q) quit: write nothing
Select an option [3]: 1
Type a Python literal for INTEGER, such as 0: abc
Error: abc: not a value for INTEGER (a whole number).
A Python literal is expected: 0, 1.5, True, '"text"',
'"2026-01-31"'.
Type a Python literal for INTEGER, such as 0: 7

The new column appointment.number_that_is_on_the_invoice is
NOT NULL (VARCHAR(20)). What do 2 rows of appointment get?
  1) an SQL expression, once
  2) allow NULL for now
  q) quit: write nothing
One value for all is no answer: the column is unique.
Select an option [2]: 2
0002_rename_remark_of_and_more:
  ~ rename column appointment.remark_of_the_patient to
    remark_of_the_person_who_called
  + add column appointment.priority
  ~ fill appointment.priority with 7 where it is NULL
  ~ alter column appointment.priority: NOT NULL
  + add column appointment.number_that_is_on_the_invoice
  + add unique constraint
    uq_appointment_number_that_is_on_the_invoice to
    appointment
migrations/versions/0002_rename_remark_of_and_more.py"""
RENAME = "--rename", "appointment.remark_of_the_patient=remark_of_the_person_who_called"


@pytest.fixture
def clinic(tmp_path: Path, new_database: Callable[[str], str]) -> ProjectFolder:
    """Two rows, and models that raise three questions."""
    project = ProjectFolder(tmp_path / "clinic", new_database("sqlite"))
    project.models(FIRST)
    for command in (["makemigrations"], ["migrate"]):
        assert project.manage(*command).code == 0
    project.insert({"appointment": [{"id": 1}, {"id": 2}]})
    project.models(CHANGED)
    return project


def test_every_question_fits_and_says_what_can_be_answered(clinic: ProjectFolder) -> None:
    shown = on_terminal(
        clinic.folder,
        "makemigrations",
        width=60,
        answers=[
            ("[y/N]", "y\n"),
            ("option [3]", "1\n"),
            ("Type a", "abc\n"),
            ("abc", "7\n"),
            ("option [2]", "2\n"),
        ],
    )
    assert shown.code == 0, shown
    assert "\n".join(shown.screen) == SCREEN
    newest = clinic.newest()
    assert "op.fill_nulls" in newest and "7" in newest
    assert "number_that_is_on_the_invoice" in newest


@pytest.mark.parametrize(
    ("arguments", "at", "typed", "says", "code"),
    [
        ([], "[y/N]", "\x04", "No answer. Nothing was written.", 3),
        ([], "[y/N]", "q\n", "Stopped at the question. Nothing was written.", 3),
        (RENAME, "option [", "q\n", "Stopped at the question. Nothing was written.", 3),
        (RENAME, "option [", "\x04", "No answer. Nothing was written.", 3),
    ],
)
def test_a_question_can_be_left(
    clinic: ProjectFolder, arguments: list[str], at: str, typed: str, says: str, code: int
) -> None:
    before = clinic.revisions
    shown = on_terminal(clinic.folder, "makemigrations", *arguments, answers=[(at, typed)])
    assert (shown.code, shown.screen[-1]) == (code, f"Error: {says}"), shown
    assert clinic.revisions == before


@pytest.mark.parametrize(
    ("arguments", "until"),
    [(["makemigrations"], "[y/N]"), (["makemigrations", *RENAME], "option [")],
)
def test_ctrl_c_at_a_question_says_what_is_true(
    clinic: ProjectFolder, arguments: list[str], until: str
) -> None:
    before = clinic.revisions
    shown = alone_on_terminal(clinic.folder, *arguments, until=until, key="\x03")
    assert (shown.code, shown.screen[-1]) == (130, "Error: Interrupted. Nothing was written.")
    assert clinic.revisions == before


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """A database that asks for its name, and a file that was edited after it was applied."""
    folder = tmp_path_factory.mktemp("production")
    project = ProjectFolder(folder / "clinic", f"sqlite:///{folder / 'clinic.sqlite'}")
    project.models(FIRST)
    for command in (["makemigrations"], ["migrate"], ["environment", "production"]):
        assert project.manage(*command).code == 0
    project.insert({"appointment": [{"id": 1}]})
    (path,) = project.versions.glob("0001*.py")
    text = path.read_text()
    path.write_text(text.replace("String(length=40)", "String(length=50)"))
    assert path.read_text() != text
    return project


@pytest.mark.parametrize(
    ("arguments", "at"),
    [
        (["flush"], "Type the name"),
        (["seed", "--undo"], "Type the name"),
        (["environment", "--remove"], "Type the name"),
        (["repair"], "option ["),
    ],
)
@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_no_answer_changes_nothing(
    production: ProjectFolder, arguments: list[str], at: str, key: str
) -> None:
    before = production.data(), production.newest()
    if key == "\x03":
        shown = alone_on_terminal(production.folder, *arguments, until=at, key=key)
    else:
        shown = on_terminal(production.folder, *arguments, answers=[(at, key)])
    why = "Interrupted" if key == "\x03" else "No answer"
    state = "Nothing was written." if arguments == ["repair"] else "Nothing was changed."
    assert shown.screen[-1] == f"Error: {why}. {state}", shown
    assert shown.code == (130 if key == "\x03" else 3)
    assert (production.data(), production.newest()) == before


def test_ctrl_c_while_models_are_compared(
    clinic: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object, **how: object) -> None:
        error = Interrupted("The migration was interrupted by SIGINT.", "manage.py migrate")
        error.exit_code = 130
        raise error

    for home in ("migrations.actions.makemigrations", "verbs.revisions"):
        monkeypatch.setattr(f"sqlalchemy_manage.{home}.draft_revision", interrupted)
    for command in ("makemigrations", "check"):
        if command == "check":
            monkeypatch.setattr("sqlalchemy_manage.checks._migrations", lambda project: "ok")
        result = clinic.manage(command)
        assert result.code == 130, result
        assert result.stderr.endswith("Error: Interrupted. Nothing was written.\n"), result


def test_what_is_no_answer_to_yes_or_no_is_told_what_is(clinic: ProjectFolder) -> None:
    shown = on_terminal(
        clinic.folder,
        "makemigrations",
        answers=[("[y/N]", "maybe\n"), ("q to quit", "Quit\n")],
    )
    assert "Error: 'maybe' is no answer: y for yes, n for no, q to quit." in shown.screen
    assert shown.screen[-1] == "Error: Stopped at the question. Nothing was written."


@pytest.mark.parametrize("columns", range(60, 130, 3))
def test_the_choices_of_a_question_are_never_torn(clinic: ProjectFolder, columns: int) -> None:
    """They go to the next line whole, with room for the letter that is typed."""
    shown = on_terminal(clinic.folder, "flush", width=columns, answers=[("N]", "n\n")])
    assert any(line.endswith("[y/N]: n") for line in shown.screen), shown
    assert "Error: Nothing was removed." in shown.screen
