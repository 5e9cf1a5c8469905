"""Random classes with whole links raise no alarm; every fifth is damaged, which is found.

    python tests/reliability/damage.py sqlite 1000 [--seed FIRST]

Each example has five to eight tables with keys of numbers, text, UUIDs or pairs, with a naming
convention or without: references with a foreign key or by a relationship alone, one-to-one,
relationships under a condition, link tables with keys and without, told apart by a column
or not, self-references, joined and single inheritance, generic links, soft deletion. The
rows are read by the ORM, without a warning, before they are checked. One link is broken in
every fifth example, or a foreign key taken out, not enforced, or given two types: it has to
be found once, by its kind, its table and its key.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import sqlalchemy as sa  # noqa: E402
from reliability.evolve import database  # noqa: E402
from support.link_damage import clean_then_damaged, key_damaged  # noqa: E402
from support.random_links import World  # noqa: E402


def tried(seed: int, engine: sa.Engine) -> tuple[str | None, bool]:
    """The kind of damage that was found, if this one is damaged; whether it has conditions."""
    world, random = World(Random(seed)), Random(-seed)
    kind = clean_then_damaged(world, engine, random if seed % 5 == 0 and seed % 20 else None)
    if seed % 20 == 0:
        kind = key_damaged(world, engine, random)
    return kind, world.conditional > 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("backend", choices=["sqlite", "postgresql", "mariadb"])
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0, help="the first seed (0)")
    arguments = parser.parse_args()
    began, failed, conditional, kinds = time.monotonic(), 0, 0, Counter[str]()
    with (
        tempfile.TemporaryDirectory(prefix="damage-") as folder,
        database(arguments.backend, Path(folder)) as url,
    ):
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        for seed in range(arguments.seed, arguments.seed + arguments.count):
            try:
                kind, has_conditions = tried(seed, engine)
            except Exception as error:
                failed += 1
                print(f"seed {seed}: {type(error).__name__}: {error}", flush=True)
                if not isinstance(error, AssertionError):
                    traceback.print_exc(file=sys.stdout)
                continue
            conditional += has_conditions
            kinds.update([kind] if kind else [])
            if seed % 100 == 99:
                print(
                    f"... seed {seed}: {kinds.total()} damages found, {failed} failed", flush=True
                )
    for kind, count in kinds.most_common():
        print(f"{count:6,}  {kind}")
    print(
        f"{arguments.backend}: {arguments.count:,} examples, {conditional:,} of them with "
        f"conditions, {kinds.total():,} damages found, {failed} failed, "
        f"{time.monotonic() - began:.0f} s"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
