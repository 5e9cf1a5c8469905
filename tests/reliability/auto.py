"""Random models without factories are filled: ``seed --auto``, whole links, and undo.

    python tests/reliability/auto.py sqlite 1 [--seed FIRST] [--tables 300] [--keys 593] [--keep]

The models have keys of integers, text, UUIDs or pairs, keys that are foreign keys, link tables
and association objects, joined inheritance, circles, self references, one-to-one links, UNIQUEs,
CHECKs on one column and on two, enums and defaults. Every table gets rows, 0 errors; after
``seed --undo`` every table is empty.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "reliability")]

from evolve import database  # noqa: E402
from support.project import ProjectFolder  # noqa: E402
from support.random_schema import schema  # noqa: E402


def fill(app: ProjectFolder) -> int:
    """How many rows were made; raises AssertionError where something is wrong."""
    tables = app.metadata.tables.values()
    app.metadata.create_all(app.engine)
    quote = app.engine.dialect.identifier_preparer.format_table
    app.done("seed", "--auto", "--random-seed", "1")
    made = [app.query(f"SELECT count(*) FROM {quote(table)}")[0][0] for table in tables]
    links = app.done("checklinks").stdout.splitlines()[-1]
    assert links.startswith("links ok"), links
    app.done("seed", "--undo")
    left = sum(app.query(f"SELECT count(*) FROM {quote(table)}")[0][0] for table in tables)
    assert left == 0, f"{left} rows are left"
    return sum(made)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("backend", choices=["sqlite", "postgresql", "mariadb"])
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--tables", type=int, default=300)
    parser.add_argument("--keys", type=int, default=593)
    parser.add_argument("--keep", action="store_true", help="keep the failing projects")
    arguments = parser.parse_args()
    began, failed = time.monotonic(), 0
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        folder = Path(tempfile.mkdtemp(prefix=f"auto-{seed}-"))
        try:
            with database(arguments.backend, folder) as url:
                app = ProjectFolder(folder / "project", url)
                app.file.write_text(schema(Random(seed), arguments.tables, arguments.keys))
                rows = fill(app)
            print(f"seed {seed}: {rows:,} rows", flush=True)
        except Exception as error:
            failed += 1
            print(f"seed {seed}: {error}", flush=True)
            if arguments.keep:
                print(f"    {folder}", flush=True)
    print(
        f"{arguments.backend}: {arguments.count} x {arguments.tables} tables with "
        f"{arguments.keys} keys, {failed} failed, {time.monotonic() - began:.0f} s"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
