"""What the operating system tells a run: none of it is lost, and none of it ends the run in passing."""

from __future__ import annotations

import threading

import pytest

from petra.cli.orders import Orders
from petra.errors import PetraError


@pytest.mark.parametrize("error", [PetraError, ValueError, SystemExit, KeyboardInterrupt])
def test_whatever_a_reload_raises_the_next_one_is_done(error, caplog):
    done = threading.Semaphore(0)
    tries = []

    def reload() -> None:
        tries.append(error)
        done.release()
        if len(tries) == 1:
            raise error("no licence")

    with Orders() as orders:
        orders.reload_with(reload)
        for _ in range(2):
            orders._reload(1, None)
            assert done.acquire(timeout=60)
        orders.stop_asked = True
        orders._reader.join(60)
    assert len(tries) == 2
    assert "the reload" in caplog.text
