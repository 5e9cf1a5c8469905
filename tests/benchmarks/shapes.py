"""Factories that take more than columns of values, beside create_batch, as ratios.

    pip install -e '.[benchmarks,postgresql]'
    python tests/benchmarks/shapes.py [--only SHAPE,...] [--backend NAME,...] [--runs N] [--rows N]

``manage.py seed SHAPE=ROWS`` beside ``create_batch(ROWS)`` with one commit, of the factories
in tests/projects/paces. Each run is a process of its own on a database of its own, both
sides in turn; seconds from the first statement to the commit, without imports. The ratio is
that of rows a second; the median of the pairs, with the least and the greatest.
"""

from __future__ import annotations

import argparse
import json
import os
import platform

from seed import BACKENDS, rates, several, told
from seed_peers.runs import ROOT, Done, fresh, postgresql_version, process, versions

FOLDER = ROOT / "tests" / "projects" / "paces"
SHAPES = {
    "Plain": "plain columns",
    "Rested": "traits with RelatedFactoryList and post_generation that are off",
    "Related": "RelatedFactoryList(size=callable)",
    "Fielded": "MappedAsDataclass",
    "Finished": "MappedAsDataclass with __post_init__",
    "Initialised": "an __init__ of the model's own",
    "Validated": "@validates",
    "Found": "sqlalchemy_get_or_create, 500 different rows",
    "Finding": "SubFactory with sqlalchemy_get_or_create",
    "Hooked": "post_generation that sets an attribute",
    "Tagged": "post_generation that makes two linked rows",
    "Called": "PostGenerationMethodCall",
}
GOALS = {"Fielded": 20, "Found": 5, "Finding": 5, "Hooked": 3, "Tagged": 3, "Called": 3}


def ours(url: str, shape: str, rows: int) -> Done:
    arguments = ("seed", f"{shape}={rows}", "--random-seed", 1, "--json")
    text, peak = process(url, "manage.py", *arguments, folder=FOLDER)
    answer = json.loads(text)
    return Done(answer["total"], answer["seconds"], peak, answer)


def theirs(url: str, shape: str, rows: int) -> Done:
    text, peak = process(url, "create.py", f"{shape}Factory={rows}", folder=FOLDER)
    answer = json.loads(text)
    return Done(answer["rows"], answer["seconds"], peak, answer)


def pair(backend: str, shape: str, rows: int) -> list[Done]:
    done = []
    for side in (ours, theirs):
        with fresh(backend, migrated=False) as url:
            process(url, "create.py", folder=FOLDER)
            done.append(side(url, shape, rows))
    return done


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    shapes = tuple(SHAPES)
    parser.add_argument("--only", type=several(shapes), default=list(shapes), metavar="SHAPE,...")
    parser.add_argument("--backend", type=several(BACKENDS), default=["sqlite"])
    parser.add_argument("--runs", type=int, default=3, help="of each pair (default: 3)")
    parser.add_argument("--rows", type=int, default=5_000, help="of each side (default: 5000)")
    given = parser.parse_args()
    print(versions(postgresql_version()))
    load = os.getloadavg()[0]
    print(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, load {load:.1f} before"
    )
    for backend in given.backend:
        print(f"\n{backend}, {given.rows:,} rows, times create_batch")
        for shape in given.only:
            pairs = [pair(backend, shape, given.rows) for _ in range(given.runs)]
            ratios = [mine.rate / other.rate for mine, other in pairs]
            mine, other = zip(*pairs, strict=True)
            told(SHAPES[shape], ratios, GOALS.get(shape), note=rates(list(mine), list(other)))


if __name__ == "__main__":
    main()
