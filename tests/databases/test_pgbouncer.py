"""migrate through PgBouncer in transaction mode, down to a pool of one connection."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.project import ProjectFolder

pytestmark = [
    pytest.mark.server,
    pytest.mark.slow(reason="a pooler, and processes that wait for each other"),
    pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="there is no pgbouncer"),
]
CONFIGURATION = """
[databases]
* = {server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
query_wait_timeout = 20
ignore_startup_parameters = extra_float_digits
"""


# Of a pool of one nobody has the lock in here: several processes may meet, and some fail.
INDEX = """\
with op.get_context().autocommit_block():
    op.create_index('i{0}', 't{0}', ['id'], postgresql_concurrently=True)
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def pgbouncer(url: str, size: int) -> Iterator[str]:
    """The same database, through a pool of ``size`` connections."""
    there = sa.make_url(url)
    host = str(there.query.get("host") or there.host or "127.0.0.1")
    server = f"host={host} port={there.port or 5432} user={there.username or 'postgres'}"
    if there.password:
        server += f" password={there.password}"
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        file = Path(folder, "pgbouncer.ini")
        file.write_text(CONFIGURATION.format(server=server, port=port, size=size))
        command = ["pgbouncer", str(file)]
        if os.geteuid() == 0:  # which it refuses to run as
            command[1:1] = ["-u", Path(host).owner() if host.startswith("/") else "nobody"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            pooled = there.set(host="127.0.0.1", port=port, query={}, password=None)
            _wait_for(pooled)
            yield pooled.render_as_string(hide_password=False)
        finally:
            process.terminate()
            process.wait()


def _wait_for(url: sa.URL) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    for left in range(100, 0, -1):
        try:
            with engine.connect():
                return
        except sa.exc.OperationalError:
            if left == 1:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize("size", [20, 2, 1])
@pytest.mark.parametrize("processes", [1, 3])
def test_each_revision_runs_once_and_nobody_waits_for_itself(
    tmp_path: Path, new_database: Callable[[str], str], size: int, processes: int
) -> None:
    direct = new_database("postgresql")
    with pgbouncer(direct, size) as url:
        project = ProjectFolder(tmp_path / "project", url).write_history()
        for n in range(1, 6):
            project.step(
                f"000{n}_step",
                f"op.create_table('t{n}', sa.Column('id', sa.Integer, primary_key=True))",
                "op.execute('SELECT pg_sleep(0.2)')",
                INDEX.format(n) if size > 1 or processes == 1 else "",
                undo=f"op.drop_table('t{n}')",
            )
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(sys.path),
            "MANAGE_SETTINGS_MODULE": "staff_settings",
        }
        environment.pop("DATABASE_URL", None)
        started = [
            subprocess.Popen(
                [sys.executable, "manage.py", "migrate"],
                cwd=project.folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for _ in range(processes)
        ]
        said = [process.communicate(timeout=120)[0] for process in started]
        assert [process.returncode for process in started] == [0] * processes, said
        if processes == 1:
            project.done("rollback")
            project.done("migrate")
            assert project.manage("check").code == 1  # no models
    at = ProjectFolder(tmp_path / "direct", direct)
    assert at.tables() == {"t1", "t2", "t3", "t4", "t5"}
    ups = "SELECT revision FROM sqlalchemy_manage_ledger WHERE direction = 'upgrade' ORDER BY id"
    applied = [f"000{n}_step" for n in range(1, 6)]
    assert [row[0] for row in at.query(ups)] == applied + applied[4:] * (processes == 1)
