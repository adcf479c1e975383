"""Tasks that never end their loop: a SystemExit in one is the failure of whom the task belongs to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from weakref import WeakMethod

T = TypeVar("T")

ENDING = (SystemExit, KeyboardInterrupt)
"""What ends a loop of asyncio, whichever task raises it."""

owner: ContextVar[WeakMethod[Callable[[BaseException], None]] | None] = ContextVar("owner", default=None)
"""What is called with such an error of a task: tasks take over the context of whoever makes them."""


def contained(error: BaseException) -> RuntimeError:
    """Return the error that is raised instead."""
    return RuntimeError(f"it tried to end the process: {error!r}")


def contained_task(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
    """Make a task; the task factory of a loop."""
    return asyncio.Task(_Contained(coroutine), loop=loop, **options)


class _Contained(Coroutine[Any, Any, T]):
    """A coroutine whose steps raise RuntimeError instead of what ends the loop."""

    def __init__(self, inner: Coroutine[Any, Any, T]) -> None:
        self._inner = inner
        self.__qualname__ = getattr(inner, "__qualname__", type(inner).__name__)

    def send(self, value: Any) -> Any:
        """Take the next step."""
        try:
            return self._inner.send(value)
        except ENDING as error:
            raise _failed(error) from error

    def throw(self, *error: Any) -> Any:
        """Take the next step with an error."""
        try:
            return self._inner.throw(*error)
        except ENDING as raised:
            raise _failed(raised) from raised

    def close(self) -> None:
        """End it."""
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, T]:
        return self._inner.__await__()


def _failed(error: BaseException) -> RuntimeError:
    failed = contained(error)
    belongs_to = owner.get()
    if belongs_to is not None and (break_off := belongs_to()) is not None:
        break_off(failed)
    return failed
