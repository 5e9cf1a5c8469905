"""``migrate --all`` of many tenants: two processes against one, and one command against many.

    python tests/benchmarks/tenants.py [--tenants N] [--rows N] [--revisions N] [--runs N]
                                       [--url URL] [--folder DIR]

Each tenant is an SQLite file with rows, or with ``--url`` of a PostgreSQL database a schema of
it; the last of its revisions is to be applied. The two are measured in turn (A B A B ...), and
the least time of each counts: what else the machine does only adds to it. Beside the wall time
is the time of the processor, in all processes, which a busy machine changes less.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import sqlalchemy as sa

ROOT = Path(__file__).resolve().parent.parent.parent
MANAGE = [sys.executable, "-m", "sqlalchemy_manage", "migrate"]
MODELS = """\
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "item"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), index=True)
"""
FIRST = """\
    op.create_table(
        "item",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(40), nullable=False),
    )
"""


def write_project(folder: Path, revisions: int, databases: dict[str, dict[str, str]]) -> None:
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").touch()
    (folder / "shop" / "models.py").write_text(MODELS)
    (folder / "settings.py").write_text(f"DATABASES = {databases!r}\nINSTALLED_APPS = ['shop']\n")
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    for name in ("env.py", "script.py.mako"):
        shutil.copy(ROOT / "sqlalchemy_manage" / "migrations" / "templates" / name, versions.parent)
    below = None
    for number in range(1, revisions + 1):
        name = f"{number:04}_step"
        body = (
            FIRST
            if number == 1
            else f'    op.create_table("t{number}", sa.Column("n", sa.Integer()))\n'
        )
        if number == revisions:
            body = '    op.create_index("ix_item_name", "item", ["name"])\n'
        (versions / f"{name}.py").write_text(
            f'"""Step {number}."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
            f'revision = "{name}"\ndown_revision = {below!r}\nbranch_labels = None\n'
            f"depends_on = None\n\n\ndef upgrade() -> None:\n{body}\n\n"
            "def downgrade() -> None:\n    pass\n"
        )
        below = name


def fill(url: str, schema: str | None, rows: int) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    table = f"{schema}.item" if schema else "item"
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) "
            f"INSERT INTO {table} SELECT i, 'item' || i FROM n"
            if schema is None
            else f"INSERT INTO {table} SELECT i, 'item' || i FROM generate_series(1, {rows}) i"
        )


def run(folder: Path, *words: str) -> tuple[float, float]:
    """Seconds on the wall and of the processor; ends the benchmark if the command fails."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [*MANAGE, *words], cwd=folder, env=environment, capture_output=True, text=True
    )
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, used


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tenants", type=int, default=200)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--revisions", type=int, default=50)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--alone", type=int, default=10, help="tenants with a command of their own")
    parser.add_argument("--url", help="of an empty PostgreSQL database")
    parser.add_argument("--folder", type=Path, help="where the files are; a disk may be slow")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as place:
        folder = Path(place)
        names = ["default", *(f"tenant_{i:03}" for i in range(1, args.tenants))]
        if args.url:
            databases = {n: {"URL": args.url, "SCHEMA": f"bench_{n}"} for n in names}
        else:
            databases = {n: {"URL": f"sqlite:///{folder / n}.sqlite"} for n in names}
        write_project(folder, args.revisions, databases)
        last, below = f"{args.revisions:04}", f"{args.revisions - 1:04}"
        run(folder, "--all", below)
        for name in names:
            fill(databases[name]["URL"], databases[name].get("SCHEMA"), args.rows)
        kept = folder / "kept"
        if not args.url:
            kept.mkdir()
            for name in names:
                shutil.copy(folder / f"{name}.sqlite", kept)
        found: dict[str, list[tuple[float, float]]] = {"1": [], "2": []}

        def again() -> None:
            if args.url:
                engine = sa.create_engine(args.url, poolclass=sa.NullPool)
                with engine.begin() as connection:
                    for name in names:
                        connection.exec_driver_sql(
                            f"DROP INDEX IF EXISTS bench_{name}.ix_item_name"
                        )
                run(folder, "--all", below, "--fake")
            else:
                for name in names:
                    shutil.copy(kept / f"{name}.sqlite", folder)

        for _ in range(args.runs):
            for jobs, times in found.items():
                again()
                times.append(run(folder, "--all", "--jobs", jobs, last))
        again()
        alone = [run(folder, "--database", name, last) for name in names[: args.alone]]
    one, two = (min(times) for times in found.values())
    used = [min(used for _, used in times) for times in found.values()]
    each = sum(seconds for seconds, _ in alone) / len(alone)
    print(
        f"Python {platform.python_version()}, SQLAlchemy {version('sqlalchemy')}, "
        f"Alembic {version('alembic')}, {os.cpu_count()} cores, {platform.machine()}"
    )
    kind = "PostgreSQL schemas" if args.url else "SQLite files"
    print(
        f"{args.tenants} {kind} of {args.rows:,} rows, {args.revisions} revisions, the last "
        f"to be applied; least of {args.runs} runs"
    )
    print(
        f"--jobs 1: {one[0]:.2f} s ({used[0]:.2f} s of the processor), "
        f"{one[0] / args.tenants * 1000:.0f} ms a tenant"
    )
    print(f"--jobs 2: {two[0]:.2f} s ({used[1]:.2f} s of the processor)")
    print(f"--jobs 2 against --jobs 1: {one[0] / two[0]:.2f} times as fast")
    print(
        f"a command for each tenant: {each:.2f} s, {each / (one[0] / args.tenants):.0f} times "
        "what a tenant takes in one command"
    )


if __name__ == "__main__":
    main()
