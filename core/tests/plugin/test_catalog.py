"""Plugins enter the catalog whole or not at all, and one that fails harms nobody."""

from __future__ import annotations

import pytest
from attrs import define, field, frozen

from petra import (
    Block,
    Catalog,
    CliCommand,
    Condition,
    DriverKind,
    In,
    Out,
    PluginNotFoundError,
    ServiceKind,
    hookimpl,
)
from petra.plugin import PluginFault, Stage
from petra.plugin.candidate import Candidate, PluginSource
from petra.plugin.groups import OfferGroup
from petra.services import ServiceSettings


def block(name: str, base: type[Block] = Block, aliases: tuple[str, ...] = ()) -> type[Block]:
    return type(base)(
        name,
        (base,),
        {"__doc__": "A block.", "value": In(bool), "output": Out(bool), "step": lambda self, dt: None},
        type=name,
        aliases=aliases,
    )


def plugin(name: str, api: object = 1, **hooks: object) -> object:
    """Make a plugin; each hook is given as what it returns, or as an exception that it raises."""

    def implementation(result: object):
        def hook():
            if isinstance(result, BaseException):
                raise result
            return result

        return hookimpl(hook)

    body = {f"petra_{hook}": staticmethod(implementation(result)) for hook, result in hooks.items()}
    return type(name, (), {"__name__": name, "PETRA_API": api, **body})


def taken(*plugins: object) -> tuple[list[str], dict[str, PluginFault]]:
    catalog = Catalog.of(*plugins)
    return [p.name for p in catalog.plugins], {f.name: f for f in catalog.faults}


GOOD = plugin("good", blocks=[block("GOOD")])


@frozen
class Config:
    """A configuration."""

    host: str = "x"


@define
class Thawed:
    host: str = "x"


@frozen
class Within:
    """Holds a model that is not frozen."""

    inner: list[Thawed]


@frozen
class Endless:
    """Contains itself."""

    inner: list[Endless]


def unmade():
    raise OSError("no disk")


@frozen
class Unmade:
    """Its default cannot be made."""

    path: str = field(factory=unmade)


class Plain:
    pass


class Hostile:
    """An object that fails when anybody looks at it."""

    def __getattribute__(self, name: str) -> object:
        raise RuntimeError("do not touch")


class Unstepped(Block):
    """A base class, no block."""


@pytest.mark.parametrize(
    ("bad", "stage", "said"),
    [
        (plugin("bad", api=None, blocks=[]), Stage.API, "PETRA_API is missing; write PETRA_API = 1"),
        (
            plugin("bad", api=2, blocks=[]),
            Stage.API,
            "plugin API 2, and this petra-core has 1: upgrade petra-core",
        ),
        (
            plugin("bad", api=0, blocks=[]),
            Stage.API,
            "plugin API 0, and this petra-core has 1: upgrade the plugin",
        ),
        (plugin("bad", api="1", blocks=[]), Stage.API, "PETRA_API is '1' and not a whole number"),
        (plugin("bad", api=True, blocks=[]), Stage.API, "PETRA_API is True and not a whole number"),
        (
            plugin("bad", blocks=ValueError("no licence")),
            Stage.HOOK,
            "petra_blocks failed: ValueError: no licence",
        ),
        (plugin("bad", blocks=SystemExit(3)), Stage.HOOK, "petra_blocks failed: SystemExit: 3"),
        (plugin("bad", blocks=None), Stage.HOOK, "petra_blocks returned NoneType, not a list"),
        (plugin("bad", blocks=block("X")), Stage.HOOK, "petra_blocks returned ABCMeta, not a list"),
        (plugin("bad", block=[]), Stage.HOOK, "petra_block is not a hook; did you mean petra_blocks?"),
        (plugin("bad"), Stage.HOOK, "it implements no hook"),
        (plugin("bad", blocks=[Plain]), Stage.CONTRACT, "Plain is not a subclass of petra.Block"),
        (plugin("bad", blocks=["X"]), Stage.CONTRACT, "'X' is not a subclass of petra.Block"),
        (plugin("bad", blocks=[Hostile()]), Stage.CONTRACT, "do not touch"),
        (plugin("bad", blocks=[Unstepped]), Stage.CONTRACT, "declares no type"),
        (plugin("bad", conditions=[block("X")]), Stage.CONTRACT, "not a subclass of petra.Condition"),
        (plugin("bad", drivers=[Config]), Stage.CONTRACT, "not a petra.DriverKind"),
        (plugin("bad", drivers=[block("X")]), Stage.CONTRACT, "X is not a petra.DriverKind"),
        (plugin("bad", tiers=[]), Stage.HOOK, "petra_tiers is not a hook"),
        (plugin("bad", services=[Config]), Stage.CONTRACT, "not a petra.ServiceKind"),
        (
            plugin("bad", services=[ServiceKind("x", Config, print)]),
            Stage.CONTRACT,
            "Config is not a petra.services.ServiceSettings",
        ),
        (
            plugin("bad", services=[ServiceKind("x", ServiceSettings, None)]),
            Stage.CONTRACT,
            "service 'x': build is not callable",
        ),
        (
            plugin("bad", services=[ServiceKind("x", ServiceSettings, print, process=1)]),
            Stage.CONTRACT,
            "service 'x': process is 1, not True or False",
        ),
        (plugin("bad", drivers=[DriverKind("x", Thawed, print)]), Stage.CONTRACT, "is not frozen"),
        (plugin("bad", drivers=[DriverKind("x", Within, print)]), Stage.CONTRACT, "Thawed is not frozen"),
        (plugin("bad", drivers=[DriverKind("x", Endless, print)]), Stage.CONTRACT, "Endless contains itself"),
        (
            plugin("bad", drivers=[DriverKind("x", Unmade, print)]),
            Stage.CONTRACT,
            "default cannot be made: OSError",
        ),
        (plugin("bad", drivers=[DriverKind("x", Plain, print)]), Stage.CONTRACT, "is not an attrs class"),
        (
            plugin("bad", drivers=[DriverKind("X y", Config, print)]),
            Stage.CONTRACT,
            "'X y' is not a valid name",
        ),
        (plugin("bad", drivers=[DriverKind("x", Config, None)]), Stage.CONTRACT, "build is not callable"),
        (plugin("bad", cli_commands=[CliCommand("x", "", print)]), Stage.CONTRACT, "has no summary"),
        (plugin("bad", cli_commands=[CliCommand("x", "X.", None)]), Stage.CONTRACT, "load is not callable"),
        (plugin("bad", cli_commands=[print]), Stage.CONTRACT, "not a petra.CliCommand"),
        (
            plugin("bad", blocks=[block("GOOD")]),
            Stage.CONFLICT,
            "block type 'GOOD' is already offered by plugin 'good'",
        ),
        (
            plugin("bad", conditions=[block("GOOD", Condition)]),
            Stage.CONFLICT,
            "already offered by plugin 'good'",
        ),
        (
            plugin("bad", blocks=[block("X", aliases=("GOOD",))]),
            Stage.CONFLICT,
            "'GOOD' is already offered by plugin 'good'",
        ),
        (
            plugin("bad", blocks=[block("X"), block("X")]),
            Stage.CONFLICT,
            "'X' is already offered by plugin 'bad'",
        ),
        (
            plugin("bad", drivers=[DriverKind("signals", Config, print)]),
            Stage.CONFLICT,
            "'signals' is reserved for petra-core",
        ),
        (
            plugin("bad", drivers=[DriverKind("alarms", Config, print)]),
            Stage.CONFLICT,
            "'alarms' is reserved for petra-core",
        ),
        (
            plugin("bad", cli_commands=[CliCommand("check", "X.", print)]),
            Stage.CONFLICT,
            "'check' is reserved for petra-core",
        ),
        (plugin("good", blocks=[block("OTHER")]), Stage.CONFLICT, "the name 'good' is taken"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_plugin_is_quarantined_whole_and_the_others_work(bad, stage, said):
    catalog = Catalog.of(GOOD, bad, plugin("later", blocks=[block("LATER")]))
    (fault,) = catalog.faults
    assert fault.stage is stage
    assert said in fault.message
    assert "\n" not in str(fault)
    assert [p.name for p in catalog.plugins] == ["good", "later"]
    assert catalog.names("block type") == ["GOOD", "LATER"]
    assert catalog.sections == {}


def test_nothing_that_a_plugin_does_when_it_is_looked_at_is_the_end():
    class SpeechlessError(Exception):
        def __str__(self):
            raise RuntimeError("no words")

    class Slippery(list):
        def __iter__(self):
            raise RuntimeError("not today")

    class Module:
        __name__ = "module"

        def __getattr__(self, name):
            raise RuntimeError(f"no {name}")

    slippery = plugin("slippery", blocks=Slippery([1]))
    speechless = plugin("speechless", blocks=SpeechlessError())
    catalog = Catalog(
        [
            Candidate("a", slippery),
            Candidate("b", Module()),
            Candidate("c", speechless),
            Candidate("good", GOOD),
        ]
    )
    assert [fault.name for fault in catalog.faults] == ["a", "b", "c"]
    assert all(str(fault) for fault in catalog.faults)
    assert catalog.names("block type") == ["GOOD"]


def test_the_operator_can_still_interrupt():
    with pytest.raises(KeyboardInterrupt):
        Catalog.of(plugin("slow", blocks=KeyboardInterrupt()))


def test_a_hook_wrapper_is_refused():
    class Wrapping:
        PETRA_API = 1
        __name__ = "wrapping"

        @hookimpl(wrapper=True)
        def petra_blocks(self):
            return (yield)

    assert "wrapper" in taken(Wrapping())[1]["wrapping"].message


def test_a_hook_with_an_argument_that_there_is_not_is_refused():
    class Curious:
        PETRA_API = 1
        __name__ = "curious"

        @hookimpl
        def petra_blocks(self, engine):
            return []

    assert taken(Curious())[1]["curious"].stage is Stage.HOOK


def test_the_name_of_a_quarantined_plugin_is_free_again():
    names, faults = taken(plugin("x", api=9), plugin("x", blocks=[block("B")]))
    assert names == ["x"]
    assert list(faults) == ["x"]


def test_what_is_offered_is_found_by_every_name(meter_catalog):
    assert meter_catalog.block("TON") is meter_catalog.block("ON_DELAY")
    assert meter_catalog.block("above").spec.type == "above"
    assert meter_catalog.section("meter").config.__name__ == "MeterConfig"
    assert meter_catalog.section("TON") is None
    assert meter_catalog.cli_command("ping").summary == "Answer."
    assert [offer.name for offer in meter_catalog.offers()] == ["GT", "TON", "above", "meter", "ping"]
    assert {offer.plugin for offer in meter_catalog.offers()} == {"meter"}


def test_an_offer_is_of_one_group(meter_catalog):
    block, driver, command = (
        meter_catalog.offers(group)[0]
        for group in (OfferGroup.BLOCK, OfferGroup.DRIVER, OfferGroup.CLI_COMMAND)
    )
    assert block.block is meter_catalog.block("GT")
    assert driver.driver is meter_catalog.section("meter")
    assert command.cli_command is meter_catalog.cli_command("ping")
    for read in (lambda: driver.block, lambda: command.driver, lambda: block.cli_command):
        with pytest.raises(TypeError, match="is not a"):
            read()


def test_a_plugin_is_found_by_its_name_and_by_its_distribution():
    catalog = Catalog([Candidate("pumps", GOOD, PluginSource("acme-pumps", "1.2"))])
    assert catalog.plugin("pumps") is catalog.plugin("acme-pumps")
    with pytest.raises(PluginNotFoundError, match="did you mean 'pumps'"):
        catalog.plugin("pump")


def test_catalogs_share_nothing():
    """There is no global plugin manager: the same module enters any number of catalogs."""
    assert Catalog.of(GOOD).names("block type") == Catalog.of(GOOD).names("block type") == ["GOOD"]
