"""A database as Litestar's command line makes it, and its migrations folder before that."""

import subprocess
import sys
from pathlib import Path

litestar = [str(Path(sys.executable).with_name("litestar")), "--app", "app:app", "database"]


def run(*words: str) -> None:
    subprocess.run([*litestar, *words, "--no-prompt"], check=True)


if not Path("migrations").exists():
    run("init", "migrations")
    run("make-migrations", "-m", "first")
run("upgrade")
