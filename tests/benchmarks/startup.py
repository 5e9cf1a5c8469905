"""Whole processes side by side: our start-up against the peers', as ratios.

    pip install -e '.[benchmarks]'
    python tests/benchmarks/startup.py [RUNS]

Two pairs, each run in turn (A B A B ...) after one warm-up, so that a machine that slows
down slows both: ``manage.py --help`` against ``django-admin help``, and a ``manage.py
migrate`` that finds nothing to do against ``alembic upgrade head`` on the same database.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent


def wall(command: list[str], environment: dict[str, str]) -> float:
    """Seconds from start to exit of one process."""
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def compare(
    title: str, ours: list[str], theirs: list[str], environment: dict[str, str], runs: int
) -> None:
    """Print the medians and the ratio, pair by pair, of two commands."""
    pairs = [(wall(ours, environment), wall(theirs, environment)) for _ in range(runs + 1)][1:]
    ratios = [a / b for a, b in pairs]
    print(f"{title}")
    print(f"  ours   {statistics.median(a for a, _ in pairs) * 1000:7.0f} ms  {' '.join(ours[1:])}")
    print(f"  theirs {statistics.median(b for _, b in pairs) * 1000:7.0f} ms  {theirs[0]}")
    print(
        f"  ratio  {statistics.median(ratios):7.2f}  "
        f"(least {min(ratios):.2f}, greatest {max(ratios):.2f}, {runs} pairs)"
    )


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    names = ("click", "Django", "SQLAlchemy", "alembic")
    print(", ".join(f"{name} {version(name)}" for name in names))
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs")
    python, manage = sys.executable, str(ROOT / "manage.py")
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"DATABASE_URL": f"sqlite:///{folder}/bench.sqlite"}
        environment.pop("MANAGE_SETTINGS_MODULE", None)
        subprocess.run([python, manage, "migrate"], cwd=ROOT, env=environment, check=True)
        compare(
            "help",
            [python, manage, "--help"],
            [str(BIN / "django-admin"), "help"],
            environment,
            runs,
        )
        compare(
            "migrate, nothing to do",
            [python, manage, "migrate"],
            [str(BIN / "alembic"), "upgrade", "head"],
            environment,
            runs,
        )


if __name__ == "__main__":
    main()
