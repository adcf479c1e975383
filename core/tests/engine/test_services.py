"""Services: begun with the plant, seen in the status, begun again when they fail, changed by a reload."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time

import pytest
from attrs import field, frozen

from petra import Catalog, PetraError, ServiceKind, about, hookimpl
from petra.config import configuration, load_bytes
from petra.engine import Engine
from petra.engine.difference import diff_configurations
from petra.engine.site import Site
from petra.library import plugin as library
from petra.plant import Actor, Origin
from petra.services import Service, ServiceContext, ServiceSettings
from petra.supervise import ActivityState, Backoff

PLANT = """
scan_time_ms: 5
signals: [{name: level, type: float}, {name: note, type: string}]
"""


@frozen
class EchoConfig(ServiceSettings):
    """A service of the tests."""

    word: str = field(default="", metadata=about("What it does"))


class Echo(Service):
    """Does what its configuration says, and notes it."""

    def __init__(self, config: EchoConfig, events: list[str]) -> None:
        self.config = config
        self.events = events

    async def run(self, context: ServiceContext) -> None:
        """Serve."""
        word = self.config.word
        self.events.append(f"{context.name} begun")
        try:
            if word == "fails":
                raise OSError("the broker is away")
            if word == "exits":
                sys.exit("no licence")
            if word == "hangs":
                context.serving()
                await asyncio.Event().wait()
            if word == "writes":
                result = await context.plant.command("note", "hello")
                self.events.append(f"{result.actor} {result.outcome.value}")
                (context.folder / "file").write_text("kept")
            if word == "stranger":
                stranger = context.plant.acting(Actor("mallory", Origin.NETWORK, "mqtt"))
                self.events.append((await stranger.command("note", "x")).reason)
            context.log.warning("it works")
            context.detail(f"word {word}")
            context.serving()
            await context.idle()
        finally:
            self.events.append(f"{context.name} ended")


class Plugin:
    """A kind of service that runs in the loop."""

    PETRA_API = 1
    __name__ = "echoes"

    def __init__(self) -> None:
        self.events: list[str] = []

    @hookimpl
    def petra_services(self):
        return [ServiceKind("echo", EchoConfig, self._build, process=False)]

    def _build(self, config: EchoConfig) -> Echo:
        if config.word == "cannot be built":
            raise ImportError("no module named 'broker'")
        service = Echo(config, self.events)
        if config.word == "hangs":
            service.patience = 0.05
        return service


@pytest.fixture
def plugin():
    return Plugin()


@pytest.fixture
def made(plugin, tmp_path):
    """Return what makes an engine of a section, with pauses that are short."""
    catalog = Catalog.of(library, plugin)

    def make(section: str = "", data_dir: str = str(tmp_path)) -> Engine:
        engine = Engine(read(section), catalog, site=Site(name="p", data_dir=data_dir))
        engine.services._backoff = lambda: Backoff(first=0.001, longest=0.002, least=0.0)
        return engine

    def read(section: str):
        return configuration(load_bytes((PLANT + section).encode(), catalog, {}))

    make.read, make.catalog = read, catalog
    return make


def until(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.002)


def state(engine: Engine, name: str = "echo") -> ActivityState:
    return engine.status().services[name].health.state


def test_a_service_runs_is_seen_and_logs_under_its_name(made, plugin, caplog):
    caplog.set_level(logging.INFO)
    with made("echo: {word: hello}") as engine:
        until(lambda: state(engine) is ActivityState.SERVING)
        status = engine.status().services["echo"]
        assert (status.kind, status.process, status.detail) == ("echo", False, "word hello")
        assert status.health.name == "echo"
    assert plugin.events == ["echo begun", "echo ended"]
    assert ("petra.service.echo", logging.WARNING, "it works") in caplog.record_tuples
    assert "not run" not in caplog.text
    assert engine.failure is None


def test_a_service_acts_by_its_own_name_and_has_a_folder(made, plugin, tmp_path):
    with made("echo: {name: boss, word: writes}") as engine:
        until(lambda: state(engine, "boss") is ActivityState.SERVING)
        until(lambda: engine.bus.read("note").value == "hello")
    assert plugin.events[1] == "boss accepted"
    assert (tmp_path / "services" / "boss" / "file").read_text() == "kept"
    acts = [each.text for each in engine.events._kept if each.source == "audit"]
    assert acts == ["write note = 'hello' by boss (service) accepted"]


def test_users_that_a_service_identifies_go_through_the_policy(made, plugin):
    with made("echo: {word: stranger}") as engine:
        until(lambda: state(engine) is ActivityState.SERVING)
    assert plugin.events[1] == "without a policy, the network may not write"


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("fails", "the broker is away"),
        ("exits", "RuntimeError: the code tried to end the process: SystemExit('no licence')"),
        ("cannot be built", "the plugin echoes cannot build the service 'echo': ImportError"),
        ("hangs", "no progress for 0.05 s"),
    ],
)
def test_a_service_that_fails_is_begun_again_and_counted(made, word, error):
    with made(f"echo: {{word: {word}}}") as engine:
        until(lambda: engine.status().services["echo"].health.failures >= 3)
        assert engine.status().services["echo"].health.error.startswith(error)
    assert engine.failure is None


def test_services_end_after_the_safe_values_of_drivers(made, plugin, monkeypatch):
    """No service holds one up, and each can tell of the end."""
    with made("echo: {word: hello}") as engine:
        until(lambda: state(engine) is ActivityState.SERVING)
        stop = engine.host.stop

        def stopping(within):
            lost = stop(within)
            plugin.events.append("safe values written")
            return lost

        monkeypatch.setattr(engine.host, "stop", stopping)
    assert plugin.events == ["echo begun", "safe values written", "echo ended"]


def test_a_driver_that_blocks_the_loop_holds_up_neither_the_start_nor_a_reload(made, monkeypatch):
    """The services begin as soon as it moves."""
    moves = threading.Event()
    engine = made("echo: {}")
    begin = engine.host.start

    def blocked(drivers):
        begin(drivers)
        engine.supervisor.loop.call_soon_threadsafe(moves.wait)

    monkeypatch.setattr(engine.host, "start", blocked)
    with engine:
        try:
            until(lambda: engine.status().scans > 2)
            assert engine.status().services == {}
        finally:
            moves.set()
        until(lambda: engine.status().services and state(engine) is ActivityState.SERVING)
        moves.clear()
        engine.supervisor.loop.call_soon_threadsafe(moves.wait)
        try:
            assert engine.reload(made.read("echo: {}")) == []
        finally:
            moves.set()


def test_services_begin_in_the_order_of_the_document(made, plugin):
    names = [f"s{number}" for number in range(8)]
    with made("echo: [" + ", ".join(f"{{name: {name}}}" for name in names) + "]") as engine:
        until(lambda: len(engine.status().services) == 8)
        assert list(engine.status().services) == names


def test_a_service_that_is_not_enabled_does_not_run(made, plugin):
    with made("echo: [{name: a, enabled: false}, {name: b}]") as engine:
        until(lambda: state(engine, "b") is ActivityState.SERVING)
        assert list(engine.status().services) == ["b"]


def test_without_a_data_folder_a_service_that_needs_one_says_so(made):
    with made("echo: {word: writes}", data_dir="") as engine:
        until(lambda: engine.status().services["echo"].health.failures)
        assert "the plant runs without a data folder" in engine.status().services["echo"].health.error


def test_a_reload_touches_only_what_has_changed(made, plugin):
    with made("echo: [{name: a}, {name: b}, {name: c}]") as engine:
        until(lambda: len(plugin.events) == 3)
        changes = engine.reload(made.read("echo: [{name: a}, {name: b, word: new}, {name: d}]"))
        until(lambda: len(plugin.events) == 7)
        assert {str(change) for change in changes} == {
            "- service c",
            "+ service d",
            "~ service b: its settings (it starts again)",
        }
        assert sorted(engine.status().services) == ["a", "b", "d"]
        assert "a ended" not in plugin.events


def test_a_reload_with_a_service_that_cannot_be_built_changes_nothing(made, plugin):
    with made("echo: {name: a}") as engine:
        until(lambda: state(engine, "a") is ActivityState.SERVING)
        with pytest.raises(PetraError, match=r"cannot build the service 'b'.*no module named 'broker'"):
            engine.reload(made.read("echo: [{name: a, word: new}, {name: b, word: cannot be built}]"))
        assert list(engine.status().services) == ["a"]
        assert plugin.events == ["a begun"]


def test_a_reload_that_fails_later_leaves_the_services_as_they_were(made, plugin, monkeypatch):
    with made("echo: {name: a}") as engine:
        until(lambda: state(engine, "a") is ActivityState.SERVING)
        change = engine.services.change

        def failing(plans) -> None:
            change(plans)
            if plans[0].name == "b":
                raise ZeroDivisionError

        monkeypatch.setattr(engine.services, "change", failing)
        with pytest.raises(ZeroDivisionError):
            engine.reload(made.read("echo: {name: b}"))
        until(lambda: plugin.events == ["a begun", "a ended", "b begun", "b ended", "a begun"])
        assert list(engine.status().services) == ["a"]


def test_the_plan_of_a_reload_names_services(made):
    old, new = made.read("echo: {name: a}"), made.read("echo: {name: a, process: true}")
    assert [str(change) for change in diff_configurations(old, new, made.catalog)] == [
        "~ service a: process false -> true (it starts again)"
    ]


def test_two_services_with_one_name_are_a_problem(made):
    loaded = load_bytes((PLANT + "echo: [{word: a}, {word: b}]").encode(), made.catalog, {})
    assert ["another service has the name 'echo'" in str(p) for p in loaded.serious] == [True]


@pytest.mark.parametrize(("name", "good"), [("a-b_1", True), ("../x", False), ("a b", False), ("é", False)])
def test_a_name_makes_a_folder(made, name, good):
    loaded = load_bytes(f"{PLANT}echo: {{name: '{name}'}}".encode(), made.catalog, {})
    assert (not loaded.errors) is good


def test_a_companion_in_a_plant_without_a_channel_says_what_to_do(made):
    with made("echo: {process: true}") as engine:
        until(lambda: engine.status().services["echo"].health.failures)
        error = engine.status().services["echo"].health.error
        assert error.startswith(
            "the service 'echo' runs in a process of its own, and this plant has no channel"
        )
        assert "process: false" in error


def test_a_service_that_blocks_the_loop_is_named():
    from petra.supervise import SERVICE_PREFIX, Supervisor

    with Supervisor() as supervisor:
        seen = []

        async def look(_) -> None:
            seen.append(supervisor.at_work())
            await asyncio.Event().wait()

        async def named() -> None:
            asyncio.current_task().set_name(SERVICE_PREFIX + "echo")
            seen.append(supervisor.at_work())

        supervisor.call(named())
    assert seen == ["the service 'echo'"]
