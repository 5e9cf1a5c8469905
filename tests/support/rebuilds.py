"""Tables of many shapes on SQLite, and a project that rebuilds some by revisions of SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.programs import Result
from support.project import ProjectFolder


class Rebuilds(ProjectFolder):
    """A project on SQLite with revisions of SQL, and what is in its database."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, f"sqlite:///{folder / 'db.sqlite'}")
        self.write_history()

    @property
    def last(self) -> str:
        """The newest revision."""
        return self.revisions[-1].removesuffix(".py")

    def next(self, body: str, more: str = "") -> str:
        """Write a revision; its name."""
        name = f"{len(self.revisions) + 1:04}_step"
        self.step(name, body.strip("\n"), more=more)
        return name

    def sql(self, *statements: str) -> None:
        self.next("\n".join(f"op.get_bind().exec_driver_sql({s!r})" for s in statements))

    def migrate(self) -> Result:
        return self.manage("migrate")

    def statement(self, name: str) -> str:
        ((sql,),) = self.query(f"SELECT sql FROM sqlite_master WHERE name = '{name}'")
        return plain(sql)

    def master(self) -> dict[tuple[str, str], str]:
        rows = self.query("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        ours = ("alembic_version", "sqlalchemy_manage_", "sqlite_")
        return {(kind, name): plain(sql) for kind, name, sql in rows if not name.startswith(ours)}

    def read(self, name: str) -> list[list[tuple[Any, ...]]]:
        """What SQLite itself knows of a table."""
        found = [
            self.query(f"PRAGMA {pragma}('{name}')") for pragma in ("table_xinfo", "index_list")
        ]
        found.append([row[1:] for row in self.query(f"PRAGMA foreign_key_list('{name}')")])
        found += [self.query(f"PRAGMA index_xinfo('{row[1]}')") for row in found[1]]
        found.append([row[3:] for row in self.query(f"PRAGMA table_list('{name}')")])
        return [sorted(rows, key=repr) for rows in found]


def plain(sql: str) -> str:
    """SQL without its layout and the quotes around names."""
    return re.sub(r"\s+|[\"`\[\]]", "", re.sub(r"--[^\n]*", "", sql)).casefold()


@dataclass(frozen=True)
class Shape:
    """A table ``p`` with a column ``n`` that a batch makes NOT NULL."""

    create: str
    more: tuple[str, ...] = ()


SHAPES = {
    "plain": Shape("CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER)"),
    "autoincrement": Shape("CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER)"),
    "key on conflict": Shape(
        "CREATE TABLE p (id INTEGER NOT NULL, n INTEGER,"
        " CONSTRAINT pk_p PRIMARY KEY (id DESC) ON CONFLICT REPLACE)"
    ),
    "no rowid": Shape(
        "CREATE TABLE p (id INTEGER, part TEXT DEFAULT 'a' COLLATE NOCASE, n INTEGER,"
        " PRIMARY KEY (id, part DESC), UNIQUE (id)) WITHOUT ROWID"
    ),
    "strict": Shape("CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER, a ANY) STRICT"),
    "strict without rowid": Shape(
        "CREATE TABLE p (id INT PRIMARY KEY NOT NULL, n INTEGER) WITHOUT ROWID, STRICT"
    ),
    "collate": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE DEFAULT 'x', n INTEGER)"
    ),
    "unique on conflict": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, e TEXT UNIQUE ON CONFLICT REPLACE, n INTEGER,"
        " f TEXT, CONSTRAINT uq_f UNIQUE (f COLLATE NOCASE, e) ON CONFLICT IGNORE)"
    ),
    "not null on conflict": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY,"
        " e TEXT NOT NULL ON CONFLICT IGNORE DEFAULT 'e', n INTEGER)"
    ),
    "checks": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY CHECK (id > 0), n INTEGER,"
        " a INTEGER CHECK (a > 0 AND (a < 10 OR a = 11)) DEFAULT (1),"
        " CONSTRAINT named CHECK (a <> 5), CHECK (n IS NULL OR n < 1000), CHECK (a || ')' <> ':x'))"
    ),
    "generated": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER,"
        " double INT GENERATED ALWAYS AS (id * 2) VIRTUAL, s TEXT AS ('v' || id) STORED UNIQUE)"
    ),
    "inline foreign key": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER,"
        " q_id INTEGER DEFAULT 1 CONSTRAINT fk_q REFERENCES q ON DELETE SET NULL"
        " ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED NOT NULL)"
    ),
    "two-column foreign key": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER, a INT DEFAULT 1, b INT DEFAULT 2,"
        " FOREIGN KEY (a, b) REFERENCES q2 (x, y) ON DELETE CASCADE MATCH FULL)"
    ),
    "refers to itself": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER,"
        " boss INTEGER DEFAULT 1 REFERENCES p (id) ON DELETE CASCADE)"
    ),
    "defaults": Shape(
        'CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER, a TEXT DEFAULT "double",'
        " b BLOB DEFAULT x'00ff', c DEFAULT -1.5, d TEXT DEFAULT (lower('ABC' || ')')),"
        " e TEXT DEFAULT CURRENT_TIMESTAMP, f BOOLEAN DEFAULT TRUE)"
    ),
    "types": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER, a UNSIGNED BIG INT, b MONEY(10, 2),"
        ' c, d VARCHAR (10), e "odd type")'
    ),
    "comments": Shape(
        "CREATE TABLE p ( -- all\n id INTEGER PRIMARY KEY, -- the, id\n n INTEGER,\n"
        " a TEXT /* ( */ NULL -- last\n)"
    ),
    "names": Shape(
        'CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER, "a b" TEXT COLLATE "nocase",'
        ' [check] INT CHECK ([check] > 0) DEFAULT 1, `u``q` TEXT, UNIQUE (`u``q`, "a b"))'
    ),
    "indexes": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER, a TEXT, b TEXT)",
        (
            "CREATE INDEX i1 ON p (a COLLATE NOCASE DESC, b)",
            "CREATE UNIQUE INDEX i2 ON p (lower(a)) WHERE b IS NOT NULL AND a <> ':x'",
            "CREATE INDEX i3 ON p (n DESC) WHERE n > 1",
        ),
    ),
    "triggers": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER)",
        (
            "CREATE TABLE log (what TEXT)",
            "CREATE TRIGGER p_ai AFTER INSERT ON p BEGIN INSERT INTO log VALUES ('i:' || new.id);"
            " END",
            "CREATE TRIGGER p_bu BEFORE UPDATE OF n ON p WHEN new.n > 1 BEGIN"
            " INSERT INTO log VALUES (old.n); END",
            "CREATE TRIGGER q_ad AFTER DELETE ON q BEGIN UPDATE p SET n = 7; END",
        ),
    ),
    "views": Shape(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER)",
        (
            "CREATE VIEW v AS SELECT id, n FROM p WHERE n > 0",
            "CREATE VIEW w AS SELECT v.id FROM v JOIN p USING (id)",
            "CREATE TRIGGER v_ii INSTEAD OF INSERT ON v BEGIN"
            " INSERT INTO p (id, n) VALUES (new.id, new.n); END",
        ),
    ),
    "rowid": Shape(
        "CREATE TABLE p (id INT UNIQUE, n INTEGER)", ("CREATE TABLE r (p_rowid INTEGER)",)
    ),
}
