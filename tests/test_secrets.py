"""A password in a URL is nowhere: not on the screen, not in a traceback, not in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from support.programs import run

CANARY = "kAn4rY0wl"
# Whoever writes half of it writes it, too.
TRACES = (CANARY, "kAn4", "rY0wl")

URLS = {
    "nobody answers": f"postgresql://somebody:{CANARY}@127.0.0.1:1/nowhere",
    "nobody answers, MariaDB": f"mariadb+pymysql://somebody:{CANARY}@127.0.0.1:1/nowhere",
    "in the query": f"postgresql://somebody@127.0.0.1:1/nowhere?password={CANARY}",
    "of a key": f"postgresql://somebody@127.0.0.1:1/nowhere?sslpassword={CANARY}",
    "an @ in it": "postgresql://somebody:kAn4@rY0wl@127.0.0.1:1/nowhere",
    "an @ and a :": "postgresql://somebody:kAn4@x:rY0wl@127.0.0.1:1/nowhere",
    "a % in it": "postgresql://somebody:kAn4%rY0wl@127.0.0.1:1/nowhere",
    "escaped": f"postgresql://somebody:{quote('kAn4@rY0wl')}@127.0.0.1:1/nowhere",
    "a port that is none": f"postgresql://somebody:{CANARY}@127.0.0.1:port/nowhere",
    "no URL": f"postgresql:/somebody:{CANARY}@127.0.0.1",
    "an unknown database": f"oraql://somebody:{CANARY}@127.0.0.1/nowhere",
    "a driver that is not there": f"postgresql+pg8000://somebody:{CANARY}@127.0.0.1/nowhere",
    "a bad option": f"postgresql://somebody:{CANARY}@127.0.0.1:1/nowhere?kAn=1",
}
COMMANDS: dict[str, tuple[str, ...]] = {
    "migrate": ("manage.py", "migrate"),
    "migrate -v 3 --traceback": ("manage.py", "migrate", "-v", "3", "--traceback"),
    "plan": ("manage.py", "migrate", "--plan"),
    "showmigrations": ("manage.py", "showmigrations"),
    "makemigrations": ("manage.py", "makemigrations", "--no-input", "--dry-run"),
    "sqlmigrate": ("manage.py", "sqlmigrate", "0001"),
    "check": ("manage.py", "check", "--traceback"),
    "drift": ("manage.py", "check", "--drift"),
    "checklinks": ("manage.py", "checklinks", "--json"),
    "seed": ("manage.py", "seed", "--traceback"),
    "seed --undo": ("manage.py", "seed", "--undo", "--traceback"),
    "seed --status": ("manage.py", "seed", "--status", "--traceback"),
    "seed --jobs": ("manage.py", "seed", "--jobs", "2", "--dask", "tcp://127.0.0.1:1"),
    "dumpdata": ("manage.py", "dumpdata"),
    "backup": ("manage.py", "backup", "--traceback"),
    "environment": ("manage.py", "environment", "--traceback"),
    "restore": ("manage.py", "restore", "nothing.sqlite", "--no-input", "--traceback"),
    "repair": ("manage.py", "repair", "--reason", "a test", "--traceback"),
    "rollback": ("manage.py", "rollback", "--no-input"),
    "redo": ("manage.py", "redo", "--no-input"),
    "branch": ("manage.py", "migrate", "--sync-branch", "--traceback"),
    "loaddata": ("manage.py", "loaddata", "nothing"),
    "prepare": ("manage.py", "prepare", "--traceback"),
    "shell": ("manage.py", "shell", "-c", "print(engine, repr(engine.url), session)"),
    "version": ("manage.py", "version"),
    "test": ("manage.py", "test", "--collect-only", "-p", "no:cacheprovider"),
    "alembic downgrade": ("-m", "alembic", "downgrade", "-1"),
    "alembic upgrade": ("-m", "alembic", "upgrade", "head"),
    "alembic current": ("-m", "alembic", "current", "-v"),
    "alembic revision": ("-m", "alembic", "revision", "--autogenerate"),
    "alembic --sql": ("-m", "alembic", "upgrade", "head", "--sql"),
}


def pairs() -> Iterator[tuple[str, str]]:
    """Each command with three of the URLs, each URL with four or more of the commands."""
    urls = list(URLS)
    for number, command in enumerate(COMMANDS):
        for step in range(3):
            yield urls[(number * 3 + step) % len(urls)], command
    for url in urls:
        yield url, "migrate -v 3 --traceback"


@pytest.fixture
def sample(copy_project: Callable[[str], Path]) -> Path:
    return copy_project("books")


def leaks(folder: Path, before: set[Path], text: str) -> list[str]:
    found = [trace for trace in TRACES if trace in text]
    for path in set(folder.rglob("*")) - before:
        if path.is_file():
            data = path.read_bytes()
            found += [f"{path.name}: {t}" for t in TRACES if t.encode() in data]
    return found


@pytest.mark.parametrize(("url", "command"), sorted(set(pairs())))
def test_nowhere(sample: Path, url: str, command: str) -> None:
    before = set(sample.rglob("*"))
    result = run(sample, *COMMANDS[command], url=URLS[url])
    said = result.stdout + result.stderr
    assert leaks(sample, before, said) == [], result


def test_a_server_that_refuses_the_password(sample: Path, mariadb_server: str) -> None:
    server = sa.make_url(mariadb_server).set(
        username="nobody_known", password=CANARY, database="nowhere"
    )
    url = server.render_as_string(hide_password=False)
    for command in ("migrate", "alembic upgrade", "seed", "drift"):
        result = run(sample, *COMMANDS[command], url=url)
        assert result.code != 0
        assert leaks(sample, set(sample.rglob("*")), result.stdout + result.stderr) == [], result


def test_values_of_a_failing_statement_are_hidden(
    tmp_path: Path, database_url: str, copy_project: Callable[[str], Path]
) -> None:
    from sqlalchemy_manage.migrations.revisions.files import create_folder

    folder = copy_project("bare")
    create_folder(folder / "migrations")
    (folder / "migrations" / "versions" / "0001_values.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        "revision = '0001_values'\ndown_revision = None\n"
        "def upgrade():\n"
        "    t = op.create_table('t', sa.Column('a', sa.Integer, primary_key=True),"
        " sa.Column('b', sa.String(50)))\n"
        f"    op.bulk_insert(t, [{{'a': 1, 'b': '{CANARY}'}}, {{'a': 1, 'b': '{CANARY}'}}])\n"
        "def downgrade():\n    op.drop_table('t')\n"
    )
    result = run(folder, "manage.py", "migrate", url=database_url)
    assert result.code == 1
    assert "0001_values failed" in result.stderr
    assert leaks(folder, set(folder.rglob("*")), result.stdout + result.stderr) == [], result


def test_a_leak_is_seen(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(f"password={CANARY}")
    assert leaks(tmp_path, set(), "none") == [f"log: {trace}" for trace in TRACES]
    assert leaks(tmp_path, {tmp_path / "log"}, f"x {CANARY} y") == list(TRACES)
