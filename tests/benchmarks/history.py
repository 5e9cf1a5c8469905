"""Long histories, whole processes side by side: ours against stock Alembic's, as ratios.

    python tests/benchmarks/history.py [--listed N] [--upgraded N] [--runs N]

On SQLite, each pair in turn (A B A B ...) after one warm-up, so that a machine that slows
down slows both:

- ``showmigrations`` against ``alembic current`` plus ``alembic history``;
- ``migrate`` of 20 revisions with the ledger and its check, and without;
- ``migrate`` of many revisions on an empty database against ``alembic upgrade head`` with
  the env.py that ``alembic init`` writes.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = sys.executable
ALEMBIC = [PYTHON, "-m", "alembic"]
MANAGE = [PYTHON, "-m", "sqlalchemy_manage"]
UNRECORDED = [
    PYTHON,
    "-c",
    "import sys\n"
    "from sqlalchemy_manage.cli import main\n"
    "from sqlalchemy_manage.migrations import environment\n"
    "from sqlalchemy_manage.migrations.runner import status as tampering\n"
    "run = environment.Run.__init__\n"
    "def unrecorded(self, *args, **kw):\n"
    "    run(self, *args, **kw, recorded=False)\n"
    "environment.Run.__init__ = unrecorded\n"
    "tampering.findings = lambda *args: ()\n"
    "sys.exit(main(['migrate']))\n",
]
TEXT = '''"""Table {number}."""

import sqlalchemy as sa
from alembic import op

revision = "{id}"
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "t{number}",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("t{number}")
'''


class Projects:
    """The same revisions twice: under our settings, and under a stock env.py."""

    def __init__(self, folder: Path, count: int) -> None:
        from alembic import command
        from alembic.config import Config

        self.ours, self.stock = folder / "ours", folder / "stock"
        versions = self.ours / "migrations" / "versions"
        versions.mkdir(parents=True)
        (self.ours / "settings.py").write_text(
            'DATABASES = {"default": {"URL": "sqlite:///db.sqlite"}}\nINSTALLED_APPS = []\n'
        )
        for name in ("env.py", "script.py.mako"):
            shutil.copy(ROOT / "migrations" / name, self.ours / "migrations")
        down = None
        for number in range(1, count + 1):
            name = f"{number:04}_table"
            text = TEXT.format(number=number, id=name, down=down)
            (versions / f"{name}.py").write_text(text)
            down = name
        self.stock.mkdir()
        config = Config(str(self.stock / "alembic.ini"), cmd_opts=argparse.Namespace(quiet=True))
        command.init(config, str(self.stock / "migrations"))
        shutil.copytree(versions, self.stock / "migrations" / "versions", dirs_exist_ok=True)
        settings = (self.stock / "alembic.ini").read_text()
        (self.stock / "alembic.ini").write_text(
            settings.replace("driver://user:pass@localhost/dbname", "sqlite:///db.sqlite")
        )

    def empty(self) -> None:
        """Have neither database."""
        for folder in (self.ours, self.stock):
            (folder / "db.sqlite").unlink(missing_ok=True)

    def wall(self, folder: Path, *commands: list[str]) -> float:
        """Seconds from the start of the first process to the exit of the last."""
        # Compiled by the warm-up, as an installed package is by pip.
        compiled = str(Path(tempfile.gettempdir()) / "sqlalchemy_manage_benchmarks")
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": compiled}
        for name in ("DATABASE_URL", "MANAGE_SETTINGS_MODULE", "PYTHONDONTWRITEBYTECODE"):
            environment.pop(name, None)
        start = time.perf_counter()
        for command in commands:
            subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        return time.perf_counter() - start


def compare(
    title: str, ours: Callable[[], float], theirs: Callable[[], float], runs: int, limit: str
) -> None:
    """Print the medians and the ratio, pair by pair, of two measurements."""
    pairs = [(ours(), theirs()) for _ in range(runs + 1)][1:]
    ratios = [a / b for a, b in pairs]
    first, second = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(title)
    print(f"  {first * 1000:7.0f} ms against {second * 1000:.0f} ms")
    print(
        f"  ratio {statistics.median(ratios):.2f} (least {min(ratios):.2f}, greatest "
        f"{max(ratios):.2f}, {runs} pairs); wanted: {limit}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--listed", type=int, default=3000)
    parser.add_argument("--upgraded", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    print(", ".join(f"{name} {version(name)}" for name in ("SQLAlchemy", "alembic")))
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        listed = Projects(folder / "listed", given.listed)
        listed.wall(listed.ours, [*MANAGE, "migrate", "--fake"])
        listed.wall(listed.stock, [*ALEMBIC, "stamp", "head"])
        compare(
            f"showmigrations -v 2 of {given.listed} against current + history",
            lambda: listed.wall(listed.ours, [*MANAGE, "showmigrations", "-v", "2"]),
            lambda: listed.wall(listed.stock, [*ALEMBIC, "current"], [*ALEMBIC, "history"]),
            given.runs,
            "0.2 at most",
        )
        few = Projects(folder / "few", 20)

        def anew(projects: Projects, where: Path, command: list[str]) -> float:
            projects.empty()
            return projects.wall(where, command)

        compare(
            "migrate of 20 with ledger against without",
            lambda: anew(few, few.ours, [*MANAGE, "migrate"]),
            lambda: anew(few, few.ours, UNRECORDED),
            given.runs,
            "1.1 at most, or 200 ms more",
        )
        many = Projects(folder / "many", given.upgraded)
        compare(
            f"migrate of {given.upgraded} against alembic upgrade head",
            lambda: anew(many, many.ours, [*MANAGE, "migrate"]),
            lambda: anew(many, many.stock, [*ALEMBIC, "upgrade", "head"]),
            given.runs,
            "1.0 at most",
        )


if __name__ == "__main__":
    main()
