"""loaddata at the command line, on the sample app."""

from __future__ import annotations

import json
import os
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


def written(folder: Path, text: str) -> Path:
    path = folder / "by_hand.json"
    path.write_text(text)
    return path


def test_compressed_files_and_a_record_a_line(
    manage: Manage, hr: sa.Engine, tmp_path: Path
) -> None:
    manage("loaddata", "sample")
    whole = manage("dumpdata").stdout
    for name in ("x.json.gz", "x.jsonl", "x.jsonl.gz", "x.json.bz2", "x.jsonl.xz"):
        path = tmp_path / name
        assert manage("dumpdata", "-o", path).code == 0
        twice = path.read_bytes()
        manage("dumpdata", "-o", path)
        assert path.read_bytes() == twice
        done = manage("loaddata", path)
        assert done.stderr.startswith("Installed 8 records (0 new, 0 changed, 8"), name
    lines = manage("dumpdata", "--format", "jsonl").stdout
    assert [json.loads(line) for line in lines.splitlines()] == json.loads(whole)
    assert manage("loaddata", written(tmp_path, lines)).code == 0
    cut = tmp_path / "cut.json.gz"
    cut.write_bytes((tmp_path / "x.json.gz").read_bytes()[:-20])
    assert "cut.json.gz cannot be read" in manage("loaddata", cut).stderr
    (tmp_path / "no.json.gz").write_text("[]")
    assert (
        "no.json.gz cannot be read: Not a gzipped file"
        in manage("loaddata", tmp_path / "no.json.gz").stderr
    )


def test_what_is_no_file_and_what_says_nothing(
    manage: Manage, hr: sa.Engine, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    for path, word in ((pipe, "named pipe"), ("/dev/zero", "device"), (tmp_path, "folder")):
        done = manage("loaddata", path)
        assert (done.code, f"is a {word}" in done.stderr) == (1, True), done.stderr
    for text, message in (
        ('[{"model": "hr.department"}]', "record 1 (hr.department): has neither a pk nor fields"),
        ('[{"model": "hr.department", "pk": 1, "pk": 2}]', 'record 1: an object has the key "pk"'),
        ('[{"model": "hr.department", "pk": 1, "fields": {"name": "\0"}}]', "not valid JSON"),
    ):
        done = manage("loaddata", written(tmp_path, text))
        assert (done.code, message in done.stderr) == (1, True), done.stderr


def test_what_does_not_exist_or_is_excluded_is_left_out(
    manage: Manage, hr: sa.Engine, tmp_path: Path
) -> None:
    path = written(
        tmp_path,
        json.dumps(
            [
                {"model": "hr.gone", "pk": 1, "fields": {"x": 1}},
                {"model": "hr.department", "pk": 1, "fields": {"name": "IT", "floor": 3}},
                {"model": "hr.department", "pk": 1, "fields": {"name": "ICT"}},
                {"model": "hr.employee", "pk": 1, "fields": {"name": "A"}},
            ]
        ),
    )
    assert manage("loaddata", path).code == 1
    done = manage("loaddata", path, "-i", "-e", "hr.Employee", "--exclude", "hr.employee")
    assert done.code == 0
    assert 'does not exist: model "hr.gone".' in done.stderr
    assert 'field "floor" of hr.department.' in done.stderr
    assert "record 3 give different values for 'name' of hr.department 1" in done.stderr
    assert "Installed 1 record (1 new" in done.stderr
    assert json.loads(manage("dumpdata").stdout)[0]["fields"] == {"name": "ICT"}
    assert manage("loaddata", path, "-e", "hr.nobody").code == 2
