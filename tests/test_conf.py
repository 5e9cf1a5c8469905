"""Settings: what each may be, what a wrong one is told, and that no password is."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import make_url

from sqlalchemy_manage.apps import find_package
from sqlalchemy_manage.conf import (
    Settings,
    failing_line,
    load_settings,
    settings_from,
)
from sqlalchemy_manage.database_settings import passwords
from sqlalchemy_manage.errors import AppError, SettingsError, UsageError
from sqlalchemy_manage.output import keep_secret, redact

URL = {"default": {"URL": "sqlite:///a.sqlite"}}
FILE = Path("/project/settings.py")


def module(name: str = "settings", file: Path = FILE, **values: object) -> ModuleType:
    made = ModuleType(name)
    made.__file__ = str(file)
    vars(made).update({"DATABASES": URL} | values)
    return made


def read(environ: dict[str, str] | None = None, **values: object) -> Settings:
    return settings_from(module(**values), environ or {})


def test_the_defaults() -> None:
    settings = read()
    assert settings.file == FILE
    assert settings.root == FILE.parent
    assert settings.installed_apps == ()
    assert settings.migrations.folder == FILE.parent / "migrations"
    assert settings.fixture_dirs == (FILE.parent / "fixtures",)
    assert settings.shell_imports == ()
    assert settings.lock_wait == 60
    assert settings.warnings == ()
    database = settings.database("default")
    assert (database.url, dict(database.options), database.protected) == (
        "sqlite:///a.sqlite",
        {},
        False,
    )


def test_values_are_taken_over_and_frozen() -> None:
    settings = read(
        DATABASES={
            "default": {"URL": make_url("postgresql://me:pw12345@h/d"), "OPTIONS": {"echo": True}},
            "live": {"URL": "sqlite://", "PROTECTED": True},
        },
        INSTALLED_APPS=["a", "b.c"],
        MIGRATIONS_DIR=Path("db/revisions"),
        FIXTURE_DIRS=("/abs", Path("rel")),
        SHELL_IMPORTS=["json"],
        FACTORIES=["tests.factories"],
        LOCK_WAIT=1.5,
    )
    assert settings.database("default").url == "postgresql://me:pw12345@h/d"
    assert settings.database("default").options == {"echo": True}
    assert settings.database("live").protected
    assert settings.installed_apps == ("a", "b.c")
    assert settings.migrations.folder == FILE.parent / "db" / "revisions"
    assert settings.fixture_dirs == (Path("/abs"), FILE.parent / "rel")
    assert settings.factories == ("tests.factories",)
    assert settings.lock_wait == 1.5
    with pytest.raises(AttributeError):
        settings.lock_wait = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings.databases["x"] = None  # type: ignore[index]


def test_the_root_is_where_a_dotted_module_is_imported_from() -> None:
    deep = module("conf.dev.settings", FILE.parent / "conf" / "dev" / "settings.py")
    assert settings_from(deep, {}).root == FILE.parent


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DATABASES", [], "DATABASES must be a dict such as"),
        ("DATABASES", {}, "DATABASES has no 'default' entry"),
        ("DATABASES", {"default": "sqlite://"}, "DATABASES['default'] must be a dict such as"),
        ("DATABASES", {"default": {}}, "DATABASES['default']['URL'] must be an SQLAlchemy URL"),
        ("DATABASES", {"default": {"URL": ""}}, "must be an SQLAlchemy URL, not str"),
        ("DATABASES", {"default": {"URL": 3}}, "must be an SQLAlchemy URL, not int"),
        (
            "DATABASES",
            {"default": {"URI": "sqlite://"}},
            "DATABASES['default'] has the unknown key 'URI'. Did you mean 'URL'?",
        ),
        (
            "DATABASES",
            {"default": {"URL": "sqlite://", "OPTIONS": ["echo"]}},
            "DATABASES['default']['OPTIONS'] must be a dict of engine arguments, not list",
        ),
        (
            "DATABASES",
            {"default": {"URL": "sqlite://", "PROTECTED": "no"}},
            "DATABASES['default']['PROTECTED'] must be True or False, not str",
        ),
        ("DATABASES", {3: {"URL": "sqlite://"}}, "must be a string, not int (3)"),
        ("INSTALLED_APPS", "shop", "INSTALLED_APPS must be a list of strings, not str ('shop')"),
        ("INSTALLED_APPS", [3], "INSTALLED_APPS must be a list of strings, not int (3)"),
        ("INSTALLED_APPS", ["a-b"], "importable package names, not str ('a-b')"),
        ("INSTALLED_APPS", ["a", "b.a"], "two entries of INSTALLED_APPS have the label 'a'"),
        ("INSTALLED_APPS", ["a", "a"], "have the label 'a' (the last part of the name): a, a."),
        ("MIGRATIONS_DIR", 3, "MIGRATIONS_DIR must be a path, not int (3)"),
        ("MIGRATIONS_DIR", None, "MIGRATIONS_DIR must be a path, not NoneType (None)"),
        ("FIXTURE_DIRS", "fixtures", "FIXTURE_DIRS must be a list of paths, not str"),
        ("FIXTURE_DIRS", [3], "FIXTURE_DIRS must be a list of paths, not int (3)"),
        ("SHELL_IMPORTS", "json", "SHELL_IMPORTS must be a list of strings, not str"),
        ("SHELL_IMPORTS", [None], "SHELL_IMPORTS must be a list of strings, not NoneType"),
        ("LOCK_WAIT", "60", "LOCK_WAIT must be a number of seconds, 0 or more, not str ('60')"),
        ("LOCK_WAIT", -1, "LOCK_WAIT must be a number of seconds, 0 or more, not int (-1)"),
        ("LOCK_WAIT", True, "LOCK_WAIT must be a number of seconds, 0 or more, not bool (True)"),
        ("LOCK_WAIT", float("nan"), "LOCK_WAIT must be a number of seconds, 0 or more, not float"),
    ],
)
def test_a_wrong_value_names_the_setting_its_file_and_what_was_expected(
    name: str, value: object, says: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        read(**{name: value})
    assert caught.value.message.startswith(f"{FILE}: ")
    assert says in caught.value.message


@pytest.mark.parametrize(
    "databases",
    [
        {"default": "postgresql://me:tops3cret@h/d"},
        {"default": {"URL": ["postgresql://me:tops3cret@h/d"]}},
        {"default": {"URL": "sqlite://", "OPTIONS": "tops3cret"}},
        ["tops3cret"],
    ],
)
def test_a_wrong_value_that_may_hold_a_password_is_not_repeated(databases: object) -> None:
    with pytest.raises(SettingsError) as caught:
        read(DATABASES=databases)
    assert "tops3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("DATABASE", "DATABASES"),
        ("INSTALED_APPS", "INSTALLED_APPS"),
        ("MIGRATION_DIR", "MIGRATIONS_DIR"),
        ("FIXTURES_DIRS", "FIXTURE_DIRS"),
        ("SHELL_IMPORT", "SHELL_IMPORTS"),
        ("LOCK_WAITS", "LOCK_WAIT"),
    ],
)
def test_a_misspelt_name_is_a_warning(name: str, known: str) -> None:
    made = module(**{name: []})
    if known == "DATABASES":
        del made.DATABASES
    settings = settings_from(made, {"DATABASE_URL": "sqlite://"})
    assert settings.warnings == (f"{FILE}: {name} is not a known setting. Did you mean {known}?",)


def test_the_users_own_names_are_no_mistake() -> None:
    assert read(BASE_DIR=1, DEBUG=True, DATABASE_NAME="x", DATABASE="x", lock_wate=1).warnings == ()


def test_database_url_takes_the_place_of_the_default() -> None:
    databases = {
        "default": {"URL": "sqlite:///a", "OPTIONS": {"echo": True}, "PROTECTED": True},
        "other": {"URL": "sqlite:///b"},
    }
    same = read({"DATABASE_URL": "sqlite:///c"}, DATABASES=databases).databases
    assert same["default"].url == "sqlite:///c"
    assert same["default"].options == {"echo": True}
    assert same["default"].protected
    assert same["other"].url == "sqlite:///b"
    # Engine arguments of SQLite would be refused by another driver.
    other = read({"DATABASE_URL": "postgresql://h/d"}, DATABASES=databases).database("default")
    assert (other.url, dict(other.options), other.protected) == ("postgresql://h/d", {}, True)
    assert read({"DATABASE_URL": ""}, DATABASES=databases).database("default").url == "sqlite:///a"
    assert read({"DATABASE_URL": "sqlite://"}, DATABASES={}).database("default").url == "sqlite://"


def test_an_unknown_alias() -> None:
    settings = read(DATABASES=URL | {"replica": {"URL": "sqlite://"}})
    with pytest.raises(UsageError) as caught:
        settings.database("replika")
    assert caught.value.message == (
        f"No database 'replika' in DATABASES of {FILE}. Did you mean 'replica'?"
    )
    assert caught.value.hint == "Known: default, replica."


def test_which_module_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("conf_by_name", "conf_by_environment"):
        (tmp_path / f"{name}.py").write_text("DATABASES = {'default': {'URL': 'sqlite://'}}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("MANAGE_SETTINGS_MODULE", "conf_by_environment")
    assert load_settings("conf_by_name").module == "conf_by_name"
    assert load_settings().module == "conf_by_environment"
    monkeypatch.delenv("MANAGE_SETTINGS_MODULE")
    assert load_settings().module == "settings"  # the sample's, on pytest's path


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("sqlite:///a.sqlite", []),
        ("postgresql://me@h/d", []),
        ("postgresql://me:@h/d", []),
        ("postgresql://me:secret@h/d", ["secret"]),
        ("postgresql://me:se%40cret@h/d", ["se%40cret", "se@cret"]),
        ("postgresql://me:se@cret@h/d", ["cret", "se", "se@cret"]),
        ("postgresql://me:se:cr/et@h/d", ["cr/et", "se:cr/et"]),
        ("postgresql://me:se?cret@h/d", ["se?cret"]),
        ("postgresql://h/d?user=me&password=secret", ["secret"]),
        ("mysql://h/d?PASSWD=a%20b&x=y", ["a b"]),
        ("nonsense", []),
        ("", []),
    ],
)
def test_passwords(url: str, found: list[str]) -> None:
    assert passwords(url) == found


@pytest.mark.parametrize("url", ["postgresql://me:se?cr3t@h/d", "postgresql://me:p%21w0rd@h/d"])
def test_what_sqlalchemy_takes_for_the_password_is_among_them(url: str) -> None:
    assert make_url(url).password in passwords(url)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at postgresql://me:secret@h/d: no", "at postgresql://me:***@h/d: no"),
        ("postgresql://me:a@b@h/d", "postgresql://me:***@h/d"),
        ("x?password=secret&y=1", "x?password=***&y=1"),
        ("PASSWORD=secret; host", "PASSWORD=***; host"),
        ("nothing to hide: user@host", "nothing to hide: user@host"),
        ("https://docs/page", "https://docs/page"),
    ],
)
def test_redact_by_pattern(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_redact_by_what_is_known() -> None:
    keep_secret("open")
    keep_secret("opensesame")
    keep_secret("abc")
    keep_secret(None)
    # The longer one first, or its rest would be left; a word of three is left alone.
    assert redact("tried 'opensesame' and 'open', abc") == "tried '***' and '***', abc"


def test_every_password_of_the_settings_is_known() -> None:
    read(
        {"DATABASE_URL": "postgresql://me:fromenv1@h/d"},
        DATABASES={
            "default": {"URL": "sqlite://"},
            "a": {"URL": "postgresql://me:p%40ssword@h/d"},
            "b": {
                "URL": "mysql://h/d?password=inquery1",
                "OPTIONS": {"connect_args": {"password": "inoptions1", "timeout": 3}},
            },
        },
    )
    assert redact("fromenv1 p%40ssword p@ssword inquery1 inoptions1") == "*** *** *** *** ***"


def test_the_failing_line_is_the_users(tmp_path: Path) -> None:
    path = tmp_path / "user.py"
    path.write_text("import json\n\njson.loads('{')\n")
    try:
        exec(compile(path.read_text(), str(path), "exec"))
    except ValueError as error:
        assert failing_line(error) == f" ({path}, line 3)" or "json" in failing_line(error)


def test_packages_are_found_without_being_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("conf_pkg", "conf_pkg/inner", "conf_broken", "conf_broken/inner"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("1 / 0\n" if "inner" in name else "")
    (tmp_path / "conf_broken" / "__init__.py").write_text("\n1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert find_package("conf_pkg.inner") == tmp_path / "conf_pkg" / "inner"
    assert find_package("conf_no_such") is None
    assert find_package("conf_pkg.no_such") is None
    with pytest.raises(AppError) as caught:
        find_package("conf_broken.inner")
    assert f"{tmp_path / 'conf_broken' / '__init__.py'}, line 2" in caught.value.message


def test_an_alias_has_its_own_history_and_what_it_does_not_name_is_as_for_all() -> None:
    settings = read(
        DATABASES={
            "default": {"URL": "sqlite:///a.sqlite"},
            "log": {"URL": "sqlite:///b.sqlite", "MIGRATIONS_DIR": "log", "METADATA": ["log:meta"]},
        },
        ALEMBIC="alembic.ini",
        HEADS=["expand"],
    )
    assert settings.migrations_of("default") == settings.migrations
    assert settings.migrations_of("log").folder == FILE.parent / "log"
    assert settings.migrations_of("log").heads == ("expand",)
    assert settings.migrations.config == FILE.parent / "alembic.ini"
    assert settings.metadata_of("log") == ("log:meta",)
    assert settings.metadata_of("default") == ()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"REVISION_IDS": "hexx"}, "REVISION_IDS must be"),
        ({"METADATA": ["shop.db"]}, 'METADATA must be a list of MetaData objects, as "package'),
        ({"AROUND": "shop"}, "AROUND must be a context manager, as"),
        ({"LEDGER": ""}, "LEDGER must be True, False or the name of a schema"),
        ({"ALEMBIC": {"CONFG": "x"}}, "Did you mean 'CONFIG'?"),
        ({"ALEMBIC": 3}, "ALEMBIC must be a path"),
        ({"VERSION_TABLE": ""}, "VERSION_TABLE must be a string"),
    ],
)
def test_a_wrong_setting_of_the_history_is_named(names: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read(DATABASES={"default": {"URL": "sqlite:///a.sqlite"}}, **names)
    assert message in str(raised.value)


def test_a_configuration_is_a_file_or_what_makes_one() -> None:
    assert read(ALEMBIC="db/alembic.ini").migrations.config == FILE.parent / "db/alembic.ini"
    made = read(ALEMBIC={"CONFIG": "shop.db:alembic_config"}).migrations
    assert (made.config, made.config_object) == (None, "shop.db:alembic_config")
