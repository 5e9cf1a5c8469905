"""The contracts of setup.cfg's [importlinter], and that a breach of one is seen.

The tool stands in the ``dev`` extra: without it there is nothing to run.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.programs import ROOT

pytestmark = pytest.mark.slow(reason="checks eight copies of the tool")

pytest.importorskip("importlinter", reason="lint-imports is in the dev extra")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("", "", ""),
        ("conf.py", "from . import project", "Each layer imports only from those below it"),
        (
            "migrations/runner/ledger.py",
            "from ..actions import migrate",
            "Migrations: one direction",
        ),
        ("sql/tokens.py", "from ..databases import engines", "SQL text knows no database"),
        ("links/check.py", "import alembic", "Only migrations imports Alembic"),
        ("data/dump.py", "import factory", "Only seeding imports factory_boy and Faker"),
        (
            "seeding/writers/writer.py",
            "if TYPE_CHECKING:\n    from ..running import work",
            "No circle among packages",
        ),
    ],
)
def test_a_planted_import_breaks_its_contract(
    file: str, line: str, contract: str, tmp_path: Path
) -> None:
    shutil.copytree(
        ROOT / "sqlalchemy_manage",
        tmp_path / "sqlalchemy_manage",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    if file:
        path = tmp_path / "sqlalchemy_manage" / file
        path.write_text(path.read_text() + f"\n{line}\n")
    done = lint(tmp_path)
    broken = [text for text in done.stdout.splitlines() if text.endswith(" BROKEN")]
    assert done.returncode == (1 if contract else 0), done.stdout + done.stderr
    assert (f"{contract} BROKEN" in broken) if contract else (broken == []), done.stdout
