"""Objects that are made one by one are made of values that were evaluated by columns."""

from __future__ import annotations

from collections.abc import Callable

from support.programs import PROJECTS, run

FOLDER = PROJECTS / "shapes"
WITHOUT_STEPS = """
import sys
from factory.builder import StepBuilder
from sqlalchemy_manage import main

def build(*arguments, **values):
    raise AssertionError("factory_boy evaluates the declarations")

StepBuilder.build = build
sys.argv = ["manage.py", "seed", *sys.argv[1:]]
sys.exit(main())
"""
# What a class of them does with its objects, and no more than that, is done one by one.
REPLAYED = ["Quay=2", "Crate=4", "Linking=3", "Touched=3", "Method=3", "Skipping=3", "Created=3"]
REPLAYED += ["Instantiated=3", "Positional=3", "Adjusted=3", "Afterwards=3", "Friendly=3"]
EVALUATED = ["SubPost=3"]  # it asks for what a hook has changed


def test_factory_boy_evaluates_no_declaration(new_database: Callable[[str], str]) -> None:
    url, apps = new_database("sqlite"), {"APPS": "owned metas"}
    assert run(FOLDER, "create.py", url=url, **apps).code == 0
    result = run(FOLDER, "-c", WITHOUT_STEPS, *REPLAYED, "--json", url=url, **apps)
    assert result.code == 0, result
    assert result.stderr.count("made one by one") == len(REPLAYED)
    result = run(FOLDER, "-c", WITHOUT_STEPS, *EVALUATED, url=url, **apps)
    assert result.code == 1 and "factory_boy evaluates" in result.stderr
