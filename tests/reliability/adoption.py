"""Public projects are adopted with no edit of their files, and every command works on them.

    python tests/reliability/adoption.py [PROJECT ...] [--venvs DIRECTORY] [--keep] [-v]

Each is installed from the package registry into a virtual environment of its own, unless it is
there already. Its own tool makes a database; ``init`` lays manage.py and settings.py into an
empty folder, and from then on the commands run on that database: nothing is to be done, the
models are compared, random rows are dumped and loaded, the newest revision is undone and applied
again. Then the commands make a new database, which has to have the same schema as that of the
project's own tool. The files of the project are compared before and after.
"""

from __future__ import annotations

import argparse
import configparser
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "reliability" / "adoption"


@dataclass(frozen=True)
class Adopted:
    """A public project, and what of it is not as with the others.

    ``packages`` are installed, and then ``unpinned`` ones over their pins. ``watched``: the
    package whose files must stay. ``init``: the arguments of ``init``, in which ``{site}`` is
    where packages are installed. ``settings``: what is added to the settings that it writes.
    ``environ``: in which ``{url}`` is the database, and ``{folder}`` where manage.py is.
    ``undoes``: how the database is made on which the newest revision is undone. ``own_schema``:
    whether a new database is like that of the project's own tool. ``links``: how checklinks ends.
    """

    packages: tuple[str, ...]
    watched: str
    init: tuple[str, ...]
    environment: str = ""
    unpinned: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    driver: str = "sqlite"
    undoes: str = "own"
    links: tuple[int, ...] = (0,)
    settings: str = ""
    own_schema: bool = True


PROJECTS: dict[str, Adopted] = {
    "mlflow": Adopted(
        ("mlflow",),
        "mlflow",
        ("--config", "{site}/mlflow/store/db_migrations/alembic.ini"),
        settings='NEW_DATABASE = "mlflow.store.tracking.dbmodels.initial_models:Base.metadata"',
        links=(1,),  # the database lacks a foreign key of the models
    ),
    "mlflow_auth": Adopted(
        ("mlflow", "flask-wtf"),
        "mlflow/server/auth",
        ("--config", "{site}/mlflow/server/auth/db/migrations/alembic.ini"),
        environment="mlflow",
    ),
    "optuna": Adopted(
        ("optuna",),
        "optuna",
        ("--config", "{site}/optuna/storages/_rdb/alembic.ini"),
        undoes="from base",  # it drops an index that create_all does not make
    ),
    "ihatemoney": Adopted(
        ("ihatemoney",),
        "ihatemoney",
        ("--config", "{site}/ihatemoney/migrations/alembic.ini"),
        environ={"IHATEMONEY_SETTINGS_FILE_PATH": "{folder}/ihatemoney.cfg"},
    ),
    "jupyterhub": Adopted(
        ("jupyterhub",),
        "jupyterhub",
        ("--config", "{site}/jupyterhub/alembic.ini"),
    ),
    "prefect": Adopted(
        ("prefect",),
        "prefect",
        ("--config", "{site}/prefect/server/database/alembic.ini"),
        environ={
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": "{url}",
            "PREFECT_HOME": "{folder}/home",
        },
        driver="sqlite+aiosqlite",
    ),
    "zenml": Adopted(
        ("zenml[local]",),
        "zenml",
        ("--config", "{site}/zenml/zen_stores/migrations"),
        unpinned=("alembic>=1.18",),
        settings='NEW_DATABASE = "create_all"',  # a revision is for MySQL alone
        environ={
            "ZENML_STORE_URL": "{url}",
            "ZENML_CONFIG_PATH": "{folder}/config",
            "ZENML_ANALYTICS_OPT_IN": "false",
        },
    ),
    "litestar": Adopted(
        ("litestar[standard]", "advanced-alchemy", "aiosqlite"),
        "advanced_alchemy",
        (),
        driver="sqlite+aiosqlite",
    ),
}


class Failed(Exception):
    """A command did not do what it has to."""


class Folder:
    """A folder with a project's manage.py, and the virtual environment that it runs in."""

    def __init__(self, name: str, venvs: Path, folder: Path, *, shows: bool) -> None:
        self.name = name
        self.project = PROJECTS[name]
        self.folder = folder
        self.shows = shows
        self.venv = venvs / (self.project.environment or name)
        self.python = self.venv / "bin" / "python"
        self.environ: dict[str, str] = {}

    def install(self) -> None:
        """Make the virtual environment, if it is not there."""
        if self.python.exists():
            return
        venv.create(self.venv, with_pip=True)
        setup = configparser.ConfigParser()
        setup.read(ROOT / "setup.cfg")
        needed = setup["options"]["install_requires"].split()
        pip = [str(self.python), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *self.project.packages, *needed], check=True)
        if self.project.unpinned:
            subprocess.run([*pip, "--upgrade", *self.project.unpinned], check=True)

    @property
    def site(self) -> Path:
        return next(self.venv.glob("lib/python3*/site-packages"))

    def digest(self) -> str:
        """Of every file of the project's package."""
        files = sorted(p for p in (self.site / self.project.watched).rglob("*") if p.is_file())
        found = hashlib.sha256()
        for file in files:
            if "__pycache__" not in file.parts:
                found.update(f"{file}\n".encode() + file.read_bytes())
        return found.hexdigest()

    def url(self, name: str) -> str:
        return f"{self.project.driver}:///{self.folder / name}.sqlite"

    def use(self, name: str) -> None:
        """Let the commands to come work on the database of this name."""
        url = self.url(name)
        words = {"url": url, "folder": self.folder}
        own = {k: v.format(**words) for k, v in self.project.environ.items()}
        self.environ = {"DATABASE_URL": url, **own}

    def run(self, *words: str, expect: Iterable[int] = (0,), into: Path | None = None) -> str:
        """All that a command prints; raises Failed for a traceback, or another exit code."""
        began = time.monotonic()
        environ = os.environ | self.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
        done = subprocess.run(
            [str(self.python), *words],
            cwd=self.folder,
            env=environ,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        text = f"{done.stdout}{done.stderr}"
        if self.shows:
            print(f"$ {' '.join(words)}\n{text}".rstrip(), flush=True)
            print(f"[exit {done.returncode}, {time.monotonic() - began:.1f} s]", flush=True)
        if done.returncode not in expect or "Traceback" in text:
            end = "\n".join(text.splitlines()[-30:])
            raise Failed(f"{' '.join(words)}: exit {done.returncode}\n{end}")
        if into is not None:
            into.write_text(done.stdout)
        return text

    def manage(self, *words: str, expect: Iterable[int] = (0,), into: Path | None = None) -> str:
        return self.run("manage.py", *words, expect=expect, into=into)

    def schema(self, name: str) -> str:
        """The schema of a database, as text in an order that does not depend on its making."""
        text = self.folder / "schema.txt"
        self.run(str(DATA / "schema.py"), str(self.folder / f"{name}.sqlite"), into=text)
        return text.read_text()


def adopt(app: Folder) -> None:
    """Run everything; raises Failed, or AssertionError."""
    app.install()
    if (DATA / app.name).is_dir():
        shutil.copytree(DATA / app.name, app.folder, dirs_exist_ok=True)
    app.use("own")
    before = app.digest()
    app.run("own.py", app.url("own"))
    made = app.schema("own")
    site = str(app.site)
    app.run(
        "-m", "sqlalchemy_manage", "init", *(word.format(site=site) for word in app.project.init)
    )

    if app.project.settings:
        file = app.folder / "settings.py"
        file.write_text(f"{file.read_text()}\n{app.project.settings}\n")

    def again(name: str, before: str) -> None:
        app.manage("rollback", "--allow-data-loss")
        app.manage("migrate")
        if (now := app.schema(name)) != before:
            raise Failed(f"rollback and migrate changed the schema:\n{_difference(before, now)}")

    shown = app.manage("showmigrations")
    if "[ ]" in shown or "[X]" not in shown:
        raise Failed(f"showmigrations: not all is applied:\n{shown}")
    if "Nothing to do" not in app.manage("migrate"):
        raise Failed("migrate had something to do")
    if (now := app.schema("own")) != made:
        raise Failed(f"migrate changed the schema:\n{_difference(made, now)}")
    head = re.findall(r"\[X\]\s+(\S+)", shown)[-1]
    app.manage("sqlmigrate", head)
    app.manage("check", expect=(0, 1))
    app.manage("makemigrations", "--check", expect=(0, 1))
    app.manage("checklinks", expect=app.project.links)
    app.manage("seed", "--auto", expect=(0, 1))
    app.manage("dumpdata", into=app.folder / "rows.json")
    if app.project.undoes == "own":
        again("own", made)
    app.use("new")
    app.manage("migrate")
    app.manage("check", expect=(0, 1))
    if app.project.own_schema and (new := app.schema("new")) != made:
        raise Failed(f"the new database has another schema:\n{_difference(made, new)}")
    if app.project.undoes == "from base":
        app.use("base")
        app.manage("migrate", "--from-base")
        again("base", app.schema("base"))
        app.use("new")
    app.manage("loaddata", "rows.json")
    app.manage("dumpdata", into=app.folder / "again.json")
    if (app.folder / "again.json").read_text() != (app.folder / "rows.json").read_text():
        raise Failed("the loaded rows are not those that were dumped")
    app.manage("checklinks", expect=app.project.links)
    app.use("own")
    app.run("own.py", app.url("own"))
    if app.digest() != before:
        raise Failed("files of the project have changed")


def _difference(old: str, new: str) -> str:
    left, right = set(old.splitlines()), set(new.splitlines())
    return "\n".join(
        [*(f"- {x}" for x in sorted(left - right)), *(f"+ {x}" for x in sorted(right - left))]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("projects", nargs="*", metavar="PROJECT", help=", ".join(PROJECTS))
    parser.add_argument("--venvs", type=Path, help="where the virtual environments are")
    parser.add_argument("--keep", action="store_true", help="keep the folders")
    parser.add_argument("-v", "--verbose", action="store_true", help="show what is printed")
    arguments = parser.parse_args()
    if unknown := set(arguments.projects) - PROJECTS.keys():
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    venvs = arguments.venvs or Path(tempfile.mkdtemp(prefix="adoption-venvs-"))
    failed = 0
    for name in arguments.projects or PROJECTS:
        folder = Path(tempfile.mkdtemp(prefix=f"adoption-{name}-"))
        app = Folder(name, venvs.resolve(), folder, shows=arguments.verbose)
        try:
            adopt(app)
            print(f"{name}: adopted", flush=True)
        except (Failed, AssertionError, subprocess.CalledProcessError) as error:
            failed += 1
            print(f"{name}: FAILED\n{error}\n  in {folder}", flush=True)
            continue
        if not arguments.keep:
            shutil.rmtree(folder)
    if arguments.venvs is None:
        shutil.rmtree(venvs)
    print(f"{len(arguments.projects or PROJECTS) - failed} adopted, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
