"""Modules imported in a process of their own: what comes of it is theirs alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_CODE = """
import contextlib, importlib, io, json, sys
found, failed = [], None
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    try:
        from sqlalchemy_manage.metadata_setting import read_entries
        from pathlib import Path
        entries = json.loads(sys.argv[1])
        for entry in read_entries(entries, Path("settings.py")):
            found.append([t for m in entry.metadatas for t in m.tables])
    except BaseException as error:
        failed = f"{type(error).__name__}: {error}"
print("\\n" + json.dumps({"found": found, "failed": failed}))
"""


class Imported(NamedTuple):
    """The tables that the entries of METADATA lead to, or why they cannot be imported."""

    tables: frozenset[str]
    failed: str | None


def tables_of(entries: Sequence[str], folder: Path, path: Sequence[str]) -> Imported:
    """What METADATA = ``entries`` would give, in a new process with ``path`` to import from."""
    places = os.pathsep.join(dict.fromkeys([str(folder), *(p or os.getcwd() for p in path)]))
    try:
        done = subprocess.run(
            [sys.executable, "-c", _CODE, json.dumps(list(entries))],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        answer = json.loads(done.stdout.strip().splitlines()[-1])
    except (subprocess.TimeoutExpired, ValueError, IndexError) as error:
        return Imported(frozenset(), f"the import did not end: {type(error).__name__}")
    tables = frozenset(name for each in answer["found"] for name in each)
    return Imported(tables, answer["failed"])
