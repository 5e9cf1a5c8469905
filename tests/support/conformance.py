"""The table: declarations and model shapes that ``seed`` and ``create()`` make alike.

The models and factories are those of ``tests/projects/shapes``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """``seeded`` (MODEL=COUNT ...) gives the same rows by ``queries``.

    ``how`` the first model is expected to be made: ``columns``, ``objects`` of the model
    for what it makes of its values, or ``factory_boy``; None where either is fine.
    """

    name: str
    seeded: str
    how: str | None = "columns"
    queries: tuple[str, ...] = ()

    @property
    def counts(self) -> list[str]:
        return self.seeded.split()

    @property
    def asked(self) -> tuple[str, ...]:
        """The queries; without any, all rows of each model that is seeded."""
        models = re.findall(r"(\w+)=", self.seeded)
        return self.queries or tuple(f"SELECT * FROM t_{m.lower()}" for m in models)


@dataclass(frozen=True)
class Drawn:
    """Each of ``columns`` (SQL expressions) has the same distribution, over all rows of ``source``.

    ``source``: what follows FROM, the model's table if it is left out.
    """

    model: str
    columns: tuple[str, ...]
    how: str = "columns"
    count: int = 4000
    source: str = ""
    before: str = ""

    @property
    def counts(self) -> list[str]:
        return [*self.before.split(), f"{self.model}={self.count}"]


def joined(child: str, parent: str, key: str, columns: str) -> str:
    """The rows of ``child`` (c) with those of ``parent`` (p) that they refer to by ``key``."""
    condition = f"p.id = c.{key}"
    return f"SELECT {columns} FROM t_{child} c LEFT JOIN t_{parent} p ON {condition}"


def case(name: str, seeded: str, how: str | None = "columns", *queries: str) -> Case:
    """A case of 12 rows unless ``seeded`` says how many."""
    return Case(name, seeded if "=" in seeded else f"{seeded}=12", how, queries)


DECLARATIONS = [
    case("a constant", "Constant"),
    case("None", "Nothing"),
    case("no declaration at all", "Unset"),
    case("Sequence of texts, numbers and decimals", "Counted"),
    case("LazyFunction", "Called"),
    case("LazyAttribute", "Lazy"),
    case("LazyAttribute of a later LazyAttribute", "LazyChain"),
    case("LazyAttributeSequence", "LazyNumbered"),
    case("lazy_attribute, sequence and the like as decorators", "Decorated"),
    case("SelfAttribute, dotted, of a parameter", "Selfish"),
    case("SelfAttribute with a default", "SelfDefault"),
    case("Iterator of a list, a generator, a range", "Cycled"),
    case("Iterator without cycle", "Spent"),
    case("Iterator with a getter", "Gotten"),
    case("Iterator of an enum", "Enumerated"),
    case("Iterator of an enum with a getter, and as a decorator", "EnumGotten"),
    case("Maybe by name", "Perhaps"),
    case("Maybe by a declaration, nested, and without a no", "PerhapsNot"),
    case("Params", "Parametrized"),
    case("Trait that is off", "Traited"),
    case("Trait that a subclass turns on", "TraitedAlways"),
    case("Trait turned on by a Trait", "TraitedBoth"),
    case("Trait decided row by row", "TraitDecided"),
    case("Dict", "Dictionary"),
    case("List", "Listing"),
    case("Transformer", "Transformed"),
    case("ContainerAttribute", "Container"),
    case("a declaration of the project's own", "OwnDeclaration"),
]

_CHILD = "c.id, c.text, c.more, c.number, p.text, p.more, p.number"
_OWNED = "p.text, c.text, c.more, c.number"

NESTED = [
    case("SubFactory, and attributes of what it makes", "Plain", "columns",
         joined("plain", "plaintown", "town_id", _CHILD)),
    case("SubFactory with values, and '..attribute'", "Over", "columns",
         joined("over", "overtown", "town_id", _CHILD)),
    case("SubFactory of two levels", "House", "columns",
         joined("house", "city", "city_id", _CHILD), joined("city", "land", "land_id", _OWNED)),
    case("SubFactory twice of one factory", "Pair", "columns",
         joined("pair", "pairtown", "left_id", "c.id, p.text"),
         joined("pair", "pairtown", "right_id", "c.id, p.text"),
         "SELECT number FROM t_pairtown"),
    case("Maybe with a SubFactory", "Chosen", "columns",
         joined("chosen", "chosentown", "town_id", _CHILD), "SELECT * FROM t_chosentown"),
    case("Trait that reaches into a SubFactory", "Flavoured", "columns",
         joined("flavoured", "flavouredtown", "town_id", _CHILD)),
    case("SubFactory of the factory itself", "Node", "columns",
         joined("node", "node", "parent_id", "c.text, p.text"), "SELECT number FROM t_node"),
    case("SubFactory of the factory itself, twice", "Level", "columns",
         joined("level", "level", "parent_id", "c.number, p.number")),
    case("RelatedFactory", "Related", "columns",
         joined("childrelated", "related", "owner_id", _OWNED)),
    case("RelatedFactoryList of a size", "Three", "columns",
         joined("childthree", "three", "owner_id", _OWNED)),
    case("RelatedFactoryList of a size for each", "Several", "columns",
         joined("childseveral", "several", "owner_id", _OWNED), "SELECT * FROM t_several"),
    case("traits that are off, with RelatedFactory and post_generation", "Resting"),
    case("RelatedFactory in a trait, decided row by row", "Switched", "columns",
         joined("childswitched", "switched", "owner_id", "p.text, c.text, c.more")),
    case("SubFactory whose RelatedFactory makes rows of the first", "ChildAhead", None,
         joined("childahead", "ahead", "owner_id", "p.text, c.text")),
    case("children made first and given as a list", "Listed", None,
         joined("childlisted", "listed", "owner_id", "p.text, c.text"),
         "SELECT number FROM t_childlisted"),
    case("an association proxy that makes children", "Linking", "factory_boy",
         joined("childlinking", "linking", "owner_id", "p.number, c.text")),
    case("a foreign key by its column", "Shelf=3 Volume=10"),
    case("links made by post_generation", "Parcel", "factory_boy",
         "SELECT parcel_id, text, more FROM parcel_label JOIN t_label ON t_label.id = label_id"),
    case("links to a list of SubFactories", "Bag", None,
         "SELECT bag_id, count(*) FROM bag_badge GROUP BY bag_id", "SELECT text FROM t_badge"),
    case("post_generation, in order, of each of them", "Quay=2 Crate=12", None,
         joined("crate", "quay", "home_id", "c.text, c.more, c.number, p.text, p.more"),
         joined("childcrate", "crate", "owner_id", "c.number, c.more, p.text"),
         "SELECT crate_id, count(DISTINCT quay_id) FROM crate_quay GROUP BY crate_id"),
    case("rows that refer to each other", "Club", "factory_boy",
         joined("club", "player", "captain_id", "c.id, c.text, p.number, p.club_id")),
]  # fmt: skip

METAS = [
    case("Meta.rename", "Renamed"),
    case("Meta.exclude", "Excluded"),
    case("Meta.inline_args", "Positional", "factory_boy"),
    case("sqlalchemy_get_or_create", "Found"),
    case("SubFactory with sqlalchemy_get_or_create", "Foundling", "columns",
         joined("foundling", "foundtown", "town_id", "c.id, c.number, p.text"),
         "SELECT text FROM t_foundtown"),
    case("sqlalchemy_get_or_create by a row and a text, with RelatedFactory", "Grant", "columns",
         "SELECT id, text, number FROM t_grant", "SELECT text, grant_id FROM t_grantnote",
         joined("grant", "foundtown", "town_id", "c.text, p.text")),
    case("sqlalchemy_get_or_create by what some databases hold equal", "Cased"),
    case("_adjust_kwargs", "Adjusted", "factory_boy"),
    case("_create", "Created", "factory_boy"),
    case("_save", "Instantiated", "factory_boy"),
    case("declarations of an abstract factory", "Inherited"),
    case("a subclass for another model shares an Iterator", "Shared=7 SharedToo=5"),
    case("two factories for a model", "Named"),
    case("post_generation that changes the row", "Touched", "factory_boy"),
    case("PostGenerationMethodCall", "Method", "factory_boy"),
    case("PostGeneration beside a Maybe", "Skipping", "factory_boy"),
    case("SubFactory with post_generation", "SubPost", None,
         joined("subpost", "subposttown", "town_id", _CHILD)),
    case("_after_postgeneration", "Afterwards", "factory_boy"),
    case("a row linked to itself", "Friendly", "factory_boy",
         "SELECT left_id, right_id FROM friend"),
]  # fmt: skip

COLUMNS = [
    case("a column default", "Scalar"),
    case("None for a column with a default", "ScalarNone"),
    case("a default that is called, with the context", "Callables"),
    case("a default that is an SQL expression", "Expressions", "columns",
         "SELECT id, low, five, nil, number, made_at IS NULL FROM t_expressions"),
    case("a server default, used now and then", "ServerDefaults", "columns",
         "SELECT id, word, level, number, made_at IS NULL FROM t_serverdefaults"),
    case("onupdate", "Updated"),
    case("Enum, Boolean, LargeBinary, Uuid, Numeric, dates", "Typed"),
    case("JSON, and None in JSON", "Jsons"),
    case("TypeDecorator, also of None", "DecoratedType"),
    case("composite()", "Composite"),
    case("a column with another name, another key", "OtherName"),
    case("a deferred column, and column_property", "Deferred"),
    case("a column that the server computes", "Computed"),
]  # fmt: skip

CLASSES = [
    case("@validates", "Validated", "objects"),
    case("a property with a setter", "Propertied", "objects"),
    case("a hybrid property with a setter", "Hybrid", "objects"),
    case("synonym()", "Synonymous"),
    case("an __init__ of the model's own", "OwnInit", "objects"),
    case("an __init__ that takes a relationship", "InitRelated", "factory_boy",
         joined("initrelated", "inittown", "town_id", _CHILD)),
    case("a listener to an attribute", "SetListened", "objects"),
    case("a listener to init", "InitListened", "objects"),
    case("a listener to before_insert", "Inserted", "factory_boy"),
    case("a dataclass", "Data", "objects",
         "SELECT c.id, c.name, level, tags, state, late, p.name FROM t_data c "
         "LEFT JOIN t_datatown p ON p.id = c.town_id"),
    case("a dataclass with nothing but fields", "PlainData", "columns",
         "SELECT c.id, c.name, level, tags, state, late, empty, p.name "
         "FROM t_plaindata c LEFT JOIN t_datatown p ON p.id = c.town_id"),
    case("a class mapped imperatively", "Imperative"),
    case("a class mapped imperatively with its __init__", "ImperativeInit", "objects"),
    case("single-table inheritance, and one sequence for both", "Single=7 SingleChild=5",
         "columns", "SELECT * FROM t_single"),
    case("joined-table inheritance of three levels", "Joined=4 JoinedChild=4 JoinedGrandchild=4"),
    case("concrete inheritance", "ConcreteChild"),
    case("version_id_col", "Versioned"),
    case("a text as key", "TextChild", "columns",
         "SELECT * FROM t_textchild", "SELECT * FROM t_textkey"),
    case("a key of two columns", "CompositeChild", "columns",
         "SELECT * FROM t_compositechild", "SELECT * FROM t_compositekey"),
    case("a UUID as key, by default", "UuidChild", "columns",
         joined("uuidchild", "uuidkey", "parent_id", "c.id, c.number, p.word"),
         "SELECT count(DISTINCT id) FROM t_uuidkey"),
    case("a foreign key to a column that is no key", "OtherKey", "columns",
         "SELECT * FROM t_otherkey", "SELECT code FROM t_otherkeyparent"),
    case("a key that is the parent's", "OneToOne", "columns",
         joined("onetoone", "onetooneparent", "id", "c.word, p.number")),
]  # fmt: skip

SHAPES = [*COLUMNS, *CLASSES]
VALUES = [*DECLARATIONS, *NESTED, *METAS, *SHAPES]

DRAWN = [
    Drawn("Faked", ("name", "first_name", "job", "word", "sentence", "email",
                    "substr(email, instr(email, '@'))", "substr(name, 1, instr(name, ' '))")),
    Drawn("Placed", ("city", "company", "german", "town", "digits")),
    Drawn("Measured", ("flag", "seldom", "count", "day", "at", "price", "element", "weighted",
                       "repeated", "price - CAST(price AS INTEGER)",
                       "flag || element || weighted")),
    Drawn("Depending", ("top", "below", "top || '/' || below", "start", '"end"',
                        "substr(start, 1, 7) || '/' || substr(\"end\", 1, 7)")),
    Drawn("Fuzzied", ("choice", "got", "whole", "stepped", "price", "ratio", "code", "day", "at",
                      "called", "choice || got || called")),
    Drawn("Branching", ("kind", "title", "more", "text", "kind || coalesce(text, '')", "own")),
    Drawn("Child", ("c.number", "c.text", "p.number", "p.text", "c.number = p.number",
                    "c.text = p.text"),
          source="t_child c JOIN t_parent p ON p.id = c.parent_id"),
    Drawn("Branch", ("leaves", "lowest"),
          source="(SELECT count(*) AS leaves, min(number) AS lowest"
                 " FROM t_leaf GROUP BY branch_id)"),
    Drawn("Chanced", ("text", "number", "text || number"), how="factory_boy"),
    Drawn("Tin", ("number", "tags", "first", "number || '/' || tags"), before="Tag=10", count=2000,
          source="(SELECT number, count(*) AS tags, min(tag_id) AS first"
                 " FROM t_tin JOIN tag_of_tin ON tin_id = id GROUP BY id)"),
]  # fmt: skip
