"""A project whose revisions a test writes by hand, in a git repository if it wants one."""

from __future__ import annotations

import os
import shutil
import subprocess
import textwrap
from pathlib import Path

from support.programs import ROOT
from support.project import App

NOTE = 'op.create_table("note", sa.Column("id", sa.Integer, primary_key=True))'
WHO = {
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_AUTHOR_EMAIL": "ann@example.org",
    "GIT_COMMITTER_NAME": "Ann",
    "GIT_COMMITTER_EMAIL": "ann@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


class Handwritten(App):
    """``revision("0002_b", "0001_a", "op.execute(...)")`` writes a file."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder, url)
        self.models("")
        self.versions = folder / "migrations" / "versions"
        self.versions.mkdir(parents=True)
        for name in ("env.py", "script.py.mako"):
            shutil.copy(ROOT / "migrations" / name, folder / "migrations")

    def revision(
        self, name: str, down: object, up: str = "pass", undo: str | None = "pass", more: str = ""
    ) -> Path:
        text = (
            f'"""About {name}."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
            f"revision = {name!r}\ndown_revision = {down!r}\n{more}\n\n"
            f"def upgrade() -> None:\n{textwrap.indent(up, '    ')}\n"
        )
        if undo is not None:
            text += f"\n\ndef downgrade() -> None:\n{textwrap.indent(undo, '    ')}\n"
        path = self.versions / f"{name}.py"
        self.versions.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=os.environ | WHO,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def commit(self, message: str) -> str:
        """Commit everything; the short name of the commit."""
        self.git("add", "-A")
        self.git("commit", "-qm", message)
        return self.git("rev-parse", "--short", "HEAD").strip()

    def stands_at(self) -> set[str]:
        return {version for (version,) in self.query("SELECT version_num FROM alembic_version")}
