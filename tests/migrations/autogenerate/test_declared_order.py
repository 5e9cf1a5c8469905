"""The same models give the same files at every run, in the order in which they are written."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from support.programs import run
from support.project import ProjectFolder

PLAIN = "metadata = MetaData()\n\n\n"
PARENT = "table('p', key(), *(Column(c, Integer, unique=True) for c in 'klmn'))\n"
CHECKS = [f"CheckConstraint('k {sign}')" for sign in ("> 0", "< 100", "<> 7", "<> 5", "<> 6")]
DECLARED = [
    *CHECKS[:2],
    *(f"UniqueConstraint({pair})" for pair in ("'n', 'k'", "'k', 'l'", "'l', 'm'", "'m', 'k'")),
    *CHECKS[2:],
    *(f"ForeignKeyConstraint(['{c}'], ['p.{c}'])" for c in "nmkl"),
    *(f"Index('ix_{c}', '{c}')" for c in "mkln"),
]


def table(name: str, columns: str, items: list[str]) -> str:
    written = [f"*(Column(c, Integer) for c in '{columns}')", *items]
    return f"table('{name}', key(), {', '.join(written).replace('ix_', f'ix_{name}_')})\n"


def checks_by_name(app: ProjectFolder, table: str) -> list[str]:
    def name(constraint: Any) -> str:
        return str(constraint["name"])

    found = sorted(sa.inspect(app.engine).get_check_constraints(table), key=name)
    return [re.sub(r"[^k<>\d]", "", str(check["sqltext"])) for check in found]


def test_the_same_models_give_the_same_file_in_the_order_of_the_models(
    backend: str, tmp_path: Path, new_database: Callable[[str], str]
) -> None:
    app = ProjectFolder(tmp_path / "project", new_database(backend))
    plain = "klmn"
    app.begin(PLAIN + PARENT + table("gets", plain, []) + table("loses", "klmnxyz", DECLARED))
    made = (
        table("gets", plain, DECLARED) + table("loses", plain, []) + table("new", plain, DECLARED)
    )
    app.models(PLAIN + PARENT + made)
    drops = [flag for c in "xyz" for flag in ("--allow-drop", f"loses.{c}")]
    texts = []
    for seed in "123":
        if texts:
            (app.versions / app.revisions[-1]).unlink()
        done = run(app.folder, "manage.py", "makemigrations", *drops, PYTHONHASHSEED=seed)
        assert done.code == 0, done
        texts.append(re.sub(r"(?m)^Create Date.*$", "", app.newest()))
    assert texts[0] == texts[1] == texts[2]
    app.done("migrate")
    for name in ("gets", "new"):
        assert checks_by_name(app, name) == ["k>0", "k<100", "k<>7", "k<>5", "k<>6"]
    assert app.manage("makemigrations", "--check", "--no-input").code == 0
