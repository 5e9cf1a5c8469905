"""All links checked by ``checklinks``, and its anti-joins typed in SQL for the raw driver.

    python checking.py RUNS   # prints JSON: rows, seconds, ours, hand, hand_both_ways, parts

In the project's folder, on the seeded database of DATABASE_URL: ours and by hand in turn,
each on a connection of its own, after one warm-up. ``hand`` has the anti-joins and the pairs
that stand twice; ``hand_both_ways`` also compares the two directions of the relationship,
which ours does though one link table stores both. ``parts``: our seconds by kind of link.
"""

import json
import os
import sys
import time

from raw import TABLES, connect

from sqlalchemy_manage.links.check import check_links
from sqlalchemy_manage.links.declared_links import links_of
from sqlalchemy_manage.project import Project

BY_HAND = (
    "SELECT count(*) FROM department_employee_link l LEFT JOIN department d "
    "ON d.id = l.department_id WHERE l.department_id IS NOT NULL AND d.id IS NULL",
    "SELECT count(*) FROM department_employee_link l LEFT JOIN employee e "
    "ON e.id = l.employee_id WHERE l.employee_id IS NOT NULL AND e.id IS NULL",
    "SELECT count(*) FROM (SELECT 1 FROM department_employee_link "
    "GROUP BY department_id, employee_id HAVING count(*) > 1) twice",
)
FROM_EMPLOYEE = (
    "SELECT e.id AS employee_id, d.id AS department_id FROM employee e "
    "JOIN department_employee_link l ON l.employee_id = e.id "
    "JOIN department d ON d.id = l.department_id"
)
FROM_DEPARTMENT = (
    "SELECT e.id AS employee_id, d.id AS department_id FROM department d "
    "JOIN department_employee_link l ON l.department_id = d.id "
    "JOIN employee e ON e.id = l.employee_id"
)
BOTH_WAYS = (
    f"SELECT count(*) FROM ({FROM_EMPLOYEE} EXCEPT {FROM_DEPARTMENT}) one_way",
    f"SELECT count(*) FROM ({FROM_DEPARTMENT} EXCEPT {FROM_EMPLOYEE}) one_way",
)


def timed(statements):
    """Seconds in which the raw driver finds nothing broken."""
    start = time.perf_counter()
    for statement in statements:
        assert raw.execute(statement).fetchone() == (0,)
    return time.perf_counter() - start


project = Project("settings")
links = links_of(project.mappers, project.tables)
raw = connect(os.environ["DATABASE_URL"])
ours, hand, both_ways, parts = [], [], [], {}
with project.connect() as connection:
    for _ in range(int(sys.argv[1]) + 1):
        start = time.perf_counter()
        assert check_links(connection, links, limit=20).ok
        ours.append(time.perf_counter() - start)
        hand.append(timed(BY_HAND))
        both_ways.append(hand[-1] + timed(BOTH_WAYS))
    for kind in dict.fromkeys(link.kind for link in links):
        start = time.perf_counter()
        check_links(connection, [link for link in links if link.kind == kind])
        parts[kind] = time.perf_counter() - start
rows = sum(raw.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in TABLES)
print(
    json.dumps(
        {
            "rows": rows,
            "seconds": sum(ours),
            "ours": ours[1:],
            "hand": hand[1:],
            "hand_both_ways": both_ways[1:],
            "parts": parts,
        }
    )
)
