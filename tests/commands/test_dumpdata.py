"""dumpdata at the command line, on the sample app."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from support.programs import ROOT, Manage, run

from hr.models import Base

SAMPLE = """\
[
{"model": "hr.department", "pk": 1, "fields": {"name": "IT"}},
{"model": "hr.department", "pk": 2, "fields": {"name": "Financial"}},
{"model": "hr.employee", "pk": 1, "fields": {"name": "Cathy", \
"hired_on": "2014-03-03T09:00:00", "updated_at": null}},
{"model": "hr.employee", "pk": 2, "fields": {"name": "Marry", \
"hired_on": "2014-03-10T09:00:00", "updated_at": null}},
{"model": "hr.employee", "pk": 3, "fields": {"name": "John", \
"hired_on": "2014-04-01T09:00:00", "updated_at": null}},
{"model": "hr.department_employee_link", "pk": [1, 3], "fields": {}},
{"model": "hr.department_employee_link", "pk": [2, 1], "fields": {}},
{"model": "hr.department_employee_link", "pk": [2, 2], "fields": {}}
]
"""


def test_the_sample_comes_out_on_stdout(manage: Manage, engine: sa.Engine) -> None:
    Base.metadata.create_all(engine)
    manage("loaddata", "sample")
    done = manage("dumpdata")
    assert (done.code, done.stdout, done.stderr) == (0, SAMPLE, "")
    assert manage("dumpdata", "hr").stdout == SAMPLE
    one = manage("dumpdata", "HR.Department", "--indent", "1").stdout
    assert json.loads(one) == json.loads(SAMPLE)[:2]
    assert one.startswith('[\n {\n  "model"')


def test_a_file_takes_the_dump(manage: Manage, engine: sa.Engine, tmp_path: Path) -> None:
    Base.metadata.create_all(engine)
    manage("loaddata", "sample")
    path = tmp_path / "out.json"
    done = manage("dumpdata", "hr", "-o", path)
    assert (done.code, done.stdout) == (0, "")
    assert done.stderr == f"Dumped 8 records of 3 tables to {path}.\n"
    assert path.read_text() == SAMPLE


def test_a_failed_dump_leaves_the_file_alone(
    manage: Manage, engine: sa.Engine, tmp_path: Path
) -> None:
    path = tmp_path / "out.json"
    path.write_text("old")
    done = manage("dumpdata", "hr", "-o", path)
    assert done.code == 1
    assert path.read_text() == "old"
    Base.metadata.create_all(engine)
    assert manage("dumpdata", "hx", "-o", path).code == 2
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.glob("*.json")] == ["out.json"]


KILLED = """
import os, signal, sys
from sqlalchemy_manage.cli import main
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
sys.exit(main(["dumpdata", "-o", sys.argv[1]]))
"""


def test_a_killed_dump_leaves_the_file_alone(
    manage_on: Callable[[str], Manage], new_database: Callable[..., str], tmp_path: Path
) -> None:
    url = new_database("sqlite")
    engine = sa.create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()
    path = tmp_path / "out.json"
    path.write_text("old")
    done = run(ROOT, "-c", KILLED, path, url=url)
    assert done.code == -signal.SIGKILL
    assert path.read_text() == "old"


def test_a_closed_pipe_is_no_error_message(new_database: Callable[..., str]) -> None:
    url = new_database("sqlite")
    engine = sa.create_engine(url)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        names = [{"name": "x" * 200} for _ in range(5000)]
        connection.execute(sa.insert(Base.metadata.tables["department"]), names)
    engine.dispose()
    import os
    import sys

    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} manage.py dumpdata | head -n 1"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == ("[\n", "")


def test_a_choice_of_rows(manage: Manage, engine: sa.Engine) -> None:
    Base.metadata.create_all(engine)
    manage("loaddata", "sample")
    found = json.loads(manage("dumpdata", "hr", "-e", "hr.Employee").stdout)
    assert {r["model"] for r in found} == {"hr.department", "hr.department_employee_link"}
    done = manage("dumpdata", "hr.employee", "--pks", "3,1,9")
    assert [r["pk"] for r in json.loads(done.stdout)] == [1, 3]
    assert "Of 3 primary keys, 2 were found." in done.stderr
    link = manage("dumpdata", "hr.department_employee_link", "--pks", "[1, 3],[2,2]")
    assert [r["pk"] for r in json.loads(link.stdout)] == [[1, 3], [2, 2]]
    for arguments in (
        ("hr", "--pks", "1"),
        ("hr.employee", "--pks", "x"),
        ("hr.department_employee_link", "--pks", "1"),
        ("-e", "hr.nobody"),
        ("--indent", "1", "--format", "jsonl"),
    ):
        assert manage("dumpdata", *arguments).code == 2, arguments
