"""What a good plugin does beyond loading: documentation, defaults that hold, blocks to be trusted."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from attrs import frozen

from petra.blocks.ports import accepts
from petra.config.schema import model_schema
from petra.plugin.faults import Fault, one_line
from petra.plugin.groups import Group
from petra.settings.model import settings

if TYPE_CHECKING:
    from petra.blocks import Block
    from petra.plugin.catalog import Catalog, Offer, Plugin

_SCANS = 50


@frozen
class Finding:
    """One check of one thing: what was checked, and what is wrong with it (empty when nothing is)."""

    check: str
    wrong: str = ""

    @property
    def good(self) -> bool:
        """Whether the check passed."""
        return not self.wrong


def conformance(catalog: Catalog, name: str) -> Iterator[Finding]:
    """Yield what there is to say of a plugin, check by check."""
    plugin = catalog.plugin(name)
    if isinstance(plugin, Fault):
        yield Finding("is taken into the catalog", f"{plugin.message} [{plugin.stage.value}]")
        return
    yield Finding("is taken into the catalog")
    yield Finding("offers something", "" if plugin.offers else "every hook returned an empty list")
    yield from _of_offers(plugin)


def _of_offers(plugin: Plugin) -> Iterator[Finding]:
    for offer in plugin.offers:
        if offer.group in (Group.BLOCK, Group.CONDITION):
            yield from _block(offer)
        elif offer.group is Group.COMMAND:
            yield _command(offer)
        else:
            yield from _kind(offer)


def _kind(offer: Offer) -> Iterator[Finding]:
    what, model = f"{offer.group.value} {offer.name}", offer.thing.config
    yield Finding(
        f"{what}: is documented", "" if _has_doc(model) else f"{model.__qualname__} has no docstring"
    )
    bare = [setting.name for setting in settings(model) if not setting.about.doc]
    yield Finding(
        f"{what}: every setting is documented",
        f"no about(...) on {', '.join(bare)}" if bare else "",
    )
    bad = [said for setting in settings(model) if (said := _bad_default(setting))]
    yield Finding(f"{what}: every default is allowed", "; ".join(bad))
    yield Finding(f"{what}: its schema is JSON", _trial(lambda: json.dumps(model_schema(model))))


def _bad_default(setting: Any) -> str:
    if setting.required or setting.default is None or setting.attribute.validator is None:
        return ""
    try:
        setting.attribute.validator(None, setting.attribute, setting.default)
    except AttributeError:
        return ""  # a validator that looks at other fields cannot be asked about one alone
    except Exception as error:  # noqa: BLE001 - whatever a stranger's validator raises
        return f"{setting.name}: {error.args[0] if error.args else error}"
    return ""


def _command(offer: Offer) -> Finding:
    import click  # only whoever certifies a command needs it

    what = f"command {offer.name}: can be loaded"
    try:
        loaded = offer.thing.load()
    except Exception as error:  # noqa: BLE001 - whatever a stranger's import raises
        return Finding(what, one_line(error))
    return Finding(what, "" if isinstance(loaded, click.Command) else f"{loaded!r} is no click command")


def _block(offer: Offer) -> Iterator[Finding]:
    cls: type[Block] = offer.thing
    what = f"{offer.group.value} {offer.name}"
    yield Finding(f"{what}: is documented", "" if _has_doc(cls) else "it has no docstring")
    if any(param.required for param in cls.spec.params.values()):
        return  # only its author knows parameters that it can run with
    wrong = _trial(lambda: _run(cls, seed=1))
    if wrong:
        yield Finding(f"{what}: can be made and stepped", wrong)
        return
    first, second = _run(cls, seed=1), _run(cls, seed=1)
    yield Finding(f"{what}: can be made and stepped")
    yield Finding(
        f"{what}: the same inputs give the same outputs",
        "" if repr(first) == repr(second) else "two runs differ: does it read a clock or a random number?",
    )
    yield Finding(f"{what}: outputs are of their declared type", _mistyped(cls, first))


def _run(cls: type[Block], seed: int) -> list[dict[str, Any]]:
    """Step a block through random inputs; in a scan in which it faults, its outputs are held."""
    chance = random.Random(seed)  # noqa: S311  # the point is that it repeats
    block = cls()
    rows: list[dict[str, Any]] = []
    for _ in range(_SCANS):
        for name, port in cls.spec.inputs.items():
            setattr(block, name, _sample(chance, port.type))
        try:
            block.step(0.1)
        except ArithmeticError:
            rows.append({})
            continue
        rows.append({name: getattr(block, name) for name in cls.spec.outputs})
    return rows


def _sample(chance: random.Random, kind: type) -> bool | int | float | str:
    if kind is bool:
        return chance.random() < 0.5
    if kind is int:
        return chance.randint(-100, 100)
    return chance.uniform(-100.0, 100.0) if kind is float else chance.choice(["", "a", "b"])


def _mistyped(cls: type[Block], rows: list[dict[str, Any]]) -> str:
    for row in rows:
        for name, value in row.items():
            declared = cls.spec.outputs[name].type
            if not accepts(declared, value):
                return f"{name} is declared {declared.__name__} and was {value!r}"
    return ""


def _trial(run: Any) -> str:
    try:
        run()
    except Exception as error:  # noqa: BLE001 - whatever a stranger's code raises
        return one_line(error)
    return ""


def _has_doc(cls: type) -> bool:
    return bool((vars(cls).get("__doc__") or "").strip()) and not str(cls.__doc__).startswith(
        "Method generated"
    )
