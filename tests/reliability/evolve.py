"""Random models with rows are changed at random: every value survives, up, down and up.

    python tests/reliability/evolve.py sqlite 1000 [--seed FIRST] [--keep] [--sql]

Each example has 3 to 6 tables with keys of integers, text, UUIDs or pairs, foreign keys,
link tables, UNIQUEs, CHECKs, indexes, enums and defaults, with a naming convention or
without, and one to four changes. ``makemigrations`` is answered with the flags that it
prints. After ``migrate`` every value that the models still have is equal and ``--check``
is clean; after ``rollback`` schema and rows are those of before.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import sqlalchemy as sa  # noqa: E402
from support.databases import SERVERS, end_sessions, on_server  # noqa: E402
from support.evolution import HEADER, walk  # noqa: E402
from support.project import ProjectFolder  # noqa: E402
from support.random_models import seeds  # noqa: E402
from support.shown_sql import show_and_run  # noqa: E402


@contextmanager
def database(backend: str, folder: Path, label: str) -> Iterator[str]:
    """The URL of an empty database that is dropped afterwards."""
    if backend == "sqlite":
        yield f"sqlite:///{folder / label}.sqlite"
        return
    name, server = f"evolve_{os.getpid()}_{label}", SERVERS[backend]
    on_server(server, f"DROP DATABASE IF EXISTS {name}")
    on_server(server, f"CREATE DATABASE {name}")
    try:
        yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        if backend == "mariadb":
            end_sessions(server, name)
        force = " WITH (FORCE)" if backend == "postgresql" else ""
        on_server(server, f"DROP DATABASE IF EXISTS {name}{force}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("backend", choices=["sqlite", "postgresql", "mariadb"])
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0, help="the first seed (0)")
    parser.add_argument(
        "--sql", action="store_true", help="run what sqlmigrate shows, and compare with migrate"
    )
    parser.add_argument("--keep", action="store_true", help="keep failing projects, print them")
    arguments = parser.parse_args()
    began, failed = time.monotonic(), Counter[str]()
    for seed, evolution in seeds(arguments.seed, arguments.count):
        folder = Path(tempfile.mkdtemp(prefix=f"evolve-{seed}-"))
        try:
            with database(arguments.backend, folder, "db") as url:
                app = ProjectFolder(folder / "project", url)
                if arguments.sql:
                    with database(arguments.backend, folder, "twin") as twin:
                        show_and_run(app, twin, evolution)
                else:
                    walk(app, evolution)
        except Exception as error:
            reason = str(error).strip() or type(error).__name__
            failed[reason.splitlines()[-1][:60]] += 1
            print(f"seed {seed}: {type(error).__name__}: {reason}", flush=True)
            if not isinstance(error, AssertionError):
                traceback.print_exc(file=sys.stdout)
            if arguments.keep:
                (folder / "before.py").write_text(HEADER + evolution.before)
                (folder / "after.py").write_text(HEADER + evolution.after)
                print(f"    {folder}", flush=True)
    print(
        f"{arguments.backend}: {arguments.count} evolutions, {failed.total()} failed, "
        f"{time.monotonic() - began:.0f} s"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
