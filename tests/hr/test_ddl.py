"""The sample app's trigger: declared beside the models, edited, deleted, on every database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import BACKENDS
from support.programs import Result, run

from sqlalchemy_manage.declared.definitions import Definition, read_definitions

# One body for each database; the new ones set a time that can be told from now.
EDITS = {
    "datetime('now')": "datetime('2001-02-03 04:05:06')",
    "date_trunc('second', timezone('utc', clock_timestamp()))": "timestamp '2001-02-03 04:05:06'",
    "UTC_TIMESTAMP()": "TIMESTAMP '2001-02-03 04:05:06'",
}
NAME = "employee_set_updated_at"


class World:
    """The copied project on one database."""

    def __init__(self, sample: Path, url: str) -> None:
        self.project = sample
        self.url = url
        self.engine = sa.create_engine(url, poolclass=sa.NullPool)

    def manage(self, *args: object) -> Result:
        result = run(self.project, "manage.py", *args, url=self.url)
        assert result.code in (0, 1), result
        return result

    def migrate(self, *args: object) -> None:
        assert self.manage("migrate", *args).code == 0

    def unchanged(self) -> bool:
        return "No changes detected." in self.manage("makemigrations", "--check").stderr

    def definitions(self) -> list[Definition]:
        with self.engine.connect() as connection:
            kinds = ("function", "trigger")
            return read_definitions(connection, [(kind, None, NAME) for kind in kinds])

    def updated(self, column: str = "updated_at") -> int:
        """The year that the trigger writes into an employee that is changed."""
        with self.engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM employee"))
            connection.execute(sa.text("INSERT INTO employee (id, name) VALUES (1, 'Ann')"))
            connection.execute(sa.text("UPDATE employee SET name = 'Bea'"))
            found = connection.scalar(sa.text(f"SELECT {column} FROM employee"))
        return int(str(found)[:4]) if found else 0


@pytest.fixture
def worlds(
    sample: Path,
    new_database: Callable[[str], str],
    manage_on: Callable[[str], Callable[..., Result]],
) -> Iterator[list[World]]:
    """The project on each backend, migrated as far as it is delivered."""
    worlds = [World(sample, new_database(backend)) for backend in BACKENDS]
    for world in worlds:
        assert manage_on(world.url)("migrate").code == 0
    yield worlds
    for world in worlds:
        world.engine.dispose()


def edit(sample: Path) -> None:
    ddl = sample / "hr" / "ddl.py"
    text = ddl.read_text()
    for old, new in EDITS.items():
        assert old in text
        text = text.replace(old, new)
    ddl.write_text(text)


@pytest.mark.server
@pytest.mark.parametrize("written_on", range(3), ids=BACKENDS)
def test_an_edited_body(sample: Path, worlds: list[World], written_on: int) -> None:
    before = [world.definitions() for world in worlds]
    assert worlds[written_on].unchanged()
    assert [world.updated() > 2001 for world in worlds] == [True, True, True]

    edit(sample)
    made = worlds[written_on].manage("makemigrations")
    assert made.code == 0
    assert "~ replace trigger employee_set_updated_at on employee" in made.stderr
    text = (sample / made.stdout.strip()).read_text()
    assert "2001-02-03" in text and "None" not in text.replace("-> None", "").replace("= None", "")
    for world in worlds:
        world.migrate()
        assert world.updated() == 2001
    assert worlds[written_on].unchanged()
    for world in worlds:
        world.migrate("-1")
        assert world.updated() > 2001
    assert [world.definitions() for world in worlds] == before


@pytest.mark.server
def test_a_deleted_declaration(sample: Path, worlds: list[World]) -> None:
    """One that the tool never touched is left; one that it changed goes, and comes back."""
    ddl = sample / "hr" / "ddl.py"
    text = ddl.read_text()
    ddl.write_text("")
    assert worlds[1].unchanged()
    ddl.write_text(text)
    edit(sample)
    assert worlds[0].manage("makemigrations").code == 0
    for world in worlds:
        world.migrate()
    before = [world.definitions() for world in worlds]
    ddl.unlink()
    assert worlds[0].manage("makemigrations").code == 0
    for world in worlds:
        world.migrate()
        assert world.definitions() == []
        assert world.updated() == 0
    assert worlds[2].unchanged()
    for world in worlds:
        world.migrate("-1")
    assert [world.definitions() for world in worlds] == before


@pytest.mark.server
def test_a_column_renamed_under_the_trigger(sample: Path, worlds: list[World]) -> None:
    """The trigger is not there while its column has neither name."""
    before = [world.definitions() for world in worlds]
    models, ddl = sample / "hr" / "models.py", sample / "hr" / "ddl.py"
    models.write_text(models.read_text().replace("updated_at:", "changed_at:"))
    text = ddl.read_text().replace(".updated_at", ".changed_at")
    ddl.write_text(text.replace("SET updated_at", "SET changed_at"))
    made = worlds[0].manage(
        "makemigrations", "--no-input", "--rename", "employee.updated_at=changed_at"
    )
    # Named after the rename, not after what was put aside for it.
    assert made.stdout.startswith("migrations/versions/0004_rename_updated_at"), made
    for world in worlds:
        world.migrate()
        assert world.updated("changed_at") > 2001
    assert worlds[2].unchanged()
    for world in worlds:
        world.migrate("-1")
        assert world.updated() > 2001
    assert [world.definitions() for world in worlds] == before


def test_by_plain_alembic(sample: Path, new_database: Callable[[str], str]) -> None:
    url = new_database("sqlite")

    def alembic(*args: str) -> Result:
        return run(sample, "-m", "alembic", *args, url=url)

    assert alembic("upgrade", "head").code == 0
    assert "No new upgrade operations detected" in alembic("check").stdout
    edit(sample)
    assert alembic("check").code != 0
    assert alembic("revision", "--autogenerate").code == 0
    script = alembic("upgrade", "0003_employee_updated_at:head", "--sql")
    assert script.code == 0, script
    assert "DROP TRIGGER IF EXISTS employee_set_updated_at;" in script.stdout
    assert "datetime('2001-02-03 04:05:06')" in script.stdout
    assert alembic("upgrade", "head").code == 0
    assert alembic("downgrade", "-1").code == 0


def test_a_wrong_declaration_names_its_line(
    sample: Path, new_database: Callable[[str], str]
) -> None:
    ddl = sample / "hr" / "ddl.py"
    ddl.write_text(ddl.read_text().replace("CREATE TRIGGER employee_set", "CREATE TRIGGER set"))
    result = run(sample, "manage.py", "makemigrations", url=new_database("sqlite"))
    assert result.code == 1
    assert "hr.ddl cannot be imported: ArgumentError: Trigger" in result.stderr
    assert "the statement creates the trigger 'set_updated_at'" in result.stderr
    assert "ddl.py, line" in result.stderr
