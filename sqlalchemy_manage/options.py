"""Click options and parameter types shared by commands, each written once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from . import advice, output
from .common_options import COMMON

if TYPE_CHECKING:
    from .project import Project


# Generic in the stubs of newer Click releases only.
if TYPE_CHECKING:
    _ParamType = click.ParamType[Any]
else:
    _ParamType = click.ParamType


class FilePath(click.Path):
    """A path that the file system can have; a usage error for one that it cannot have.

    ``as_text``: and that is UTF-8, as what opens the file must have it.
    """

    def __init__(self, *, as_text: bool = False, **how: Any) -> None:
        super().__init__(**how)
        self.as_text = as_text

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        import os

        from .files import why_no_path

        if why := why_no_path(os.fspath(value), as_text=self.as_text):
            self.fail(why, param, ctx)
        return super().convert(value, param, ctx)


def _project(ctx: click.Context) -> Project:
    from .project import Project

    return ctx.ensure_object(Project)


def _sets(name: str, to: bool | None = None) -> Callable[..., None]:
    """A callback that sets an attribute of the project ``to`` this, else to the option's value."""

    def callback(ctx: click.Context, param: click.Parameter, value: str | bool | None) -> None:
        if value:
            setattr(_project(ctx), name, value if to is None else to)

    return callback


def _chooses(name: str) -> Callable[..., None]:
    """The same, for an option that the commands advised have to repeat."""
    sets = _sets(name)

    def callback(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
        if value is not None and not value.strip(", "):
            # Where a script's variable is not set, no other database may take its place.
            raise click.BadParameter("it is empty.", ctx, param)
        sets(ctx, param, value)
        if value:
            advice.choose(param.opts[0], value)

    return callback


def _verbosity(ctx: click.Context, param: click.Parameter, value: int | None) -> None:
    if value is not None:
        _project(ctx).verbosity = value
        output.configure(value)


def _no_color(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        output.use_color(False)
        ctx.find_root().color = ctx.color = False  # Click's own error messages


def common_options() -> list[click.Option]:
    """The options that every command takes, before or after its name."""
    options = []
    for flags, (metavar, text) in COMMON.items():
        how = _HOW[flags[-1]] | ({"metavar": metavar} if metavar else {"is_flag": True})
        options.append(click.Option([*flags], expose_value=False, help=text, **how))
    return options


_HOW: dict[str, dict[str, Any]] = {
    "--settings": {"callback": _chooses("settings_name")},
    "--database": {"callback": _chooses("alias")},
    "--verbosity": {"type": click.IntRange(0, 3), "callback": _verbosity},
    "--no-color": {"callback": _no_color},
    "--traceback": {"callback": _sets("traceback")},
    "--noinput": {"callback": _sets("interactive", to=False)},
}


def json_option(help_text: str = "Print JSON instead of a table.") -> Callable[..., Any]:
    """``--json``, as ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help=help_text)


def x_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``-x``, of the commands that run revisions or compare."""
    return click.option(
        "-x",
        multiple=True,
        metavar="NAME=VALUE",
        expose_value=False,
        callback=_gives_x,
        help="Give this to env.py and the revisions, as alembic -x does.",
    )(function)


def _gives_x(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> None:
    if value:
        _project(ctx).x = value
        advice.repeat([word for one in value for word in ("-x", one)])


def run_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that applies or undoes revisions.

    A command passes them on unread to ``commands/_migrate.py``.
    """
    for option in reversed(_RUN):
        function = option(function)
    return function


_RUN = (
    click.option(
        "--plan",
        "only_plan",
        is_flag=True,
        help="Only show what would be done, to how many rows, and what would be lost.",
    ),
    json_option("With --plan: print JSON, an object with a list of revisions."),
    click.option("--allow-data-loss", is_flag=True, help="Also undo revisions that destroy data."),
    click.option(
        "--no-backup", is_flag=True, help="SQLite: make no backup before data is destroyed."
    ),
    click.option(
        "--allow-loss",
        multiple=True,
        metavar="TABLE[.COLUMN]",
        help="Allow the loss of rows and links of this, for this run only.",
    ),
    click.option("--no-prove", is_flag=True, help="Skip the check for lost rows and links."),
    click.option(
        "--as-is",
        is_flag=True,
        help="Have another tool's env.py run the revisions as it is, without any of the checks.",
    ),
    x_option,
)

_ANSWERS = (
    ("--rename", "TABLE.OLD=NEW", "This column was renamed."),
    ("--rename-table", "OLD=NEW", "This table was renamed."),
    ("--rename-value", "TABLE.COLUMN:OLD=NEW", "This value of an Enum was renamed or replaced."),
    ("--default", "TABLE.COLUMN=VALUE", "Give existing rows this value (a Python literal)."),
    (
        "--server-default",
        "TABLE.COLUMN=SQL",
        "Give existing rows the value of this SQL expression.",
    ),
    ("--nullable", "TABLE.COLUMN", "Allow NULL in this column for now."),
    ("--allow-drop", "TABLE[.COLUMN]", "Drop this and its data."),
    ("--allow-loss", "TABLE.COLUMN", "Change the type of this, whatever its values lose by it."),
)


def answer_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The flags that answer makemigrations' questions; each may be given several times."""
    for flag, metavar, text in reversed(_ANSWERS):
        function = click.option(flag, multiple=True, metavar=metavar, help=text)(function)
    return function


class RevisionType(_ParamType):
    """A revision as typed: a name, a unique beginning of one, ``zero``, ``-N`` or ``+N``.

    Click would take ``-1`` for an option; the command therefore ignores unknown
    options, and this type rejects the mistyped ones that get through.
    """

    name = "revision"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from difflib import get_close_matches

        if value.startswith("-") and not re.fullmatch(r"-\d+", value):
            known = [flag for p in ctx.command.params for flag in p.opts] if ctx else []
            close = get_close_matches(value, known)
            raise click.NoSuchOption(value, possibilities=close, ctx=ctx)
        return value


class SeedArgument(_ParamType):
    """A profile's name, or ``MODEL=COUNT`` as a pair: a model and a whole number, 0 or more."""

    name = "profile"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, tuple) or value.isidentifier():
            return value
        model, equals, count = value.partition("=")
        if not equals or not model:
            self.fail(f"'{value}' is not MODEL=COUNT, such as Employee=1000.", param, ctx)
        if not re.fullmatch(r"\d+(_\d+)*", count):
            self.fail(f"'{value}': '{count}' is not a whole number.", param, ctx)
        return model, int(count)
