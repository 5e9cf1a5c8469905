"""loaddata at the command line, on the sample app."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from support.databases import BACKENDS
from support.programs import ROOT, Manage, run

from hr.models import Base, Department, Employee


@pytest.fixture
def hr(engine: sa.Engine) -> sa.Engine:
    """A database with hr's tables, without rows."""
    Base.metadata.create_all(engine)
    return engine


def test_the_storys_sample(manage: Manage, hr: sa.Engine) -> None:
    done = manage("loaddata", "sample")
    assert (done.code, done.stdout) == (0, "")
    assert done.stderr == ("Installed 8 records (8 new, 0 changed, 0 unchanged) from 1 fixture.\n")
    with Session(hr) as session:
        departments = session.scalars(sa.select(Department).order_by(Department.id)).all()
        found = {d.name: sorted(e.name or "" for e in d.employees) for d in departments}
        assert found == {"IT": ["John"], "Financial": ["Cathy", "Marry"]}
        john = session.scalars(sa.select(Employee).where(Employee.name == "John")).one()
        assert [d.name for d in john.departments] == ["IT"]
        session.add(Employee(name="Ann", departments=[departments[0]]))
        session.commit()
        assert session.scalar(sa.select(sa.func.max(Employee.id))) == 4
    again = manage("loaddata", "sample", "--json")
    assert json.loads(again.stdout) == {
        "records": 8,
        "new": 0,
        "changed": 0,
        "unchanged": 8,
        "fixtures": 1,
    }
    assert again.stderr == ""


@pytest.mark.server
def test_a_dump_goes_around_all_databases(
    manage_on: Callable[[str], Manage], new_database: Callable[..., str], tmp_path: Path
) -> None:
    dumps = []
    for backend in (*BACKENDS, "sqlite"):
        url = new_database(backend)
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        Base.metadata.create_all(engine)
        manage = manage_on(url)
        path = tmp_path / f"{len(dumps)}.json"
        source = tmp_path / f"{len(dumps) - 1}.json" if dumps else "sample"
        assert manage("loaddata", source).code == 0
        assert manage("dumpdata", "-o", path).code == 0
        dumps.append(path.read_bytes())
    assert len(set(dumps)) == 1


def test_a_fixture_from_the_standard_input(
    new_database: Callable[..., str],
) -> None:
    url = new_database("sqlite")
    engine = sa.create_engine(url)
    Base.metadata.create_all(engine)
    text = '\ufeff[{"model": "hr.Department", "pk": 1, "fields": {"name": "Zoë"}}]'
    done = run(ROOT, "manage.py", "loaddata", "-", url=url, stdin=text, PYTHONUTF8="1")
    assert done.code == 0, done
    with engine.connect() as connection:
        assert connection.scalar(sa.select(Department.name)) == "Zoë"
    engine.dispose()


def test_a_failure_leaves_the_database_as_it_was(
    manage: Manage, hr: sa.Engine, tmp_path: Path
) -> None:
    manage("loaddata", "sample")
    before = manage("dumpdata").stdout
    path = tmp_path / "bad.json"
    records = [
        {"model": "hr.department", "pk": 1, "fields": {"name": "changed"}},
        {"model": "hr.department", "pk": 3, "fields": {"name": "new"}},
        {"model": "hr.department_employee_link", "pk": [3, 77], "fields": {}},
    ]
    path.write_text(json.dumps(records))
    done = manage("loaddata", "sample", path)
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: {path}, record 3 (hr.department_employee_link [3, 77]): employee_id 77 refers "
        "to a row of hr.employee that is neither in the fixture nor in the database.\n"
    )
    assert manage("dumpdata").stdout == before


KILLED = """
import os, signal, sys
from sqlalchemy_manage.cli import main
from sqlalchemy_manage.data import backends
# The last step before the commit: all rows are written.
backends.advance_sequences = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
sys.exit(main(["loaddata", "sample"]))
"""


def test_a_killed_load_leaves_the_database_as_it_was(
    manage: Manage, hr: sa.Engine, database_url: str
) -> None:
    done = run(ROOT, "-c", KILLED, url=database_url)
    assert done.code == -signal.SIGKILL, done
    assert manage("dumpdata").stdout == "[]\n"
    assert manage("loaddata", "sample").code == 0


def test_wrong_names(manage_on: Callable[[str], Manage], new_database: Callable[..., str]) -> None:
    manage = manage_on(new_database("sqlite"))
    done = manage("loaddata", "sampel")
    assert done.code == 1
    assert done.stderr == (
        "Error: There is no fixture 'sampel'. Did you mean 'sample'?\n"
        "Looked in fixtures, hr/fixtures. Found there: sample.\n"
    )
    assert manage("loaddata").code == 2
    assert "There is no database file" in manage("loaddata", "sample").stderr


def test_a_database_without_tables(manage: Manage, engine: sa.Engine) -> None:
    with engine.connect():
        pass
    if engine.dialect.name == "sqlite":
        Path(engine.url.database or "").touch()
    done = manage("loaddata", "sample")
    assert done.code == 1
    assert done.stderr == (
        "Error: The database has no tables department, department_employee_link, employee.\n"
        "manage.py migrate creates the tables of the revisions.\n"
    )
