"""Tasks that cannot end their event loop: a SystemExit in a task is a failure of the task's owner.

asyncio lets SystemExit and KeyboardInterrupt of any task end the loop. One plugin that calls `sys.exit` would
stop the drivers of a whole plant.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from weakref import WeakMethod

T = TypeVar("T")

ENDING = (SystemExit, KeyboardInterrupt)
"""The exceptions that end an asyncio loop when a task raises them."""

owner: ContextVar[WeakMethod[Callable[[BaseException], None]] | None] = ContextVar("owner", default=None)
"""Called with such an error of a task. A task inherits the context, and so the owner, of its creator."""


def contained(error: BaseException) -> RuntimeError:
    """Return the error that replaces an exception that would end the process."""
    return RuntimeError(f"the code tried to end the process: {error!r}")


def contained_task(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
    """Return a task of a contained coroutine; this is the task factory of a loop."""
    return asyncio.Task(_Contained(coroutine), loop=loop, **options)


class _Contained(Coroutine[Any, Any, T]):
    """A coroutine that raises RuntimeError instead of an exception that ends the loop."""

    def __init__(self, inner: Coroutine[Any, Any, T]) -> None:
        self._inner = inner
        self.__qualname__ = getattr(inner, "__qualname__", type(inner).__name__)

    def send(self, value: Any) -> Any:
        """Resume the coroutine with a value."""
        try:
            return self._inner.send(value)
        except ENDING as error:
            raise _report_failure(error) from error

    def throw(self, *error: Any) -> Any:
        """Resume the coroutine with an error."""
        try:
            return self._inner.throw(*error)
        except ENDING as raised:
            raise _report_failure(raised) from raised

    def close(self) -> None:
        """Close the coroutine."""
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, T]:
        return self._inner.__await__()


def _report_failure(error: BaseException) -> RuntimeError:
    failed = contained(error)
    belongs_to = owner.get()
    if belongs_to is not None and (break_off := belongs_to()) is not None:
        break_off(failed)
    return failed
