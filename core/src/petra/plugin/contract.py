"""The requirements that an offer must meet to enter the catalog; the rest of PETRA relies on them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import attrs

from petra.blocks import Block, Condition
from petra.errors import DeclarationError
from petra.plugin.groups import OfferGroup
from petra.plugin.kinds import CliCommand, DriverKind, ServiceKind
from petra.services.settings import ServiceSettings
from petra.settings.model import verify

_NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")


def names(group: OfferGroup, thing: Any) -> tuple[str, ...]:
    """Return every name of an offer: a configuration or a command can use any of them."""
    if group in (OfferGroup.BLOCK, OfferGroup.CONDITION):
        spec_names: tuple[str, ...] = thing.spec.names
        return spec_names
    return (thing.name,)


def breaches(group: OfferGroup, thing: object) -> Iterator[str]:
    """Yield each violated requirement in one line; nothing for a valid offer."""
    if group is OfferGroup.BLOCK:
        yield from _block(thing, Block)
    elif group is OfferGroup.CONDITION:
        yield from _block(thing, Condition)
    elif group is OfferGroup.CLI_COMMAND:
        yield from _cli_command(thing)
    elif group is OfferGroup.SERVICE:
        yield from _service(thing)
    else:
        yield from _driver(thing)


def _block(thing: object, base: type) -> Iterator[str]:
    if not (isinstance(thing, type) and issubclass(thing, base)):
        yield f"{_said(thing)} is not a subclass of petra.{base.__name__}"
        return
    if "spec" not in vars(thing):
        yield f'{_said(thing)} declares no type: class {thing.__name__}({base.__name__}, type="...")'
    elif inspect.isabstract(thing):
        missing = sorted(getattr(thing, "__abstractmethods__", ()))
        yield f"{_said(thing)} leaves {', '.join(missing)} undefined"


def _cli_command(thing: object) -> Iterator[str]:
    if not isinstance(thing, CliCommand):
        yield f"{_said(thing)} is not a petra.CliCommand"
        return
    command: Any = thing  # its annotations are what is being checked
    yield from _name(command.name)
    if not isinstance(command.summary, str) or not command.summary.strip():
        yield f"command {command.name!r} has no summary"
    if not callable(command.load):
        yield f"command {command.name!r}: load is not callable"


def _driver(thing: object) -> Iterator[str]:
    if not isinstance(thing, DriverKind):
        yield f"{_said(thing)} is not a petra.DriverKind"
        return
    yield from _kind("driver", thing)


def _service(thing: object) -> Iterator[str]:
    if not isinstance(thing, ServiceKind):
        yield f"{_said(thing)} is not a petra.ServiceKind"
        return
    kind: Any = thing  # its annotations are what is being checked
    yield from _kind("service", kind)
    if isinstance(kind.config, type) and not issubclass(kind.config, ServiceSettings):
        yield f"service {kind.name!r}: config {_said(kind.config)} is not a petra.services.ServiceSettings"
    if not isinstance(kind.process, bool):
        yield f"service {kind.name!r}: process is {kind.process!r}, not True or False"


def _kind(group: str, kind: Any) -> Iterator[str]:
    """Yield what is wrong with a kind that owns a section; its annotations are what is being checked."""
    yield from _name(kind.name)
    if not callable(kind.build):
        yield f"{group} {kind.name!r}: build is not callable"
    if not (isinstance(kind.config, type) and attrs.has(kind.config)):
        yield f"{group} {kind.name!r}: config {_said(kind.config)} is not an attrs class"
        return
    try:
        verify(kind.config)
    except DeclarationError as error:
        yield f"{group} {kind.name!r}: {error}"


def _name(name: object) -> Iterator[str]:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield f"{name!r} is not a valid name; use lower-case letters, digits, `-`, `_`, a letter first"


def _said(thing: object) -> str:
    if isinstance(thing, type):
        return f"{thing.__module__}.{thing.__qualname__}"
    return f"{type(thing).__name__} {str(thing)[:60]!r}"
