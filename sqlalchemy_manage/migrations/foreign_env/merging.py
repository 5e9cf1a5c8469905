"""Our options of Alembic's ``configure``, and those of an env.py beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .harvested import HarvestedEnv

_FIRST_THEIRS = ("compare_type", "version_table_pk", "upgrade_token", "downgrade_token")


def merged(
    ours: dict[str, Any], env: HarvestedEnv | None, *, scratch: bool = False
) -> dict[str, Any]:
    """``ours`` with what ``env`` asks for: both filters count, and its hooks are called first.

    ``scratch``: on a database that is dropped, so that nobody is told what was applied.
    """
    if env is None:
        return ours
    theirs = env.options
    found = theirs | ours
    for name in _FIRST_THEIRS:
        if name in theirs:
            found[name] = theirs[name]
    if not ours.get("target_metadata"):
        found["target_metadata"] = theirs.get("target_metadata")
    for name in ("render_as_batch", "include_schemas"):
        found[name] = bool(ours.get(name) or theirs.get(name))
    if "compare_server_default" in ours:
        # Without it Alembic compares none, and both tools are to find the same.
        found["compare_server_default"] = theirs.get("compare_server_default", False)
    if (mine := ours.get("include_name")) is not None:
        found["include_name"] = _named(mine, theirs)
    if (mine := ours.get("include_object")) is not None:
        found["include_object"] = _both(mine, theirs.get("include_object"))
    if (mine := ours.get("render_item")) is not None:
        found["render_item"] = _first_that_writes(theirs.get("render_item"), mine)
    if (mine := ours.get("process_revision_directives")) is not None:
        found["process_revision_directives"] = _after(
            theirs.get("process_revision_directives"), mine
        )
    if (mine := ours.get("on_version_apply")) is not None:
        told = () if scratch else _several(theirs.get("on_version_apply"))
        found["on_version_apply"] = (*told, *_several(mine))
    elif scratch:
        found.pop("on_version_apply", None)
    plugins = [*theirs.get("autogenerate_plugins", ()), *ours.get("autogenerate_plugins", ())]
    if plugins:
        found["autogenerate_plugins"] = list(dict.fromkeys(plugins))
    return found


def _several(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (list, tuple, set)) else (value,)


def _both(mine: Callable[..., bool], theirs: Callable[..., bool] | None) -> Callable[..., bool]:
    if theirs is None:
        return mine
    return lambda *args: bool(mine(*args) and theirs(*args))


def _named(mine: Callable[..., bool], theirs: dict[str, Any]) -> Callable[..., bool]:
    """include_name of both; which schemas are looked at is theirs to say if they say so."""
    wanted, schemas = theirs.get("include_name"), theirs.get("include_schemas")

    def include_name(name: str | None, kind: str, parents: Any) -> bool:
        if kind == "schema" and schemas:
            return wanted is None or bool(wanted(name, kind, parents))
        return bool(mine(name, kind, parents)) and (
            wanted is None or bool(wanted(name, kind, parents))
        )

    return include_name


def _first_that_writes(theirs: Callable[..., Any] | None, mine: Callable[..., Any]) -> Any:
    if theirs is None:
        return mine

    def render_item(kind: str, item: Any, autogen_context: Any) -> Any:
        written = theirs(kind, item, autogen_context)
        # Only False leaves it to others: None and an empty text leave the thing out.
        return mine(kind, item, autogen_context) if written is False else written

    return render_item


def _after(theirs: Callable[..., None] | None, mine: Callable[..., None]) -> Any:
    if theirs is None:
        return mine

    def hook(context: Any, revision: Any, directives: list[Any]) -> None:
        before = directives[0].rev_id if directives else None
        theirs(context, revision, directives)
        if directives and directives[0].rev_id != before:
            directives[0].given_rev_id = directives[0].rev_id
        mine(context, revision, directives)

    return hook
