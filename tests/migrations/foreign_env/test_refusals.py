"""An env.py that does not say what it wants, or wants another database: nothing is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.foreign_envs import HEAD, SECTION, ForeignFolder, configured


@pytest.fixture
def app(tmp_path: Path) -> ForeignFolder:
    app = ForeignFolder(tmp_path / "project", f"sqlite:///{tmp_path}/db.sqlite").setup(SECTION)
    app.done("makemigrations")
    return app


REFUSED = {
    "raises": ('raise KeyError("SECRET_KEY")', "KeyError: 'SECRET_KEY' (line {line})"),
    "exits": ("import sys\nsys.exit(3)", "it ends the process, sys.exit(3) (line {line})"),
    "imports": ("import not_there_at_all", "No module named 'not_there_at_all' (line {line})"),
    "reads stdin": ('input("which database? ")', "it reads the standard input (line {line})"),
    "reads the command line": (
        "import sys\nassert sys.argv[1] == 'revision'",
        "AssertionError (line {line})",
    ),
    "no such section": (
        'config.get_section("nowhere")["sqlalchemy.url"]',
        "TypeError: 'NoneType' object is not subscriptable (line {line})",
    ),
    "no Python": ("if True", "SyntaxError: expected ':'"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_fails_is_named_with_its_line(app: ForeignFolder, kind: str, tmp_path: Path) -> None:
    code, why = REFUSED[kind]
    app.env.write_text(configured(before=code))
    at_fault = code.splitlines()[-1]
    why = why.format(line=app.env.read_text().splitlines().index(at_fault) + 1)
    for command in (
        ("migrate",),
        ("makemigrations",),
        ("makemigrations", "--check"),
        ("sqlmigrate", "0001"),
    ):
        result = app.manage(*command)
        assert result.code == 1, result
        assert f"{app.env} cannot be read: " in result.stderr and why in result.stderr, result
        assert "Traceback" not in result.stderr and "shown as SQL" not in result.stderr
    checked = app.manage("check")
    assert (checked.code, why in checked.stdout) == (1, True)
    assert not (tmp_path / "db.sqlite").exists()


def test_what_stops_it_once_it_has_a_connection_is_said(app: ForeignFolder) -> None:
    app.env.write_text(
        f'{HEAD}\nif config.attributes.get("connection") is None:\n'
        '    raise RuntimeError("no connection")\n'
        'config.attributes.get("profile").name\n'
    )
    result = app.manage("migrate")
    assert result.code == 1 and "no connection" not in result.stderr, result
    assert "has no attribute 'name' (line " in result.stderr, result
    assert "for the attribute profile: ALEMBIC may name a function" in result.stderr, result
    app.env.write_text(f'{HEAD}\ncontext.get_x_argument(as_dictionary=True)["url"]\n')
    assert "It reads what alembic -x is given" in app.manage("migrate").stderr


@pytest.mark.parametrize(
    ("env", "why"),
    [
        (HEAD, "ended without a call of context.configure()"),
        (
            f'{HEAD}context.configure(url="sqlite://", target_metadata=metadata)\n',
            "ended without a call of context.run_migrations()",
        ),
        (
            f"{HEAD}for schema in ('a', 'b'):\n"
            "    context.configure(dialect_name='sqlite', version_table_schema=schema)\n"
            "    context.run_migrations()\n",
            "runs the revisions 2 times on the same database",
        ),
    ],
)
def test_what_runs_nothing_or_several_times(app: ForeignFolder, env: str, why: str) -> None:
    app.env.write_text(env)
    result = app.manage("migrate")
    assert (result.code, why in result.stderr) == (1, True), result


def test_another_database_is_named_and_nothing_is_run(app: ForeignFolder, tmp_path: Path) -> None:
    other = "postgresql+psycopg://ann:top-secret@db.example.org/live"
    app.env.write_text(
        f"{HEAD}context.configure(url={other!r}, target_metadata=metadata)\n"
        "context.run_migrations()\n"
    )
    for command in ("migrate", "makemigrations"):
        result = app.manage(command)
        assert result.code == 1
        assert "postgresql+psycopg://ann:***@db.example.org/live" in result.stderr
        assert f"sqlite:///{tmp_path}/db.sqlite" in result.stderr
        assert "top-secret" not in result.stderr
    assert not (tmp_path / "db.sqlite").exists()


def test_another_version_table_is_a_line_to_write(app: ForeignFolder) -> None:
    app.env.write_text(configured('version_table="versions_of_staff"'))
    result = app.manage("migrate")
    assert result.code == 1
    line = re.findall(r"^    (VERSION_TABLE = .*)$", result.stderr, re.M)
    assert line == ['VERSION_TABLE = "versions_of_staff"']
    with (app.folder / "staff_settings.py").open("a") as file:
        file.write(line[0] + "\n")
    app.done("migrate")
    assert app.query("SELECT version_num FROM versions_of_staff") == [("0001_initial",)]
    assert app.tables() == {"author", "book", "versions_of_staff"}


def test_as_is_runs_it_and_says_what_that_means(app: ForeignFolder) -> None:
    once = "            context.run_migrations()"
    twice = f"            for _ in range(2):\n    {once}"
    app.env.write_text(SECTION.replace(once, twice))
    assert app.manage("migrate").code == 1
    result = app.manage("migrate", "--as-is")
    assert result.code == 0, result
    assert "without a lock" in result.stderr
    assert app.tables() == {"author", "book"}
    app.env.write_text(SECTION)
    assert app.manage("rollback", "--as-is").code == 0
    assert app.tables() == set()
    assert app.manage("migrate", "0001", "--as-is").code == 0
    assert app.manage("redo", "--as-is").code == 0
    assert app.manage("migrate", "zero", "--as-is").code == 0
    assert app.tables() == set()


def test_as_is_takes_nothing_that_only_we_can_do(app: ForeignFolder) -> None:
    result = app.manage("migrate", "--as-is", "--allow-data-loss", "--fake")
    assert result.code == 2 and "--fake, --allow-data-loss" in result.stderr


def test_as_is_is_for_an_env_py_of_another_tool(app: ForeignFolder) -> None:
    app.env.write_text(
        "from alembic import context\nfrom sqlalchemy_manage import run_env\n\nrun_env(context)\n"
    )
    result = app.manage("migrate", "--as-is")
    assert result.code == 2 and "env.py of another tool" in result.stderr


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ('{"CONFIG": "nowhere.ini"}', "nowhere.ini"),
        ('{"CONFIG": "alembic.ini", "SECTION": "other"}', "no section [other]"),
    ],
)
def test_a_configuration_that_is_not_there(app: ForeignFolder, setting: str, why: str) -> None:
    with (app.folder / "staff_settings.py").open("a") as file:
        file.write(f"ALEMBIC = {setting}\n")
    result = app.manage("migrate")
    assert (result.code, why in result.stderr) == (1, True), result


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "chooses",
    [
        "connection.exec_driver_sql('SET search_path TO tenant')",
        "connection.exec_driver_sql('set session search_path = \"tenant\", public')",
        "connection = connection.execution_options(schema_translate_map={None: 'tenant'})",
    ],
)
def test_a_schema_that_env_py_chooses_is_named(
    tmp_path: Path, database_url: str, chooses: str
) -> None:
    """The tables would come into another one."""
    app = ForeignFolder(tmp_path / "project", database_url)
    app.setup(
        configured().replace("    context.configure", f"    {chooses}\n    context.configure")
    )
    result = app.manage("makemigrations")
    assert result.code == 1, result
    assert "run in the schema tenant" in result.stderr
    assert 'DATABASES[\'default\']["SCHEMA"] = "tenant"' in result.stderr
    app.execute("CREATE SCHEMA tenant")
    with (app.folder / "staff_settings.py").open("a") as file:
        file.write('DATABASES["default"]["SCHEMA"] = "tenant"\n')
    app.done("makemigrations")
    app.done("migrate")
    assert app.query("SELECT count(*) FROM tenant.book") == [(0,)]
