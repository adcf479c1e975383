"""Fixtures for core's own tests; what third parties may use lives in `petra.testing`."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from attrs import field, frozen
from attrs.validators import ge, in_, le, matches_re, min_len

from petra import (
    Block,
    Catalog,
    CliCommand,
    Condition,
    DriverKind,
    In,
    Out,
    Param,
    Secret,
    SignalUse,
    State,
    about,
    hookimpl,
)
from petra.config import Loaded, load_bytes


class Greater(Block, type="GT", aliases=("GREATER",)):
    """True while a is greater than b."""

    a = In(float, aliases=("in1",))
    b = In(float, aliases=("in2",))
    output = Out(bool, aliases=("out",))

    def step(self, dt: float) -> None:
        self.output = self.a > self.b


class OnDelay(Block, type="TON", aliases=("ON_DELAY",)):
    """Follows the input after it has been true for the preset time."""

    input = In(bool, aliases=("in",))
    reset = In(bool, default=False)
    preset = Param(float, default=1.0, minimum=0.0, maximum=1e6, unit="s", aliases=("pt",))
    mode = Param(str, default="normal", choices=("normal", "held"))
    elapsed = State(0.0)
    output = Out(bool, aliases=("q", "out"))

    def step(self, dt: float) -> None:
        self.elapsed = min(self.elapsed + dt, self.preset) if self.input else 0.0
        self.output = self.input and self.elapsed >= self.preset


class Above(Condition, type="above"):
    """True while the value is above the limit."""

    value = In(float)
    limit = Param(float)
    active = Out(bool)

    def step(self, dt: float) -> None:
        self.active = self.value > self.limit


@frozen
class PointConfig:
    """One value of a meter."""

    signal: str = field(metadata=about("Signal it becomes", signal=SignalUse.WRITES))
    register: int = field(validator=ge(0), metadata=about("Address, counted from 0"))
    scale: float = field(default=1.0, metadata=about("Factor"))


@frozen
class MeterConfig:
    """A meter at an address."""

    host: str = field(validator=min_len(1), metadata=about("Name or address", aliases=("ip",)))
    port: int = field(default=502, validator=[ge(1), le(65535)], metadata=about("TCP port"))
    unit_id: int | None = field(default=None, metadata=about("Unit; none for the device itself"))
    order: str = field(default="big", validator=in_(("big", "little")), metadata=about("Byte order"))
    tag: str = field(default="M1", validator=matches_re("[A-Z][0-9]+"), metadata=about("Plant tag"))
    password: Secret | None = field(default=None, metadata=about("Password of the web page"))
    token: Secret = field(default=Secret(""), metadata=about("Key of the API"))
    points: list[PointConfig] = field(factory=list, metadata=about("What to read"))
    alarm: str | None = field(default=None, metadata=about("Signal it shows", signal=SignalUse.READS))
    labels: dict[str, str] = field(factory=dict, metadata=about("Free texts"))


class MeterPlugin:
    """A plugin with one of most things."""

    PETRA_API = 1
    __name__ = "meter"

    @hookimpl
    def petra_blocks(self) -> list[type[Block]]:
        return [Greater, OnDelay]

    @hookimpl
    def petra_conditions(self) -> list[type[Condition]]:
        return [Above]

    @hookimpl
    def petra_drivers(self) -> list[DriverKind[Any]]:
        return [DriverKind("meter", MeterConfig, build=lambda _: [])]

    @hookimpl
    def petra_cli_commands(self) -> list[CliCommand]:
        import click

        @click.command()
        def ping() -> None:
            click.echo("pong")

        return [CliCommand("ping", "Answer.", lambda: ping)]


class Checked:
    """What a check said, with assertions that read well."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.codes = [problem.code for problem in loaded.problems]
        self.text = "\n".join(map(str, loaded.problems))

    @property
    def only(self) -> Any:
        assert len(self.loaded.problems) == 1, self.text
        return self.loaded.problems[0]

    @property
    def good(self) -> Any:
        assert self.loaded.configuration is not None, self.text
        return self.loaded.configuration


@pytest.fixture
def meter_catalog() -> Catalog:
    catalog = Catalog.of(MeterPlugin())
    assert catalog.faults == ()
    return catalog


@pytest.fixture
def check(meter_catalog: Catalog, tmp_path):
    """Check a text as a document of a plant that has the meter plugin."""

    def run(text: str | bytes, **variables: str) -> Checked:
        data = text if isinstance(text, bytes) else textwrap.dedent(text).lstrip("\n").encode()
        return Checked(load_bytes(data, meter_catalog, variables, name="plant.yaml", folder=tmp_path))

    return run


@pytest.fixture
def meter_plugin() -> MeterPlugin:
    return MeterPlugin()
