"""dbshell: the right client with the right arguments, and no password among them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import on_server
from support.programs import ROOT, Result, run

SECRET = "s3:cr@t/'\"\\ #x"
QUOTED = "s3%3Acr%40t%2F%27%22%5C%20%23x"
# Says how it was called, and what it was given besides.
CLIENT = f"""#!{sys.executable}
import json, os, sys
files = [a.partition("=")[2] for a in sys.argv if a.startswith("--defaults-extra-file=")]
files += [os.environ["PGSERVICEFILE"]] if "PGSERVICEFILE" in os.environ else []
told = {{
    "argv": sys.argv[1:],
    "cmdline": open("/proc/self/cmdline").read() + open(f"/proc/{{os.getppid()}}/cmdline").read(),
    "env": {{k: v for k, v in os.environ.items() if k.startswith("PG")}},
    "file": "".join(open(file).read() for file in files),
    "modes": [oct(os.stat(file).st_mode)[-3:] for file in files],
    "names": files,
}}
print(json.dumps(told))
sys.exit(7)
"""


@pytest.fixture
def clients(tmp_path: Path) -> str:
    """A PATH with only clients of our own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sqlite3", "psql", "mariadb"):
        (folder / name).write_text(CLIENT)
        (folder / name).chmod(0o755)
    return str(folder)


def shell(url: str, *arguments: str, stdin: str = "", **env: str) -> Result:
    more = {"MANAGE_SETTINGS_MODULE": "settings"} | env
    return run(ROOT, "manage.py", "dbshell", *arguments, url=url, stdin=stdin, **more)


PSQL = {
    "postgresql://ann:{0}@db:5433/shop": {
        "PGHOST": "db", "PGPORT": "5433", "PGUSER": "ann", "PGPASSWORD": SECRET,
        "PGDATABASE": "shop",
    },
    "postgresql+asyncpg://ann@/shop?host=/run/pg&passfile=/home/ann/.pgpass": {
        "PGHOST": "/run/pg", "PGPASSFILE": "/home/ann/.pgpass", "PGUSER": "ann",
    },
    "postgresql+psycopg://ann:{0}@/shop?host=a:5432&host=b:5433&target_session_attrs=any": {
        "PGHOST": "a,b", "PGPORT": "5432,5433", "PGTARGETSESSIONATTRS": "any",
        "PGPASSWORD": SECRET,
    },
    "postgresql+psycopg2://db/shop?sslmode=verify-full&sslrootcert=/ca.pem&options=-csearch_path%3Dx"
    "&client_encoding=latin1&connect_timeout=3": {
        "PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/ca.pem", "PGOPTIONS": "-csearch_path=x",
        "PGCLIENTENCODING": "latin1", "PGCONNECT_TIMEOUT": "3",
    },
    "postgresql:///?service=shop": {"PGSERVICE": "shop"},
}  # fmt: skip


@pytest.mark.parametrize("url", PSQL)
def test_psql_gets_its_environment(url: str, clients: str) -> None:
    result = shell(url.replace("{0}", QUOTED), "--", "-c", "SELECT 1", PATH=clients)
    assert result.code == 7, result
    told = json.loads(result.stdout)
    assert told["argv"] == ["-c", "SELECT 1"]
    assert PSQL[url].items() <= told["env"].items()
    assert SECRET not in told["cmdline"] + result.stderr
    assert "PGDATABASE" in told["env"] or "service" in url


def test_what_libpq_has_no_variable_for(clients: str) -> None:
    url = f"postgresql://db/shop?sslpassword={QUOTED}&keepalives_idle=9"
    told = json.loads(shell(url, PATH=clients).stdout)
    assert told["file"] == f"[manage]\nsslpassword={SECRET}\nkeepalives_idle=9\n"
    assert told["env"]["PGSERVICE"] == "manage"
    assert told["modes"] == ["600"]
    assert SECRET not in told["cmdline"]
    assert not any(Path(name).exists() for name in told["names"])


WRITTEN = SECRET.replace("\\", "\\\\").replace('"', '\\"')
MARIADB = {
    "mysql+pymysql://ann:{0}@db:3307/shop": [
        "protocol=tcp", 'host="db"', 'port="3307"', 'user="ann"', f'password="{WRITTEN}"',
    ],
    "mariadb+pymysql://ann@localhost/shop": ["protocol=tcp", 'host="localhost"'],
    "mysql+pymysql://ann@/shop?unix_socket=/run/m.sock": ['socket="/run/m.sock"'],
    "mysql+mysqldb://ann@localhost/shop": ['host="localhost"'],
    "mysql+pymysql://db/shop?charset=utf8mb4&ssl_ca=/ca.pem&ssl_verify_identity=true": [
        'default-character-set="utf8mb4"', 'ssl-ca="/ca.pem"', "ssl-verify-server-cert",
    ],
    "mysql+pymysql://db/shop?ssl_disabled=1&connect_timeout=3": [
        "skip-ssl", 'connect-timeout="3"',
    ],
}  # fmt: skip


@pytest.mark.parametrize("url", MARIADB)
def test_mariadb_gets_a_file(url: str, clients: str) -> None:
    result = shell(url.replace("{0}", QUOTED), "--", "-e", "SELECT 1", PATH=clients)
    assert result.code == 7, result
    told = json.loads(result.stdout)
    first, *more = told["argv"]
    assert first.startswith("--defaults-extra-file=")
    assert more == ["--database=shop", "-e", "SELECT 1"]
    lines = told["file"].splitlines()
    assert set(MARIADB[url]) <= set(lines)
    assert ("protocol=tcp" in lines) == ("pymysql" in url and "unix_socket" not in url)
    assert told["modes"] == ["600"]
    assert SECRET not in told["cmdline"] + result.stderr
    assert not any(Path(name).exists() for name in told["names"])


def test_sqlite3_gets_the_file(clients: str, tmp_path: Path) -> None:
    file = tmp_path / "a b.sqlite"
    file.touch()
    told = json.loads(shell(f"sqlite:///{file}", "--", "-readonly", PATH=clients).stdout)
    assert told["argv"] == [str(file), "-readonly"]
    url = f"sqlite:///file:{file}?mode=ro&uri=true"
    assert json.loads(shell(url, PATH=clients).stdout)["argv"] == [f"file:{file}?mode=ro"]


@pytest.mark.parametrize(
    ("url", "code", "says"),
    [
        ("sqlite://", 1, "is a database in memory"),
        ("sqlite:////no/such/folder/x.sqlite", 1, "There is no database file"),
        ("postgresql://ann:{0}@db/shop", 1, "psql is not installed, or not in PATH"),
        ("mysql+pymysql://ann:{0}@db/shop", 1, "apt-get install mariadb-client"),
        ("oracle://ann:{0}@db/shop", 1, "No client is known for oracle://ann:***@db/shop"),
    ],
)
def test_what_cannot_be_opened(url: str, code: int, says: str, tmp_path: Path) -> None:
    result = shell(url.replace("{0}", QUOTED), PATH=str(tmp_path))
    assert (result.code, result.stdout) == (code, "")
    assert says in result.stderr
    assert "Traceback" not in result.stderr and SECRET not in result.stderr


def test_an_option_that_is_not_its_own() -> None:
    result = shell("sqlite://", "-c", "SELECT 1")
    assert result.code == 2


SLEEP = {
    "sqlite": ".shell tr '\\0' ' ' < /proc/$PPID/cmdline\n",
    "postgresql": "\\! tr '\\0' ' ' < /proc/$PPID/cmdline\n",
    "mariadb": "\\! tr '\\0' ' ' < /proc/$PPID/cmdline\n",
}


def test_the_real_client(
    backend: str, new_database: Callable[..., str], request: pytest.FixtureRequest
) -> None:
    programs = {"sqlite": "sqlite3", "postgresql": "psql", "mariadb": "mariadb"}
    if shutil.which(programs[backend]) is None:
        pytest.skip(f"no {programs[backend]} here")
    url = sa.make_url(new_database(backend))
    user, password = "dbshell_user", "pw 'of' $user"
    if backend == "sqlite":
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE note (id INTEGER)")
    else:
        server = request.getfixturevalue(f"{backend}_server")
        escaped = password.replace("'", "''")
        if backend == "mariadb":
            on_server(server, f"DROP USER IF EXISTS {user}@'%%'")
            on_server(server, f"CREATE USER {user}@'%%' IDENTIFIED BY '{escaped}'")
            on_server(server, f"GRANT ALL ON {url.database}.* TO {user}@'%%'")
        else:
            on_server(server, f"DROP ROLE IF EXISTS {user}")
            on_server(server, f"CREATE ROLE {user} LOGIN PASSWORD '{escaped}'")
        url = url.set(username=user, password=password)
    address = url.render_as_string(hide_password=False)
    try:
        told = shell(address, stdin=f"SELECT 40 + 2;\n{SLEEP[backend]}")
        assert told.code == 0, told
        assert "42" in told.stdout
        assert "sql" in told.stdout or "mariadb" in told.stdout  # the client's own command line
        assert password not in told.stdout
        flags = {"postgresql": ("-v", "ON_ERROR_STOP=1"), "sqlite": ("-bail",)}
        failed = shell(address, "--", *flags.get(backend, ()), stdin="SELECT nonsense;\n")
        assert failed.code == {"postgresql": 3}.get(backend, 1), failed
    finally:
        if backend == "mariadb":
            on_server(server, f"DROP USER {user}@'%%'")
        elif backend == "postgresql":
            on_server(server, f"DROP ROLE {user}")


WAITING = f"""#!{sys.executable}
import os, signal, sys, time
signal.signal(signal.SIGINT, lambda *a: print("cancelled", flush=True))
print("ready", [a for a in sys.argv if "defaults" in a][0].partition("=")[2], flush=True)
while True:
    time.sleep(10)
"""


def test_signals_are_the_clients(clients: str) -> None:
    (Path(clients) / "mariadb").write_text(WAITING)
    environment = os.environ | {
        "PATH": clients,
        "DATABASE_URL": "mysql+pymysql://ann:secret@db/shop",
        "MANAGE_SETTINGS_MODULE": "settings",
        "PYTHONPATH": str(ROOT),
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "dbshell"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    ready, file = process.stdout.readline().split()
    assert ready == "ready" and Path(file).exists()
    os.killpg(process.pid, signal.SIGINT)
    assert process.stdout.readline() == "cancelled\n"
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert not Path(file).exists()


@pytest.mark.parametrize("words", [("reports",), ("reports", "--", "-c", "SELECT 1")])
@pytest.mark.parametrize("url", ["sqlite:///a.sqlite", *PSQL])
def test_a_name_is_not_taken_for_another_database(
    clients: str, url: str, words: tuple[str, ...]
) -> None:
    """psql and mariadb would open the database of that name, on the server of the settings."""
    result = shell(url.format("x"), *words, PATH=clients)
    assert (result.code, result.stdout) == (2, "")
    assert "dbshell takes no 'reports'" in result.stderr
    assert "--database ALIAS" in result.stderr
