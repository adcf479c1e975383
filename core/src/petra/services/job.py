"""What a companion process is told before it begins: over its standard input, not in its command line."""

from __future__ import annotations

import io
import json
import pickle
import struct
from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING, Any, BinaryIO

from attrs import asdict, frozen

from petra.errors import PetraError
from petra.settings.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

_SIZE = struct.Struct("!I")
_MOST_BYTES = 64_000_000


@frozen
class CompanionJob:
    """The service that a companion runs, without its configuration."""

    name: str
    kind: str
    module: str
    """The module of the plugin."""
    file: str
    """Where that module is, for one that the import system does not find by its name."""
    path: tuple[str, ...]
    """Where modules are looked for."""
    data_dir: str
    level: int
    """The least level of lines that are logged."""
    parent: int
    """The process of the engine."""
    address: str = ""
    """Where the channel of the plant is."""
    token: str = ""
    trial: bool = True
    """Whether the service is only built, and does not run."""


def dump(job: CompanionJob, config: object) -> bytes:
    """Return a job and the configuration of its service as bytes, secrets included."""
    return b"".join(
        _SIZE.pack(len(part)) + part for part in (json.dumps(asdict(job)).encode(), dump_config(config))
    )


def load(stream: BinaryIO) -> tuple[CompanionJob, Callable[[], Any]]:
    """Return a job, and what makes the configuration once the module of the plugin is imported."""
    fields = json.loads(_part(stream))
    config = _part(stream)
    job = CompanionJob(**{**fields, "path": tuple(fields["path"])})
    return job, lambda: pickle.loads(config)  # noqa: S301 - it comes from the process that has started this one


def _part(stream: BinaryIO) -> bytes:
    (size,) = _SIZE.unpack(_exactly(stream, _SIZE.size))
    if size > _MOST_BYTES:
        raise PetraError(f"a job of {size} bytes")
    return _exactly(stream, size)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise PetraError("the process that has started this one is gone")
    return data


def dump_config(config: object) -> bytes:
    """Return a configuration as bytes. A secret refuses to be pickled anywhere else."""
    buffer = io.BytesIO()
    _Pickler(buffer, pickle.HIGHEST_PROTOCOL).dump(config)
    return buffer.getvalue()


class _Pickler(pickle.Pickler):
    def reducer_override(self, thing: Any) -> Any:
        """Take a secret apart, and name a class without comparing it: a file may be imported twice."""
        if isinstance(thing, Secret):
            return Secret, (thing.reveal(),)
        if isinstance(thing, type) and thing.__module__ != "builtins":
            return _class_of, (thing.__module__, thing.__qualname__)
        return NotImplemented


def _class_of(module: str, name: str) -> Any:
    """Return a class by its names."""
    return attrgetter(name)(import_module(module))
