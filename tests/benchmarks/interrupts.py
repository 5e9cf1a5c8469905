"""How long ``migrate`` takes from a signal to its end, while a server works on a statement.

    python tests/benchmarks/interrupts.py [RUNS]

On PostgreSQL and MariaDB, through manage.py and plain alembic; compared with an interpreter
that sleeps and is ended by Ctrl-C, in the same run: most of the time is the interpreter's own
end, on a busy machine. Needs the servers of the tests.
"""

from __future__ import annotations

import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

import sqlalchemy as sa  # noqa: E402
from support.databases import SERVERS, on_server  # noqa: E402
from support.items import Items  # noqa: E402
from support.signals import LONG, ended, running, started, until  # noqa: E402

NAME = "t_interrupts_benchmark"
ENTRIES = {
    "manage.py migrate": ("manage.py", "migrate"),
    "alembic upgrade": ("-m", "alembic", "upgrade", "head"),
}
SLEEPING = "import time; open('begun', 'w').close(); time.sleep(300)"


def signalled(app: Items, words: tuple[str, ...]) -> tuple[float, bool]:
    """Seconds until the process is gone, and whether its statement still runs then."""
    with started(app.folder, *words, MANAGE_SETTINGS_MODULE="staff_settings") as process:
        until(lambda: running(app.engine), "the statement runs")
        before = time.monotonic()
        process.send_signal(signal.SIGTERM)
        result = ended(process)
        seconds = time.monotonic() - before
    assert result.code == 128 + signal.SIGTERM, result
    return seconds, bool(running(app.engine))


def sleeping(folder: Path) -> float:
    begun = folder / "begun"
    begun.unlink(missing_ok=True)
    with started(folder, "-c", SLEEPING) as process:
        until(begun.exists, "it sleeps")
        before = time.monotonic()
        process.send_signal(signal.SIGINT)
        ended(process)
        return time.monotonic() - before


def main(runs: int) -> None:
    for backend in ("postgresql", "mariadb"):
        server = SERVERS[backend]
        on_server(server, f"DROP DATABASE IF EXISTS {NAME}")
        on_server(server, f"CREATE DATABASE {NAME}")
        url = sa.make_url(server).set(database=NAME).render_as_string(hide_password=False)
        try:
            with tempfile.TemporaryDirectory() as place:
                app = Items(Path(place) / "project", url)
                app.done("migrate")
                app.step("0002_step", f'op.execute("{LONG[backend]}")')
                bare = statistics.median(sleeping(app.folder) for _ in range(runs))
                for name, words in ENTRIES.items():
                    found = [signalled(app, words) for _ in range(runs)]
                    times = [seconds for seconds, _ in found]
                    print(
                        f"{backend:<11} {name:<18} median {statistics.median(times):.2f} s, "
                        f"longest {max(times):.2f} s (a bare interpreter {bare:.2f} s); "
                        f"left running: {sum(left for _, left in found)} of {runs}"
                    )
        finally:
            on_server(server, f"DROP DATABASE {NAME}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
