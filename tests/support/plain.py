"""The model sets of ``tests/projects/plain``, as the tests read them."""

from __future__ import annotations

import datetime
import decimal
import re
import uuid
from typing import Any

from support.evolution import Evolution
from support.programs import PROJECTS

SHAPES = sorted(path.stem for path in (PROJECTS / "plain").glob("*.py"))
NAMES: dict[str, Any] = {"datetime": datetime, "decimal": decimal, "uuid": uuid}


def shape(name: str) -> Evolution:
    """The cells of ``tests/projects/plain/NAME.py``; those for Django are left out."""
    _, *parts = re.split(
        r"^# %% (.+)\n", (PROJECTS / "plain" / f"{name}.py").read_text(), flags=re.M
    )
    cells = dict(zip(parts[::2], parts[1::2], strict=True))
    literals = {
        cell: eval(cells[cell].strip(), dict(NAMES))
        for cell in ("rows", "names", "becomes")
        if cell in cells
    }
    return Evolution(cells["before"], cells["after"], **literals)
