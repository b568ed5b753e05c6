"""Several runs, probed side by side: a process for each, as many at once as there are cores."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ..config import Lost
from ..progress import Progress, share_done, shares_done
from ..translator import load
from .family import Size
from .stimuli import probed
from .study import Result, Study

LOST = "a process that probed a run came to an end (was memory short?): --jobs 1 takes the least"
POLL = 0.5  # seconds between two looks at who is done


def study(folder: Path, corpus: str, size: Size, seed: int, sites: Sequence[str] | None, progress: Progress) -> Result:
    """All that the report says of one run."""
    translator = load(folder)
    return Study(translator, probed(translator, corpus), size, seed, progress, sites).result(str(folder))


def begin(threads: int) -> None:
    """In each process: its share of the cores; Ctrl-C is for the one that started them."""
    torch.set_num_threads(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def tell(told: Any, name: str, what: str, share: float) -> None:
    told.put((name, what, share))


def studies(
    folders: Sequence[Path], jobs: int, corpus: str, size: Size, seed: int, sites: Sequence[str] | None
) -> list[Result]:
    """The results of all runs, in their order, `jobs` of them at a time; what one raises ends all."""
    one: Callable[..., Result] = partial(study, corpus=corpus, size=size, seed=seed, sites=sites)
    if jobs == 1:
        found = []
        for folder in folders:
            with share_done(str(folder)) as show:
                found.append(one(folder, progress=show))
        return found
    spawn, cores = multiprocessing.get_context("spawn"), os.cpu_count() or 1
    with (
        spawn.Manager() as manager,
        ProcessPoolExecutor(jobs, spawn, begin, (max(1, cores // jobs),)) as pool,
        shares_done([str(folder) for folder in folders]) as show,
    ):
        told = manager.Queue()
        others = multiprocessing.active_children()
        waiting = [pool.submit(one, folder, progress=partial(tell, told, str(folder))) for folder in folders]
        workers = [each for each in multiprocessing.active_children() if each not in others]
        try:
            while not all(each.done() for each in waiting):
                for each in waiting:
                    if each.done():
                        each.result()
                if not all(worker.is_alive() for worker in workers):  # the pool itself may notice only much later
                    raise BrokenProcessPool
                with suppress(queue.Empty):
                    show(*told.get(timeout=POLL))
            return [each.result() for each in waiting]
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in workers:
                worker.terminate()
                worker.join()
            if isinstance(error, BrokenProcessPool):
                raise Lost(LOST) from error
            raise
