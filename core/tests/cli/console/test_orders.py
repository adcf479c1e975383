"""What the operating system tells a run: none of it is lost, and none of it ends the run in passing."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from petra.cli.console.orders import Orders
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


@pytest.fixture
def orders():
    """The orders of a run; afterwards signals do again what they did before."""
    numbers = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
    before = {number: signal.getsignal(number) for number in numbers}
    with Orders() as made:
        yield made
    for number, handler in before.items():
        if handler is not None and signal.getsignal(number) is not handler:
            signal.signal(number, handler)


@pytest.mark.parametrize(
    "name",
    [
        "SIGUSR1",
        "SIGUSR2",
        "SIGALRM",
        "SIGVTALRM",
        "SIGPROF",
        "SIGIO",
        "SIGTSTP",
        "SIGTTIN",
        "SIGTTOU",
        "SIGHUP",
    ],
)
def test_a_stray_signal_neither_ends_a_plant_nor_lets_it_stand_still(orders, name):
    os.kill(os.getpid(), getattr(signal, name))
    assert not orders.stop_asked


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGQUIT", "SIGXCPU", "SIGPWR"])
def test_a_signal_that_announces_the_end_is_a_stop_with_safe_values(orders, name):
    os.kill(os.getpid(), getattr(signal, name))
    assert orders.stop_asked
