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
import contextlib, io, json, sys
found, failed = {}, {}
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    from pathlib import Path
    from sqlalchemy_manage.metadata_setting import read_entries
    read = {}
    for entry in json.loads(sys.argv[1]):
        try:
            read[entry] = read_entries([entry], Path("settings.py"))[0].metadatas
        except BaseException as error:
            failed[entry] = f"{type(error).__name__}: {error}"
    for entry, metadatas in read.items():
        found[entry] = [[id(m), list(m.tables)] for m in metadatas]
print("\\n" + json.dumps({"found": found, "failed": failed}))
"""


class Imported(NamedTuple):
    """``tables`` that the entries of METADATA lead to. ``failed``: why the first that cannot be
    imported cannot. ``metadata``: the entries that lead to each MetaData, by a number of it."""

    tables: frozenset[str]
    failed: str | None
    metadata: dict[int, list[str]]


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
        return Imported(frozenset(), f"the import did not end: {type(error).__name__}", {})
    tables: set[str] = set()
    metadata: dict[int, list[str]] = {}
    for entry, found in answer["found"].items():
        for number, names in found:
            tables |= set(names)
            metadata.setdefault(number, []).append(entry)
    return Imported(frozenset(tables), next(iter(answer["failed"].values()), None), metadata)
