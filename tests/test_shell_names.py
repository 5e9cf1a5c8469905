"""The shell's names: what is there, who wins a name, and what a broken part costs."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from support.programs import forget_modules

from sqlalchemy_manage.errors import ManageError, SettingsError
from sqlalchemy_manage.project import Project
from sqlalchemy_manage.shell import Names, banner, find_interface, run_code, shell_names

BASE = """
from sqlalchemy import Column, ForeignKey, Integer, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass
"""


def model(name: str, table: str) -> str:
    return (
        f"class {name}(Base):\n    __tablename__ = {table!r}\n"
        "    id: Mapped[int] = mapped_column(primary_key=True)\n"
    )


@pytest.fixture
def project_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Project]]:
    """``project_of({"app/models.py": ...}, apps=[...])``: a project of these files."""
    projects = []

    def make(files: dict[str, str], apps: list[str], **settings: object) -> Project:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        values = {
            "DATABASES": {"default": {"URL": "sqlite://"}},
            "INSTALLED_APPS": apps,
            **settings,
        }
        (tmp_path / "shell_settings.py").write_text(
            "".join(f"{name} = {value!r}\n" for name, value in values.items())
        )
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delenv("DATABASE_URL", raising=False)
        projects.append(Project("shell_settings"))
        return projects[-1]

    yield make
    for project in projects:
        project.close()
    forget_modules(tmp_path)


def names_of(project: Project) -> Names:
    with Session(project.engine) as session:
        return shell_names(project, session)


def test_everything_of_the_project_is_there(project_of: Callable[..., Project]) -> None:
    project = project_of(
        {
            "zoo/__init__.py": "",
            "zoo/models.py": BASE
            + model("Animal", "animal")
            + 'link = Table("link", Base.metadata, Column("a", ForeignKey("animal.id")))\n'
            + 'Table("no-name", Base.metadata, Column("a", Integer))\n',
            "zoo/factories.py": (
                "from factory.alchemy import SQLAlchemyModelFactory\n"
                "from .models import Animal\n"
                "class AnimalFactory(SQLAlchemyModelFactory):\n"
                "    class Meta:\n        model = Animal\n"
            ),
        },
        ["zoo"],
        SHELL_IMPORTS=["json", "os.path", "decimal.Decimal"],
    )
    names = names_of(project)
    import decimal
    import json
    import os.path

    models = sys.modules["zoo.models"]
    assert names.values["engine"] is project.engine
    assert names.values["project"] is project
    assert names.values["Animal"] is models.Animal
    assert names.values["link"] is models.link
    assert names.values["AnimalFactory"] is sys.modules["zoo.factories"].AnimalFactory
    assert names.values["json"] is json
    assert names.values["path"] is os.path
    assert names.values["Decimal"] is decimal.Decimal
    import sqlalchemy

    words = "select insert update delete func and_ or_ not_ case cast exists literal text desc asc"
    for word in words.split():
        assert names.values[word] is getattr(sqlalchemy, word)
    assert {"aliased", "selectinload", "joinedload", "inspect"} <= set(names.values)
    assert names.hidden == ["the table no-name is left out: 'no-name' is not a valid Python name."]
    assert names.warnings == []
    assert names.groups["models"] == ["Animal"]


def test_who_wins_a_name(project_of: Callable[..., Project]) -> None:
    project = project_of(
        {
            # The later app's table sorts first, and still its model loses.
            "east/__init__.py": "",
            "east/models.py": BASE + model("Thing", "zz_thing") + model("select", "east_select"),
            "west/__init__.py": "",
            "west/models.py": BASE
            + model("Thing", "aa_thing")
            + 'func = Table("func", Base.metadata, Column("a", Integer))\n'
            + 'project = Table("project", Base.metadata, Column("a", Integer))\n',
            "extra.py": "Decimal = 'mine'\n",
        },
        ["east", "west"],
        SHELL_IMPORTS=["decimal.Decimal", "extra.Decimal"],
    )
    names = names_of(project)
    import decimal

    assert names.values["Thing"] is sys.modules["east.models"].Thing
    assert names.values["select"] is sys.modules["east.models"].select
    assert names.values["func"] is sys.modules["west.models"].func
    assert names.values["project"] is project
    assert names.values["Decimal"] is decimal.Decimal
    assert sorted(names.hidden) == [
        "extra.Decimal of SHELL_IMPORTS is left out: Decimal is decimal.Decimal of SHELL_IMPORTS.",
        "sqlalchemy.func is left out: func is the table func.",
        "sqlalchemy.select is left out: select is east.models.select.",
        "the table project is left out: project is the shell's project.",
        "west.models.Thing is left out: Thing is east.models.Thing.",
    ]


def test_shell_imports_decides_between_two_models(project_of: Callable[..., Project]) -> None:
    project = project_of(
        {
            "north/__init__.py": "",
            "north/models.py": BASE + model("Thing", "thing"),
            "south/__init__.py": "",
            "south/models.py": BASE + model("Thing", "thing"),
        },
        ["north", "south"],
        SHELL_IMPORTS=["south.models.Thing"],
    )
    names = names_of(project)
    assert names.values["Thing"] is sys.modules["south.models"].Thing
    assert len(names.hidden) == 1


@pytest.mark.parametrize(
    ("dotted", "says"),
    [
        ("no_such_module", "'no_such_module' cannot be imported: ModuleNotFoundError"),
        ("decimal.Decimel", "Did you mean 'Decimal'?"),
        ("raises.name", "raises.py, line 1"),
    ],
)
def test_a_bad_shell_import_names_the_setting_and_its_file(
    project_of: Callable[..., Project], tmp_path: Path, dotted: str, says: str
) -> None:
    project = project_of({"raises.py": "1 / 0\n"}, [], SHELL_IMPORTS=[dotted])
    with pytest.raises(SettingsError) as caught:
        names_of(project)
    assert caught.value.message.startswith(f"SHELL_IMPORTS of {tmp_path / 'shell_settings.py'}: ")
    assert says in caught.value.message


def test_broken_factories_cost_the_factories_alone(project_of: Callable[..., Project]) -> None:
    project = project_of(
        {
            "shed/__init__.py": "",
            "shed/models.py": BASE + model("Tool", "tool"),
            "shed/factories.py": "\n1 / 0\n",
        },
        ["shed"],
    )
    names = names_of(project)
    assert "Tool" in names.values
    assert len(names.warnings) == 1
    assert "shed.factories" in names.warnings[0]
    assert "factories.py, line 2" in names.warnings[0]


def test_the_banner_stays_short_and_holds_no_password(
    project_of: Callable[..., Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_of(
        {
            "town/__init__.py": "",
            "town/models.py": BASE + "".join(model(f"House{n}", f"house{n}") for n in range(200)),
        },
        ["town"],
    )
    names = names_of(project)
    lines = banner(project, names).splitlines()
    assert len(lines) <= 8
    assert max(map(len, lines)) <= 100
    listed = next(line for line in lines if "models" in line)
    shown = listed.count("House")
    assert listed.endswith(f" and {200 - shown} more")
    assert any(line.startswith("  query      select insert") for line in lines)
    assert "session.commit() keeps changes" in lines[-1]

    import sqlalchemy as sa

    secret = sa.create_engine("postgresql+psycopg://me:tops3cret@h/d")
    monkeypatch.setitem(project.__dict__, "engine", secret)
    assert "tops3cret" not in banner(project, names)
    assert "me:***@h/d" in banner(project, names)


def test_the_traceback_is_of_the_programs_own_frames() -> None:
    names = Names()
    trace = run_code("def f():\n    return 1 / 0\n\nf()\n", names, "<test>")
    assert trace is not None
    assert __file__ not in trace
    assert "shell.py" not in trace
    lines = trace.splitlines()
    assert lines[:3] == [
        "Traceback (most recent call last):",
        '  File "<test>", line 4, in <module>',
        "    f()",
    ]
    assert '  File "<test>", line 2, in f' in lines
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert run_code("x =", names, "<test>").splitlines()[0] == '  File "<test>", line 1'
    assert run_code("x = [f for _ in 'ab']", names, "<test>") is None


def test_code_is_compiled_as_a_program_of_its_own() -> None:
    names = Names()
    assert run_code("assert __name__ == '__main__'\ndef f(x: int): pass", names, "<test>") is None
    # Not under this package's own `from __future__ import annotations`.
    assert names.values["f"].__annotations__ == {"x": int}


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, BrokenPipeError])
def test_what_is_not_the_programs_failure_goes_through(error: type[BaseException]) -> None:
    with pytest.raises(error):
        run_code(f"raise {error.__name__}", Names(), "<test>")


def test_the_prompt_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"IPython", "code"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if name in there else None)
    assert find_interface(None) == "ipython"
    assert find_interface("python") == "python"
    with pytest.raises(ManageError) as caught:
        find_interface("ptpython")
    assert caught.value.message == "ptpython is not installed."
    assert caught.value.hint == "pip install ptpython"
    there.remove("IPython")
    assert find_interface(None) == "python"
