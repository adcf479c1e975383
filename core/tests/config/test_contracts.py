"""What a configuration model says of itself beyond its fields, and where `petra check` shows it."""

from __future__ import annotations

import pytest
from attrs import field, frozen

from petra import Catalog, DeclarationError, DriverKind, SignalType, SignalUse, about, hookimpl
from petra.config import load_bytes
from petra.plugin import Stage
from petra.settings import Flaw, HasFlaws, Named, NamesDrivers, Used, UsesSignals, verify


@frozen
class PumpConfig:
    """A pump that answers every question."""

    name: str = field(default="pump", metadata=about("Its name"))
    signal: str = field(default="speed", metadata=about("Signal with its speed"))
    low: float = field(default=0.0, metadata=about("Least speed"))
    high: float = field(default=1.0, metadata=about("Greatest speed"))

    def drivers_named(self):
        yield Named("name", self.name)

    def signals_used(self):
        yield Used("signal", self.signal, SignalUse.WRITES, SignalType.FLOAT)

    def flaws(self):
        if self.low > self.high:
            yield Flaw(("low",), "it is above `high`")


@frozen
class SilentConfig:
    """A model that is asked nothing."""

    host: str = field(default="x", metadata=about("Where it is"))


class PumpPlugin:
    PETRA_API = 1
    __name__ = "pumps"

    @hookimpl
    def petra_drivers(self):
        return [
            DriverKind("pump", PumpConfig, build=lambda _: []),
            DriverKind("silent", SilentConfig, build=lambda _: []),
        ]


def load(text: str):
    return load_bytes(text.encode(), Catalog.of(PumpPlugin()), {}, name="plant.yaml")


@pytest.mark.parametrize("question", [UsesSignals, NamesDrivers, HasFlaws])
def test_a_model_need_not_inherit_the_protocol(question):
    assert issubclass(PumpConfig, question)
    assert isinstance(PumpConfig(), question)
    assert not issubclass(SilentConfig, question)


def test_what_a_model_says_has_its_place():
    loaded = load("pump:\n- {name: a, low: 5.0, signal: s}\n- {name: b, signal: t}\n")
    (problem,) = loaded.problems
    assert (problem.line, problem.column, problem.message) == (2, 18, "it is above `high`")


def test_signals_and_names_are_those_that_a_model_says():
    loaded = load("pump:\n- {name: a, signal: s}\n- {name: a, signal: t}\nsilent: {host: y}\n")
    (problem,) = [problem for problem in loaded.problems if problem.line == 3]
    assert problem.column == 10
    assert "'a'" in problem.message
    good = load("pump: {signal: s}\nsilent: {host: y}\n").configuration
    assert [signal.name for signal in good.plant.signals] == ["s"]


@pytest.mark.parametrize("name", ["flaws", "signals_used", "drivers_named"])
def test_a_field_cannot_have_the_name_of_a_question(name):
    """It would be called as if it were the method."""
    model = frozen(type("Odd", (), {"__annotations__": {name: str}, name: field(default="x")}))
    with pytest.raises(DeclarationError, match=f"`{name}` is the name of a method"):
        verify(model)
    odd = type("odd", (), {"PETRA_API": 1, "__name__": "odd"})
    odd.petra_drivers = staticmethod(hookimpl(lambda: [DriverKind("odd", model, build=lambda _: [])]))
    (fault,) = Catalog.of(odd).faults
    assert fault.stage is Stage.CONTRACT
