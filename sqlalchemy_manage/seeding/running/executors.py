"""Where chunks are made: in this process, in a pool of processes, or on a Dask cluster."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

from ...errors import SeedError


@contextmanager
def process_pool(jobs: int) -> Iterator[Executor]:
    """Newly started processes: a forked one would share the connection."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_leave_interrupts)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _leave_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal; the one that writes handles it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def dask_cluster(address: str) -> Iterator[tuple[Executor, int]]:
    """The executor of a running Dask scheduler, and the threads of its workers.

    Raises SeedError if nobody answers or there are no workers.
    """
    try:
        import distributed
    except ImportError:
        raise SeedError(
            "--dask needs dask.distributed, which is not installed.",
            "pip install distributed",
        ) from None
    try:
        cluster: Any = distributed
        client = cluster.Client(address, timeout=5, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise SeedError(
            f"No Dask scheduler answers at {address}: {type(error).__name__}. Nothing was written.",
            "Start one (dask scheduler), and workers that have this project: dask worker ADDRESS.",
        ) from None
    try:
        workers = client.scheduler_info(n_workers=-1)["workers"]
        if not workers:
            raise SeedError(
                f"The Dask scheduler at {address} has no workers. Nothing was written.",
                f"Start some in the project's folder: dask worker {address}",
            )
        # A chunk is written once: a result that is lost must not be made again unasked.
        threads = sum(worker["nthreads"] for worker in workers.values())
        yield client.get_executor(pure=False, retries=0), threads
    finally:
        client.close()
