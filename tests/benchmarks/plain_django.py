"""Django on the shapes of tests/projects/plain: the same walk, for the table beside them.

    python tests/benchmarks/plain_django.py [SHAPE ...] [--table FILE]

Needs the ``benchmarks`` extra. Each shape is a project of its own: makemigrations, migrate,
``makemigrations --check``, rows, the change, the same, back, to zero, and up again.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests")]

import sqlalchemy as sa  # noqa: E402
from support.databases import BACKENDS, SERVERS, on_server  # noqa: E402

PLAIN = ROOT / "tests" / "projects" / "plain"
SETTINGS = """
import pymysql
pymysql.version_info = (2, 2, 8, "final", 0)
pymysql.install_as_MySQLdb()
INSTALLED_APPS = ["shop"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False
SILENCED_SYSTEM_CHECKS = ["fields.W342", "mysql.W003", "models.W036", "models.W037"]
DATABASES = {{"default": {database!r}}}
"""
MANAGE = """
import os, sys
from django.core.management import execute_from_command_line
os.environ["DJANGO_SETTINGS_MODULE"] = "config"
execute_from_command_line(sys.argv)
"""
HEADER = """
import datetime, decimal, uuid
from django.db.models import *
from django.db.models.functions import Now
"""
ROWS = """
import datetime, decimal, os, sys, uuid
os.environ["DJANGO_SETTINGS_MODULE"] = "config"
import django
django.setup()
from django.apps import apps
models = {m._meta.model_name: m for m in apps.get_app_config("shop").get_models()}
if sys.argv[1] == "insert":
    for table, rows in eval(open("rows.txt").read()).items():
        model = models[table.lower()]
        names = {f.column.lower(): f.attname for f in model._meta.fields}
        own = {f.column.lower() for f in model._meta.local_fields}
        for row in rows:
            row = {names[c.lower()]: v for c, v in row.items() if c.lower() in names}
            parent = next(iter(model._meta.parents), None)
            made = model(**row)
            if parent:  # joined inheritance: the parent's row is there
                link = model._meta.parents[parent].attname
                made = model(**{link: row["id"]})
                made.__dict__.update(parent.objects.get(pk=row["id"]).__dict__)
            made.save_base(raw=True)
for name, model in sorted(models.items()):
    for row in sorted(model.objects.values(), key=repr):
        for column, value in sorted(row.items()):
            print(f"{name}.{column} {value!r}")
"""


def database(backend: str, folder: Path) -> dict[str, object]:
    if backend == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "db.sqlite")}
    url = sa.make_url(SERVERS[backend])
    drop(backend)
    on_server(SERVERS[backend], "CREATE DATABASE plain_django")
    engine = {"postgresql": "postgresql", "mariadb": "mysql"}[backend]
    return {
        "ENGINE": f"django.db.backends.{engine}",
        "NAME": "plain_django",
        "HOST": url.host,
        "PORT": str(url.port or ""),
        "USER": url.username,
        "PASSWORD": url.password or "",
    }


def drop(backend: str) -> None:
    if backend != "sqlite":
        on_server(SERVERS[backend], "DROP DATABASE IF EXISTS plain_django")


class Failed(Exception):
    """A step of the walk that did not do what it has to do."""


def walk(cells: dict[str, str], backend: str, folder: Path) -> None:
    def run(*args: str) -> str:
        done = subprocess.run(
            [sys.executable, *args], cwd=folder, capture_output=True, text=True, timeout=120
        )
        if done.returncode:
            raise Failed(f"{' '.join(args)}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def models(cell: str) -> None:
        (folder / "shop" / "models.py").write_text(HEADER + cells[cell])

    def migrate() -> None:
        run("manage.py", "makemigrations", "shop", "--noinput")
        run("manage.py", "migrate", "--noinput")
        run("manage.py", "makemigrations", "--check", "--noinput")

    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").touch()
    (folder / "config.py").write_text(SETTINGS.format(database=database(backend, folder)))
    (folder / "manage.py").write_text(MANAGE)
    (folder / "rows.py").write_text(ROWS)
    (folder / "rows.txt").write_text(cells["rows"].strip())
    models("django before")
    migrate()
    before = run("rows.py", "insert")
    models("django after")
    migrate()
    upgraded = run("rows.py", "dump")
    kept = {line.split()[0] for line in before.splitlines()}
    places = kept & {line.split()[0] for line in upgraded.splitlines()}
    if _of(before, places) != _of(upgraded, places):
        raise Failed(f"values: {_of(before, places)} {_of(upgraded, places)}")
    run("manage.py", "migrate", "shop", "0001")
    models("django before")
    undone = run("rows.py", "dump")
    if _of(before, places) != _of(undone, places):
        raise Failed("values after the way back")
    models("django after")
    run("manage.py", "migrate", "shop", "zero")
    run("manage.py", "migrate")


def _of(text: str, places: set[str]) -> list[str]:
    """The values at these places; a number that became text is the same value."""
    lines = (line.split(" ", 1) for line in text.splitlines())
    return sorted(
        f"{place} {re.sub(r'(?<=[.]..)00(?=.)', '', value)}".replace("'", "")
        for place, value in lines
        if place in places
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("shape", nargs="*")
    parser.add_argument("--table", type=Path, help="write the results into this file")
    arguments = parser.parse_args()
    lines, failed = [], 0
    for path in sorted(PLAIN.glob("*.py")):
        if arguments.shape and path.stem not in arguments.shape:
            continue
        _, *parts = re.split(r"^# %% (.+)\n", path.read_text(), flags=re.M)
        cells = dict(zip(parts[::2], parts[1::2], strict=True))
        results = []
        for backend in BACKENDS:
            if cannot := cells.get("django cannot"):
                results = [cannot.strip().removeprefix("# ").rstrip("."), *[""] * 2]
                break
            with tempfile.TemporaryDirectory() as folder:
                try:
                    walk(cells, backend, Path(folder))
                    results.append("passes")
                except Failed as error:
                    failed += 1
                    results.append("fails")
                    print(f"{path.stem}, {backend}: {error}", file=sys.stderr)
                finally:
                    drop(backend)
        lines.append(f"| {path.stem} | {' | '.join(results)} |")
        print(lines[-1], flush=True)
    if arguments.table:
        head = f"| shape | {' | '.join(BACKENDS)} |"
        rule = "|---" * (len(BACKENDS) + 1) + "|"
        arguments.table.write_text("\n".join([head, rule, *lines]) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
