"""What a project's env.py passes to Alembic, and the settings that follow from it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from ..databases.engines import database_url, shown
from ..errors import ManageError
from ..fitting import count
from ..migrations.foreign_env.detection import foreign_env
from ..migrations.foreign_env.harvest import harvest
from ..migrations.foreign_env.harvested import HarvestedEnv
from ..migrations.foreign_env.same_database import same_database
from . import applications, urls
from .alembic_project import AlembicProject
from .fresh_process import Imported, tables_of
from .metadata_names import MetadataNames, named

if TYPE_CHECKING:
    from collections.abc import Sequence

LEDGER_TABLE = "sqlalchemy_manage_ledger"
OWN_SCHEMA = "sqlalchemy_manage"


def read_environment(found: AlembicProject) -> None:
    """Harvest env.py; where that fails, its text has to do. Adds to the survey and the draft."""
    if found.folder is None:
        return
    file = foreign_env(found.folder)
    facts = found.survey.facts
    if file is None:
        facts["env.py"] = f"{found.folder / 'env.py'} calls run_env(), as it should"
        return
    facts["env.py"] = str(file)
    try:
        with found.importing():
            project = found.project
            env = harvest(project, file)
            _url(found, env, database_url(project.database, found.root))
            _options(found, env)
            _metadata(found, env.metadatas)
    except ManageError as error:
        found.survey.problems.append(error.message)
        _from_text(found)
    except Exception as error:  # of the project's own code
        found.survey.problems.append(f"{file}: {type(error).__name__}: {error}")
        _from_text(found)


def _url(found: AlembicProject, env: HarvestedEnv, given: URL) -> None:
    """Where env.py has its URL from, if it does not take the one that it is given."""
    draft, root = found.draft, found.root
    if env.url is None or same_database(given, env.url, root):
        return
    if found.environ.get("DATABASE_URL"):
        found.survey.problems.append(
            f"DATABASE_URL in the environment is {shown(given)}, and env.py goes to "
            f"{shown(env.url)}, whatever it is given."
        )
    source = urls.of_environment(env.url, found.environ, root) or urls.written_out(env.url, root)
    if source is None:
        found.survey.problems.append(
            "env.py has a database URL of its own, with a password, which is not written into "
            "the settings: set DATABASE_URL in the environment to the same."
        )
        source = urls.NOWHERE._replace(url=env.url.render_as_string(hide_password=False))
    elif source.origin == urls.OF_ENV:
        found.survey.problems.append(
            "env.py has its database from the project's own configuration, and the settings "
            "repeat it: they have to be the same."
        )
    draft.source = source


def _options(found: AlembicProject, env: HarvestedEnv) -> None:
    draft, survey = found.draft, found.survey
    found.version_table(*env.version_table)
    taken = sorted(set(env.options) - {"target_metadata", "version_table", "version_table_schema"})
    if taken:
        survey.facts["options honoured"] = ", ".join(taken)
    if env.overridden:
        survey.facts["overridden"] = ", ".join(env.overridden)
    if env.swallowed:
        survey.problems.append(
            f"env.py executes statements by itself, which are left out: {'; '.join(env.swallowed)}"
        )
    if env.others:
        several = ", ".join(dict.fromkeys(map(shown, env.others)))
        survey.problems.append(
            f"env.py runs the revisions on other databases too, and the settings name one: give "
            f"each an alias in DATABASES ({several})."
        )
    if env.locations and "VERSION_LOCATIONS" not in draft.values:
        draft.values["VERSION_LOCATIONS"] = [draft.place(found.root / p) for p in env.locations]
    _ledger(found, env)


def _ledger(found: AlembicProject, env: HarvestedEnv) -> None:
    """Where the tool's own tables are, so that the project's own comparison drops none."""
    draft, given = found.draft, env.given
    if not env.metadatas or hides(given):
        return
    kind = make_url(draft.source.url or found.environ.get("DATABASE_URL") or "sqlite://")
    if kind.get_backend_name() == "postgresql" and not given.get("include_schemas"):
        draft.values["LEDGER"] = OWN_SCHEMA
        draft.notes["LEDGER"] = (
            "The schema of the tool's own tables: in it the project's own `alembic check` does "
            "not see them."
        )
        return
    draft.values["LEDGER"] = False
    draft.notes["LEDGER"] = (
        "No record of what was applied, since the project's own `alembic check` would find a "
        "table to drop. To keep one, have env.py's include_name leave out names that begin with "
        "sqlalchemy_manage_, and set this to True."
    )


def hides(given: Mapping[str, Any]) -> bool:
    """Whether the options of env.py keep a table of the tool out of Alembic's comparison."""
    parents = {"schema_name": None, "table_name": None, "schema_qualified_table_name": LEDGER_TABLE}
    table = sa.Table(LEDGER_TABLE, sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))
    asked = (
        ("include_name", (LEDGER_TABLE, "table", parents)),
        ("include_object", (table, LEDGER_TABLE, "table", True, None)),
    )
    for name, arguments in asked:
        function = given.get(name)
        try:
            if callable(function) and not function(*arguments):
                return True
        except Exception:  # of the project's own code: it says nothing
            continue
    return False


def _metadata(found: AlembicProject, metadatas: Sequence[sa.MetaData]) -> None:
    """Name the MetaData in the settings, so that commands find the models without env.py."""
    survey = found.survey
    # Some list classes beside them, which Alembic passes over as long as nothing is compared.
    metadatas = [each for each in metadatas if isinstance(each, sa.MetaData)]
    tables = sum(len(each.tables) for each in metadatas)
    if not tables:
        _beside(found)
        return
    survey.facts["models"] = count(tables, "table")
    survey.tables = tuple(name for each in metadatas for name in each.tables)
    names = named(metadatas, found.env.metadata, lambda entries: _imported(found, entries))
    _note(found, names)


def _beside(found: AlembicProject) -> None:
    """Name the modules with models, where env.py imports a base and no model."""
    assert found.folder is not None
    survey, first = found.survey, list(found.env.metadata)
    modules = applications.project_modules(found.folder, found.root)
    others = [f"{m.name}:{m.models[0]}.metadata" for m in modules if m.models]
    imported = _imported(found, [*first, *others])
    sharing = [each for each in imported.metadata.values() if set(each) & set(first)]
    entries = sharing[0] if sharing else []
    if len(entries) < 2:
        survey.problems.append(
            "env.py passes no target_metadata with tables: name the models in METADATA."
        )
        return
    tables = _imported(found, entries).tables
    survey.tables = tuple(tables)
    survey.facts["models"] = f"{count(len(tables), 'table')}, of which env.py imports none"
    survey.problems.append(
        "env.py imports no module with models, so the project's own alembic check sees none; "
        "METADATA names them."
    )
    found.draft.values["METADATA"] = entries


def _note(found: AlembicProject, names: MetadataNames) -> None:
    draft, survey = found.draft, found.survey
    if names.entries:
        draft.values["METADATA"] = list(names.entries)
    if names.missing:
        some = ", ".join(sorted(names.missing)[:3]) + (" ..." if len(names.missing) > 3 else "")
        survey.problems.append(
            f"METADATA does not lead to {count(len(names.missing), 'table')} of the models "
            f"({some}): add the modules that declare them."
        )


def _imported(found: AlembicProject, entries: Sequence[str]) -> Imported:
    return tables_of(entries, found.root, sys.path)


def _from_text(found: AlembicProject) -> None:
    """What the text of env.py says, where it cannot be run."""
    env, facts = found.env, found.survey.facts
    facts["env.py"] += ", read and not run"
    if env.problem:
        found.survey.problems.append(env.problem)
    table, schema = env.options.get("version_table"), env.options.get("version_table_schema")
    found.version_table(
        schema if isinstance(schema, str) else None,
        table if isinstance(table, str) else "alembic_version",
    )
    found.draft.values["LEDGER"] = False
    found.draft.notes["LEDGER"] = "No record of what was applied, until env.py can be harvested."
    for entries in (list(env.metadata), _declared(found)):
        if not entries:
            continue
        with found.importing():
            imported = _imported(found, entries)
        if imported.tables:
            facts["models"] = count(len(imported.tables), "table")
            found.survey.tables = tuple(imported.tables)
            led = {entry for each in imported.metadata.values() for entry in each}
            found.draft.values["METADATA"] = [entry for entry in entries if entry in led]
            return


def _declared(found: AlembicProject) -> list[str]:
    """The MetaData that the project's files declare."""
    assert found.folder is not None
    modules = applications.project_modules(found.folder, found.root)
    return [f"{m.name}:{m.metadata[0]}" for m in modules if m.metadata][:1]
