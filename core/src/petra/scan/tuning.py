"""Changing a parameter of a block while its program runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve

from petra.errors import PetraError
from petra.scan.network import Constant, Wired

if TYPE_CHECKING:
    from petra.blocks import Block
    from petra.scan.compiler import Unit
    from petra.scan.resolve import Type
    from petra.signals import Value


class TuningError(PetraError):
    """A parameter cannot be changed to this value while the program runs."""


def tuned_block(unit: Unit, param: str, value: Value, types: Mapping[str, Type]) -> tuple[Wired, Block, str]:
    """Return a block with another value of a parameter, an instance of it, and the parameter's declared name.

    `types` holds the types of signals. The unit itself is not changed.
    """
    spec = unit.wired.cls.spec
    member = _find_member(unit, param)
    try:
        instance = unit.wired.cls(**{**unit.wired.params, member.name: value})
    except (TypeError, ValueError) as error:
        raise TuningError(str(error)) from error
    if isinstance(value, float) and not math.isfinite(value):
        raise TuningError(f"{spec.type}.{member.name} is a finite number, not {value!r}")
    if member.name in spec.params:
        changed = evolve(unit.wired, params={**unit.wired.params, member.name: member.exact(value)})
    else:
        constant = (Constant(member.exact(value)),)
        changed = evolve(unit.wired, sources={**unit.wired.sources, member.name: constant})
    _check_tuned(changed, unit, types)
    return changed, instance, str(member.name)


def _find_member(unit: Unit, param: str) -> Any:
    """Return the parameter or constant input with this name or alias."""
    spec = unit.wired.cls.spec
    members: list[Any] = [*spec.params.values(), *(port for port in spec.inputs.values() if port.constant)]
    member = next((p for p in members if param in (p.name, *p.aliases)), None)
    if member is None:
        known = ", ".join(p.name for p in members)
        raise TuningError(f"{spec.type} has no parameter {param!r}; there are {known}")
    wired_to = next(iter(unit.wired.sources.get(member.name, ())), None)
    if isinstance(wired_to, str):
        raise TuningError(f"{spec.type}.{member.name} follows the signal {wired_to!r}")
    return member


def _check_tuned(changed: Wired, unit: Unit, types: Mapping[str, Type]) -> None:
    """Raise TuningError for what `petra check` would refuse, and for a change of an output's type."""
    spec = changed.cls.spec
    given: dict[str, Any] = dict(changed.params)
    kinds: dict[str, Any] = {}
    for name, port in spec.inputs.items():
        sources = changed.sources[name]
        if port.many:
            given[name] = tuple(f"{name}{at}" for at in range(len(sources)))
            continue
        (source,) = sources
        kinds[name] = port.taken(type(source.value) if isinstance(source, Constant) else types[source])
        if isinstance(source, str):
            given[name] = None
        elif source.value != port.default:
            given[name] = source.value
    for name, complaint in changed.cls.complaints(given):
        if name in spec.params or name in spec.inputs:
            raise TuningError(f"{spec.type}.{name} {complaint}")
    for (name, out), stored in zip(spec.outputs.items(), unit.kinds, strict=True):
        # Readers of the output are compiled for its type, so a formula cannot turn from a number into a bool.
        # A bool in place of a float is stored as 0 or 1.
        found = changed.cls.output_type(name, changed.params, kinds) if out.generic else None
        if found in out.types and found is not stored and (found, stored) != (bool, float):
            raise TuningError(f"{spec.type}.{name} would be a {found.__name__}, not a {stored.__name__}")
