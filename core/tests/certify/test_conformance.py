"""What certifying finds beyond what the catalog refuses."""

from __future__ import annotations

import random

import pytest
from attrs import field, frozen
from attrs.validators import ge

from petra import Block, Catalog, CliCommand, DriverKind, In, Out, about, hookimpl
from petra.certify import check_conformance
from petra.testing import assert_plugin_conforms


def test_a_good_plugin_conforms(meter_plugin):
    assert_plugin_conforms(meter_plugin)


class Restless(Block, type="RESTLESS"):
    """Draws lots."""

    output = Out(float)

    def step(self, dt):
        self.output = random.random()


class Sloppy(Block, type="SLOPPY"):
    """Forgets one output, and remembers what it did not declare."""

    input = In(float)
    output = Out(bool)
    other = Out(bool)

    def step(self, dt):
        self.last = self.input
        self.output = self.last > 0.0


class Fragile(Block, type="FRAGILE"):
    """Cannot be stepped."""

    output = Out(float)

    def step(self, dt):
        self.output = self.nothing


class Mute(Block, type="MUTE"):
    output = Out(float)

    def step(self, dt):
        self.output = 0.0


class Divide(Block, type="DIVIDE"):
    """Faults when b is zero, as arithmetic may."""

    a = In(int)
    b = In(int)
    output = Out(float)

    def step(self, dt):
        self.output = self.a / (self.b % 2)


@frozen
class Undocumented:
    host: str = "x"


@frozen
class BadDefault:
    """A default that its own validator refuses."""

    port: int = field(default=0, validator=ge(1), metadata=about("Port"))


def plugin(**hooks):
    def returning(things):
        return staticmethod(hookimpl(lambda: things))

    body = {f"petra_{name}": returning(things) for name, things in hooks.items()}
    return type("p", (), {"__name__": "p", "PETRA_API": 1, **body})


def loadless():
    raise ImportError("no asyncua here")


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (plugin(blocks=[]), "offers something: every hook returned an empty list"),
        (plugin(blocks=[Restless]), "the same inputs give the same outputs: two runs differ"),
        (plugin(blocks=[Sloppy]), "writes its outputs: step never writes other"),
        (plugin(blocks=[Sloppy]), "step writes self.last, which is not declared: a reload loses it"),
        (plugin(blocks=[Fragile]), "it faults in every scan: block block: AttributeError"),
        (plugin(blocks=[Mute]), "block MUTE: is documented: it has no docstring"),
        (plugin(drivers=[DriverKind("x", Undocumented, print)]), "Undocumented has no docstring"),
        (plugin(drivers=[DriverKind("x", Undocumented, print)]), "no about(...) on host"),
        (
            plugin(drivers=[DriverKind("x", BadDefault, print)]),
            "every default is allowed: port: 'port' must be >= 1",
        ),
        (
            plugin(cli_commands=[CliCommand("x", "X.", loadless)]),
            "can be loaded: ImportError: no asyncua here",
        ),
        (plugin(cli_commands=[CliCommand("x", "X.", lambda: 5)]), "5 is not a click command"),
        (plugin(blocks=[5]), "enters the catalog: petra_blocks:"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_what_is_wrong_is_said(bad, said):
    with pytest.raises(AssertionError) as raised:
        assert_plugin_conforms(bad)
    assert said in str(raised.value)


def test_arithmetic_may_fault():
    assert_plugin_conforms(plugin(blocks=[Divide]))


def test_every_check_is_named(meter_plugin):
    findings = list(check_conformance(Catalog.of(meter_plugin), "meter"))
    assert all(finding.good for finding in findings)
    assert [f.check for f in findings][:2] == ["enters the catalog", "offers something"]
    assert "driver meter: every setting is documented" in [f.check for f in findings]
