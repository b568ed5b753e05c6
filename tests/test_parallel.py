"""Several runs probed side by side: what one raises ends all, and a process that is lost is said."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from seq2seq.config import Lost, UserError
from seq2seq.probing.family import QUICK
from seq2seq.probing.parallel import studies

DEMO = Path(__file__).parent.parent / "checkpoints" / "demo"


def test_what_one_run_raises_ends_all(tmp_path):
    with pytest.raises(UserError, match="nothing"):
        studies([DEMO, tmp_path / "nothing"], 2, "agreement", QUICK, 1, None)
    assert not [each for each in multiprocessing.active_children() if each.is_alive()]


def test_a_lost_process_is_said_at_once():
    """The last of the workers is killed: it is the one that a pool would watch last."""

    def kill() -> None:
        while len(multiprocessing.active_children()) < 3:  # the manager of the queue, and two workers
            time.sleep(0.1)
        time.sleep(1.0)
        os.kill(max(each.pid for each in multiprocessing.active_children()), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(Lost, match="--jobs 1"):
        studies([DEMO, DEMO], 2, "agreement", QUICK, 1, None)
    killer.join()
    assert not [each for each in multiprocessing.active_children() if each.is_alive()]
