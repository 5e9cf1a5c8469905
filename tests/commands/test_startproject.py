"""startproject: a project that runs at once."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.programs import ROOT, Result, run

PYTEST = ("-q", "-p", "no:pytest_alembic", "-p", "no:alembic-gauntlet")
FILES = """\
shop/.gitignore
shop/README.md
shop/manage.py
shop/pyproject.toml
shop/settings.py
shop/migrations/env.py
shop/migrations/script.py.mako
shop/migrations/versions/0001_initial.py
shop/shop/__init__.py
shop/shop/factories.py
shop/shop/models.py
shop/shop/seeds.py
shop/tests/conftest.py
shop/tests/test_shop.py
"""


def start(folder: Path, *args: object, code: int = 0) -> Result:
    result = run(folder, "-m", "sqlalchemy_manage", "startproject", *args)
    assert result.code == code, result
    return result


def made(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("started")
    start(folder, "shop")
    return folder / "shop"


@pytest.fixture
def shop(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "shop"))


def test_the_files_and_the_next_command(tmp_path: Path) -> None:
    result = start(tmp_path, "shop")
    assert (result.stdout, result.stderr) == (FILES, "Next, in shop: manage.py prepare\n")
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]
    assert "shop" in (tmp_path / "shop" / "settings.py").read_text()


def test_it_is_prepared_and_checked_at_once(shop: Path) -> None:
    result = run(shop, "manage.py", "prepare")
    assert result.code == 0, result
    assert "links ok: 10 links" in result.stdout
    assert run(shop, "manage.py", "check").code == 0
    assert run(shop, "-m", "alembic", "current").stdout == "0001_initial (head)\n"
    assert run(shop, "-m", "alembic", "check").code == 0


def test_its_first_revision_is_the_one_that_makemigrations_writes(shop: Path) -> None:
    path = shop / "migrations" / "versions" / "0001_initial.py"
    text = path.read_text()
    path.unlink()
    assert run(shop, "manage.py", "makemigrations", "--no-input").code == 0
    assert path.read_text() == text


def test_its_own_tests_pass(shop: Path) -> None:
    result = run(shop, "manage.py", "test", *PYTEST)
    assert result.code == 0, result
    assert "4 passed" in result.stdout
    assert not (shop / "shop.sqlite").exists()


def test_no_line_is_longer_than_formatters_allow(shop: Path) -> None:
    assert [
        f"{path}: {line}"
        for path in shop.rglob("*.py")
        if path.name != "env.py"
        for line in path.read_text().splitlines()
        if len(line) > 88 or "{{" in line
    ] == []
    for args in (("check", "--isolated", "--select=E,F,W,B,UP"), ("format", "--check")):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *args, "--no-cache", "--exclude", "env.py", "."],
            cwd=shop,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout


def test_a_folder_with_a_readme_is_added_to(tmp_path: Path) -> None:
    for name in ("README.md", "LICENSE", "pyproject.toml", ".gitignore"):
        (tmp_path / name).write_text("mine")
    (tmp_path / ".git").mkdir()
    result = start(tmp_path, "shop", ".")
    assert result.stderr == (
        "".join(
            f"{name} was there already, and is left as it is.\n"
            for name in (".gitignore", "README.md", "pyproject.toml")
        )
        + "Next: manage.py prepare\n"
    )
    assert (tmp_path / "README.md").read_text() == "mine"
    (tmp_path / "pyproject.toml").unlink()
    assert run(tmp_path, "manage.py", "prepare").code == 0
    assert "4 passed" in run(tmp_path, "manage.py", "test", *PYTEST).stdout


def test_a_folder_by_its_path(tmp_path: Path) -> None:
    start(tmp_path, "shop", tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b" / "shop" / "models.py").exists()
    (tmp_path / "c").mkdir()
    assert start(tmp_path, "shop", "c").stderr == "Next, in c: manage.py prepare\n"


@pytest.mark.parametrize("what", ["folder", "file", "dangling link"])
def test_what_is_called_so_is_left_alone(tmp_path: Path, what: str) -> None:
    path = tmp_path / "shop"
    if what == "folder":
        path.mkdir()
    elif what == "file":
        path.touch()
    else:
        path.symlink_to("nowhere")
    before = made(tmp_path)
    assert "exists already" in start(tmp_path, "shop", code=1).stderr
    assert made(tmp_path) == before


def test_a_folder_with_a_file_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text("DEBUG = True")
    result = start(tmp_path, "shop", ".", code=1)
    assert "has settings.py already" in result.stderr
    assert "sqlalchemy-manage init ." in result.stderr
    assert made(tmp_path) == {"settings.py"}


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["my-shop"], 2),
        (["../x"], 2),
        ([""], 2),
        (["test"], 2),
        (["shop", "x" * 300], 2),
        (["shop", "a\0b"[:1] + "/manage.py"], 0),
        ([], 2),
    ],
)
def test_bad_input_makes_nothing(tmp_path: Path, args: list[str], code: int) -> None:
    result = start(tmp_path, *args, code=code)
    assert "Traceback" not in result.stderr
    assert bool(made(tmp_path)) is (code == 0)


def test_a_folder_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "is a file" in start(tmp_path, "shop", "file/x", code=1).stderr


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    """Neither by its help nor by the command itself."""
    code = (
        "import sys; from sqlalchemy_manage import main; code = main(sys.argv[1:]);"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr); sys.exit(code)"
    )
    for args in (["startproject", "--help"], ["startproject", "shop"], ["startapp", "billing"]):
        result = run(tmp_path, "-c", code, *args, fresh=True)
        assert result.code == 0, result
        assert not {"sqlalchemy", "alembic", "factory", "rich"} & set(result.stderr.split())


@pytest.mark.slow(reason="installs into a new environment")
def test_it_is_installed_and_tested_in_a_new_environment(tmp_path: Path) -> None:
    """The wheel is built from the sdist, and the templates are in it."""
    source = tmp_path / "source"
    shutil.copytree(
        ROOT / "sqlalchemy_manage",
        source / "sqlalchemy_manage",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)

    def do(folder: Path, *argv: object) -> str:
        done = subprocess.run(
            [str(word) for word in argv], cwd=folder, capture_output=True, text=True, timeout=500
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    do(tmp_path, sys.executable, "-m", "venv", "new")
    programs = tmp_path / "new" / "bin"
    do(tmp_path, programs / "pip", "install", "-q", "setuptools>=68", "wheel")
    build = "import setuptools.build_meta as b; print(b.build_sdist('..'))"
    name = do(source, programs / "python", "-c", build).splitlines()[-1]
    do(tmp_path, programs / "pip", "install", "-q", tmp_path / name)
    assert do(tmp_path, programs / "sqlalchemy-manage", "startproject", "shop") == FILES
    shop = tmp_path / "shop"
    do(shop, programs / "pip", "install", "-q", "-e", ".[test]")
    assert "links ok" in do(shop, programs / "python", "manage.py", "prepare")
    assert "4 passed" in do(shop, programs / "python", "manage.py", "test", "-q")
    do(shop, programs / "python", "manage.py", "startapp", "billing")
    do(shop, programs / "python", "manage.py", "makemigrations")
    assert "5 passed" in do(shop, programs / "pytest", "-q")


def test_the_project_names_what_it_needs(template: Path) -> None:
    config = tomllib.loads((template / "pyproject.toml").read_text())
    assert config["project"]["dependencies"][0].startswith("sqlalchemy-manage>=")
    assert ast.literal_eval(config["project"]["requires-python"][2:]) == 3.11
