"""Only the making of rows, in one process or several; nothing is written.

    python generating.py EMPLOYEES JOBS   # prints JSON: rows and seconds

In the project's folder, on the migrated database of DATABASE_URL. The processes
are started, and have imported the project, before the time is taken.
"""

import json
import sys
import time

from sqlalchemy_manage.project import Project
from sqlalchemy_manage.seeding.plan import SeedRequest, plan_seed
from sqlalchemy_manage.seeding.running.chunk_writing import ChunkWriter
from sqlalchemy_manage.seeding.running.executors import process_pool
from sqlalchemy_manage.seeding.running.work import prepared
from sqlalchemy_manage.seeding.seed import Seeder


class Discarding(ChunkWriter):
    """Counts the rows."""

    made = 0

    def put(self, plan, task, result):
        if plan.name == "DepartmentFactory":
            super().put(plan, task, result)  # the links are drawn from them
        self.made += sum(block.count for block in result.blocks)


class DiscardingSeeder(Seeder):
    writer_class = Discarding


def ready(setup):
    prepared(setup)
    time.sleep(0.5)  # so that each process gets one of these


def main():
    count, jobs = int(sys.argv[1]), int(sys.argv[2])
    if jobs > 64:
        sys.exit(f"{jobs} processes? It is EMPLOYEES JOBS.")
    project = Project("settings")
    with process_pool(jobs) as pool, project.connect() as connection:
        request, plans = plan_seed(
            project, connection, SeedRequest("load", scale=count / 1_000_000)
        )
        connection.rollback()
        executor = pool if jobs > 1 else None
        seeder = DiscardingSeeder(
            project, connection, request, plans, 1, executor=executor, jobs=jobs
        )
        if seeder.workers is not None:
            for future in [pool.submit(ready, seeder.workers.setup) for _ in range(jobs)]:
                future.result()
        start = time.perf_counter()
        seeder.seed()
        seconds = time.perf_counter() - start
        print(json.dumps({"rows": seeder.writer.made, "seconds": seconds}))


if __name__ == "__main__":
    main()
