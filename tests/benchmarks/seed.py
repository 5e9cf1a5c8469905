"""Seeding side by side with what else fills a database, as ratios of rows a second.

    pip install -e '.[benchmarks,postgresql]'
    python tests/benchmarks/seed.py [--quick] [--only FIGURE,...] [--backend NAME,...] [--runs N]

hr's own factories, ``manage.py seed load`` at several sizes. Every run is a process of its
own on a fresh migrated database, one random seed for all, and both sides of a pair run in
turn (A B A B ...), so that a machine that slows down slows both. Rows are departments,
employees and links. PostgreSQL by TEST_POSTGRES_URL, else on localhost, else left out.

- ``create_batch``: factory_boy's create_batch with links appended, at 5,000 employees;
- ``floor``: the raw driver (sqlite3's executemany, psycopg's COPY) writing the very rows and
  links that our run made, in one transaction, with the driver's defaults, one employee's
  links after the other's (on SQLite also sorted, which the driver's user would have to do);
- ``memory``: the peak, and the time, at a million employees against a tenth of them;
- ``jobs``: making rows in two processes against one, with nothing written;
- ``checklinks``: the check of all links against its anti-joins typed in SQL, and the same with
  the comparison of a relationship's two directions, which ours makes too;
- ``peers``: Django's bulk_create, and mimesis with SQLAlchemy Core.

Our seconds are those of ``seed --json``: from the first statement to the commit, the making
of the rows and the ledger included; start-up, imports and the reading of Faker's lists are left
out, as for the others.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import statistics
from collections.abc import Callable

from seed_peers.runs import Done, fresh, on_fresh, peer, postgresql_version, seed, versions

BACKENDS = ("sqlite", "postgresql")


def shown(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.3f}"


def told(
    title: str, ratios: list[float], goal: float | None = None, least: bool = True, note: str = ""
) -> None:
    """Print the median ratio, and whether it meets the goal."""
    ratio = statistics.median(ratios)
    print(f"  {title}: {shown(ratio)}", end="")
    if len(ratios) > 1:
        print(
            f" (least {shown(min(ratios))}, greatest {shown(max(ratios))}, {len(ratios)} pairs)",
            end="",
        )
    if goal is not None:
        met = ratio >= goal if least else ratio <= goal
        print(
            f"; goal at {'least' if least else 'most'} {goal}: {'met' if met else 'NOT MET'}",
            end="",
        )
    print(f"\n      {note}" if note else "", flush=True)


def rates(ours: list[Done], theirs: list[Done]) -> str:
    first, second = (statistics.median(run.rate for run in runs) for runs in (ours, theirs))
    return (
        f"ours {first:,.0f} rows/s of {ours[0].rows:,} rows, "
        f"theirs {second:,.0f} of {theirs[0].rows:,}"
    )


def show_create_batch(backend: str, quick: bool, runs: int) -> None:
    sizes = (5_000, 100_000 if quick else 200_000)
    theirs: list[Done] = []
    ours: dict[int, list[Done]] = {size: [] for size in sizes}
    for _ in range(runs):
        theirs.append(on_fresh(backend, peer, "boy.py", 5_000))
        for size in sizes:
            ours[size].append(on_fresh(backend, seed, size))
    for size, mine in ours.items():
        ratios = [a.rate / b.rate for a, b in zip(mine, theirs, strict=True)]
        title = f"{size:,} employees, times create_batch at 5,000"
        told(title, ratios, 40, note=rates(mine, theirs))


WITH = {
    "default": "",
    "ours": " with our foreign_keys and cache_size",
    "sorted": " with the links sorted by their key beforehand",
}


def show_floor(backend: str, quick: bool, runs: int) -> None:
    for size in (20_000, 100_000) if quick else (200_000, 1_000_000):
        ours: list[Done] = []
        theirs: dict[str, list[Done]] = {"default": []}
        if backend == "sqlite":
            theirs |= {"ours": [], "sorted": []}
        for _ in range(runs):
            with fresh(backend) as source:
                ours.append(seed(source, size))
                for settings, floors in theirs.items():
                    floors.append(on_fresh(backend, peer, "raw.py", source, settings))
                    assert floors[-1].rows == ours[-1].rows
        for settings, floors in theirs.items():
            ratios = [a.rate / b.rate for a, b in zip(ours, floors, strict=True)]
            title = f"{size:,} employees, of the raw driver's speed{WITH[settings]}"
            told(title, ratios, 0.4 if settings == "default" else None, note=rates(ours, floors))


def show_memory(backend: str, quick: bool, runs: int) -> None:
    small, large = (30_000, 300_000) if quick else (100_000, 1_000_000)
    pairs = [(on_fresh(backend, seed, large), on_fresh(backend, seed, small)) for _ in range(runs)]
    many, few = (
        statistics.median(run.peak / 1024 for run in side) for side in zip(*pairs, strict=True)
    )
    title = f"{large:,} employees against {small:,}"
    peaks = [a.peak / b.peak for a, b in pairs]
    told(f"peak of memory, {title}", peaks, 1.3, False, f"{many:.0f} against {few:.0f} MiB")
    many, few = (
        statistics.median(run.seconds for run in side) for side in zip(*pairs, strict=True)
    )
    times = [a.seconds / b.seconds for a, b in pairs]
    told(f"time, {title}", times, 11, False, f"{many:.2f} against {few:.2f} s")


def show_jobs(backend: str, quick: bool, runs: int) -> None:
    size = 200_000 if quick else 1_000_000
    for title, run, arguments, goal in (
        ("making the rows", peer, ("generating.py", size), 1.5),
        ("the whole command", seed, (size,), None),
    ):
        pairs = [
            [on_fresh(backend, run, *arguments, jobs) for jobs in (2, 1)]  # type: ignore[operator]
            for _ in range(runs)
        ]
        two, one = (statistics.median(r.seconds for r in side) for side in zip(*pairs, strict=True))
        told(
            f"{title}, {size:,} employees, times as fast with --jobs 2",
            [b.seconds / a.seconds for a, b in pairs],
            goal,
            note=f"{two:.2f} against {one:.2f} s",
        )


def show_checklinks(backend: str, quick: bool, runs: int) -> None:
    size = 100_000 if quick else 1_000_000
    with fresh(backend) as url:
        seed(url, size)
        found = peer(url, "checking.py", max(3, runs)).answer
    parts = ", ".join(f"{kind} {seconds:.2f}" for kind, seconds in found["parts"].items())
    mine = statistics.median(found["ours"])
    for what, name, goal in (
        ("its anti-joins typed in SQL", "hand", 1.5),
        ("those and the comparison of both directions", "hand_both_ways", None),
    ):
        told(
            f"{size:,} employees, checklinks against {what}",
            [a / b for a, b in zip(found["ours"], found[name], strict=True)],
            goal,
            least=False,
            note=f"{mine:.2f} s ({parts}) against {statistics.median(found[name]):.2f} s",
        )


def show_peers(backend: str, quick: bool, runs: int) -> None:
    size = 20_000 if quick else 50_000
    for name, script, module in (
        ("Django's factories with bulk_create", "django_bulk.py", "django"),
        ("mimesis with Core inserts", "mimesis_core.py", "mimesis"),
    ):
        if importlib.util.find_spec(module) is None:
            print(f"  {name}: left out, {module} is not installed (extra: benchmarks)")
            continue
        ours, theirs = [], []
        for _ in range(runs):
            ours.append(on_fresh(backend, seed, size))
            with fresh(backend, migrated=module != "django") as url:
                theirs.append(peer(url, script, size))
        ratios = [a.rate / b.rate for a, b in zip(ours, theirs, strict=True)]
        told(f"{size:,} employees, times {name}", ratios, note=rates(ours, theirs))


FIGURES = {
    "create_batch": show_create_batch,
    "floor": show_floor,
    "memory": show_memory,
    "jobs": show_jobs,
    "checklinks": show_checklinks,
    "peers": show_peers,
}


def several(known: tuple[str, ...]) -> Callable[[str], list[str]]:
    def split(text: str) -> list[str]:
        names = text.split(",")
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"{unknown[0]}: choose from {', '.join(known)}")
        return names

    return split


def main() -> None:
    figures = tuple(FIGURES)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer rows than the goals are set for"
    )
    parser.add_argument(
        "--only", type=several(figures), default=list(figures), metavar="FIGURE,..."
    )
    parser.add_argument("--backend", type=several(BACKENDS), default=list(BACKENDS))
    parser.add_argument("--runs", type=int, default=3, help="of each pair (default: 3)")
    given = parser.parse_args()
    server = postgresql_version()
    print(versions(server))
    load = os.getloadavg()[0]
    print(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, load {load:.1f} before"
    )
    reduced = " (quick: not the sizes of the goals)" if given.quick else ""
    for backend in given.backend:
        if backend == "postgresql" and server is None:
            print("\npostgresql: left out, no server answers")
            continue
        on_fresh(backend, seed, 1_000)  # writes what Python caches on disk
        for figure in given.only:
            print(f"\n{backend}, {figure}{reduced}", flush=True)
            FIGURES[figure](backend, given.quick, given.runs)


if __name__ == "__main__":
    main()
