"""dumpdata and loaddata beside Django's, on the same rows, as ratios of processor time.

    pip install -e '.[benchmarks,postgresql]'
    python tests/benchmarks/fixtures.py [EMPLOYEES] [--runs N] [--backend NAME,...]

hr's tables, seeded; Django has the same rows as its models would have them: departments,
employees, and a ManyToManyField, which its dump writes as a list in each employee. Each command
is a process of its own, start-up included, as it is typed; both sides of a pair run in turn. A
load goes into an empty migrated database. ``memory`` is the peak of our load at five times the
rows against that at these.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from seed_peers.runs import ROOT, fresh, versions

PEER = Path(__file__).resolve().parent / "seed_peers" / "django_fixtures.py"


def spent(url: str, *command: object) -> tuple[float, int]:
    """Seconds of the processor that a command takes, and its peak of memory in KiB."""
    # Installed packages are compiled once, and so is ours here.
    compiled = Path(tempfile.gettempdir(), "sqlalchemy_manage_benchmark")
    settings = {"DATABASE_URL": url, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(compiled)}
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as told:
        started = subprocess.Popen(
            [sys.executable, *map(str, command)],
            cwd=ROOT,
            env=inherited | settings,
            stdout=told,
            stderr=told,
        )
        _, status, usage = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
        if started.returncode:
            told.seek(0)
            sys.exit(f"\nFailed: {' '.join(map(str, command))}\n{told.read().decode()}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


@contextmanager
def django_database(backend: str) -> Iterator[str]:
    with fresh(backend, migrated=False) as url:
        spent(url, PEER, "migrate")
        yield url


def copied(ours: str, theirs: str) -> None:
    """Write our rows into Django's tables, by its names."""
    one, other = sa.create_engine(ours), sa.create_engine(theirs)
    pairs = {
        "SELECT id, name FROM department": "INSERT INTO peer_department VALUES (:id, :name)",
        "SELECT id, name, hired_on, updated_at FROM employee": (
            "INSERT INTO peer_employee VALUES (:id, :name, :hired_on, :updated_at)"
        ),
        "SELECT department_id AS d, employee_id AS e FROM department_employee_link": (
            "INSERT INTO peer_employee_departments (employee_id, department_id) VALUES (:e, :d)"
        ),
    }
    with one.connect() as source, other.begin() as target:
        for query, insert in pairs.items():
            rows = [dict(row) for row in source.execute(sa.text(query)).mappings()]
            target.execute(sa.text(insert), rows)
    one.dispose()
    other.dispose()


def compare(backend: str, employees: int, runs: int) -> None:
    manage = ROOT / "manage.py"
    ratios: dict[str, list[float]] = {"dump": [], "load": []}
    times: dict[str, list[float]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        fresh(backend) as url,
        django_database(backend) as peer,
    ):
        ours, theirs = Path(folder, "ours.json"), Path(folder, "theirs.json")
        spent(url, manage, "seed", "load", "--scale", employees / 1_000_000, "--random-seed", 1)
        copied(url, peer)
        for _ in range(runs):
            seconds = spent(url, manage, "dumpdata", "-o", ours)[0]
            django = spent(peer, PEER, "dumpdata", "peer", "-o", theirs, "-v", "0")[0]
            times.setdefault("dump", []).append(seconds)
            ratios["dump"].append(django / seconds)
            with fresh(backend) as empty, django_database(backend) as nothing:
                seconds = spent(empty, manage, "loaddata", ours)[0]
                django = spent(nothing, PEER, "loaddata", theirs, "-v", "0")[0]
            times.setdefault("load", []).append(seconds)
            ratios["load"].append(django / seconds)
        for name, found in ratios.items():
            print(
                f"  {name}: {statistics.median(found):.1f} times Django's speed (least "
                f"{min(found):.1f}, greatest {max(found):.1f}); ours "
                f"{statistics.median(times[name]):.2f} s"
            )


def memory(employees: int) -> None:
    peaks = []
    for count in (employees, 5 * employees):
        with fresh("sqlite") as url, fresh("sqlite") as empty:
            file = f"{url.removeprefix('sqlite:///')}.json"
            manage = ROOT / "manage.py"
            spent(url, manage, "seed", "load", "--scale", count / 1_000_000, "--random-seed", 1)
            spent(url, manage, "dumpdata", "-o", file)
            peaks.append(spent(empty, manage, "loaddata", file)[1] / 1024)
    print(f"  memory of a load: {peaks[0]:.0f} MiB, of five times the rows {peaks[1]:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("employees", nargs="?", type=int, default=27_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--backend", default="sqlite")
    arguments = parser.parse_args()
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs; {versions(None)}")
    for backend in arguments.backend.split(","):
        print(f"{backend}, {arguments.employees:,} employees, {arguments.runs} pairs")
        compare(backend, arguments.employees, arguments.runs)
    memory(arguments.employees)


if __name__ == "__main__":
    main()
