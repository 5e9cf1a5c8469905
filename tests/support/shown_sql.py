"""The SQL that is shown of a revision, run by the database's own program on an equal database."""

from __future__ import annotations

import datetime
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from support.evolution import HEADER, Evolution, make, same_schema
from support.project import ProjectFolder

PROGRAMS = {"postgresql": "psql", "mariadb": "mariadb"}


def run_sql(url: str, sql: str) -> None:
    """Run a script as its user would; raises AssertionError at the first statement refused."""
    made = sa.make_url(url)
    backend = made.get_backend_name()
    if backend == "sqlite":
        connection = sqlite3.connect(str(made.database), isolation_level=None)
        try:
            connection.executescript(sql)
        except sqlite3.Error as error:
            raise AssertionError(f"{error}\n{sql}") from error
        finally:
            connection.close()
        return
    backend = "mariadb" if backend == "mysql" else backend
    program = PROGRAMS[backend]
    found = shutil.which(program) or shutil.which("mysql" if program == "mariadb" else program)
    assert found, f"{program} is not installed"
    done = subprocess.run(
        [found, *_arguments(backend, made)], input=sql, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"{done.stderr}\n{sql}"


def _arguments(backend: str, url: sa.URL) -> Sequence[str]:
    host, port = url.host or "127.0.0.1", str(url.port or {"postgresql": 5432}.get(backend, 3306))
    name = str(url.database)
    if backend == "postgresql":
        user = str(url.username or "postgres")
        return [
            *("-X", "-q", "-v", "ON_ERROR_STOP=1"),
            *("-h", host, "-p", port, "-U", user, "-d", name),
        ]
    return [
        *("--no-defaults", "--default-character-set=utf8mb4", f"--host={host}", f"--port={port}"),
        *(f"--user={url.username}", *([f"--password={url.password}"] if url.password else [])),
        name,
    ]


def has_program(backend: str) -> bool:
    program = PROGRAMS.get(backend)
    return program is None or bool(shutil.which(program) or shutil.which("mysql"))


def show_and_run(app: ProjectFolder, twin_url: str, it: Evolution) -> None:
    """What is shown of each revision of ``it``, up and back, does what ``migrate`` does."""
    app.file.write_text(HEADER + it.before)
    make(app, it.choose)
    twin = _twin(app, twin_url)
    run_sql(twin_url, shown(app))
    app.done("migrate")
    _equal(app, twin, app.newest())
    app.insert(it.rows)
    twin.insert(it.rows)
    app.file.write_text(HEADER + it.after)
    make(app, it.choose)
    up, back = shown(app), shown(app, "--backwards")
    run_sql(twin_url, up)
    app.done("migrate")
    _equal(app, twin, up)
    app.file.write_text(HEADER + it.before)
    app.done("rollback")
    run_sql(twin_url, back)
    _equal(app, twin, back)


def shown(app: ProjectFolder, *more: str) -> str:
    """What ``sqlmigrate`` prints of the newest revision."""
    result = app.manage("sqlmigrate", app.revisions[-1][:-3], *more)
    assert result.code == 0, result
    assert "cannot be shown" not in result.stdout, result
    return result.stdout


def _twin(app: ProjectFolder, url: str) -> ProjectFolder:
    twin = object.__new__(ProjectFolder)
    twin.folder, twin.url, twin.author = app.folder, url, None
    return twin


def _equal(app: ProjectFolder, twin: ProjectFolder, sql: str) -> None:
    real, made = _worded(app.schema()), _worded(twin.schema())
    same_schema(real, made, sql)
    for of in (ProjectFolder.data, ProjectFolder.heads):
        found, expected = repr(of(twin)), repr(of(app))
        assert _CLOCK.sub("NOW", found) == _CLOCK.sub("NOW", expected), sql


# What a default took from the clock of this year; the rows of the tests are older.
_CLOCK = re.compile(rf"datetime\({datetime.date.today().year}, [\d, ]+\)")


def _worded(schema: Any) -> Any:
    """``schema`` without the name of the database that it is of, by which MariaDB has views."""
    if isinstance(schema, dict):
        return {key: _worded(value) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_worded(value) for value in schema]
    return re.sub(r"\bt_[0-9a-f]{12}\b", "DATABASE", schema) if isinstance(schema, str) else schema
