"""The raw driver alone: rows that exist already, written in one transaction.

    python raw.py SOURCE default|ours|sorted   # prints JSON: rows and seconds

Reads the rows and links of the database SOURCE, as the driver gives them and in the order in
which they are made (one employee's links, then the next one's), then writes them into the
migrated database of DATABASE_URL. Only the writing is timed, the commit included. ``ours``:
with the pragmas that seed sets on SQLite; ``sorted``: the links in the order of their key.
"""

import gc
import json
import os
import sqlite3
import sys
import time

import psycopg

TABLES = {
    "department": ("id", "name"),
    "employee": ("id", "name", "hired_on"),
    "department_employee_link": ("department_id", "employee_id"),
}
ORDER = {"department": "id", "employee": "id", "department_employee_link": "employee_id"}
KEY = ORDER | {"department_employee_link": "department_id, employee_id"}
OURS = ("PRAGMA cache_size=-16000",)


def connect(url):
    if url.startswith("sqlite"):
        return sqlite3.connect(url.removeprefix("sqlite:///"))
    return psycopg.connect(url.replace("+psycopg", ""))


def write_sqlite(connection, rows):
    for name, columns in TABLES.items():
        marks = ", ".join("?" * len(columns))
        connection.executemany(
            f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})", rows[name]
        )


def write_postgresql(connection, rows):
    with connection.cursor() as cursor:
        for name, columns in TABLES.items():
            with cursor.copy(f"COPY {name} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in rows[name]:
                    copy.write_row(row)


def main():
    source, target = sys.argv[1], os.environ["DATABASE_URL"]
    sqlite = target.startswith("sqlite")
    order = KEY if sys.argv[2] == "sorted" else ORDER
    reading = connect(source)
    rows = {
        name: reading.execute(
            f"SELECT {', '.join(columns)} FROM {name} ORDER BY {order[name]}"
        ).fetchall()
        for name, columns in TABLES.items()
    }
    reading.close()
    connection = connect(target)
    if sys.argv[2] == "ours":
        for pragma in OURS:
            connection.execute(pragma)
    gc.freeze()  # passes over the rows held here are no part of the writing
    start = time.perf_counter()
    (write_sqlite if sqlite else write_postgresql)(connection, rows)
    connection.commit()
    seconds = time.perf_counter() - start
    print(json.dumps({"rows": sum(map(len, rows.values())), "seconds": seconds}))


if __name__ == "__main__":
    main()
