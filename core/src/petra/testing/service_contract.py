"""The service contract: the tests that every service must pass. The tests of a plugin subclass it.

    class TestPublisher(ServiceContract):
        def document(self):
            return {"signals": [{"name": "level"}], "publisher": {"host": "127.0.0.1"}}

        def work(self, rig):
            return self.broker.messages

The service runs in a plant whose signals change all the time, in the I/O loop and in a process of its own,
over a line that is slow, fails or is silent; it is killed, frozen and broken off, and its plant reloads and
starts again. Each time it has to go on with its work.
"""

from __future__ import annotations

import gc
import logging
import pickle
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from petra.services.job import dump_config
from petra.testing.plant_line import PlantFault
from petra.testing.rig import resources
from petra.testing.service_rig import ServiceRig

if TYPE_CHECKING:
    from pathlib import Path

    from petra.engine.service_plan import ServicePlan
    from petra.plugin import Catalog

PATIENCE = 0.4
"""Seconds of silence after which a run counts as hung in these tests."""

in_both = pytest.mark.parametrize("process", [False, True], ids=["loop", "process"])


class ServiceContract:
    """The contract as a test class: subclass it as `Test...` and define `document` and `work`."""

    variables: Mapping[str, str] = {}
    """Environment variables that the document refers to, without `PETRA_` before them."""
    within = 15.0
    """Seconds that anything may take."""
    runs_in = (False, True)
    """Where it can run: in the loop, in a process of its own, or both."""

    @abstractmethod
    def document(self) -> dict[str, Any]:
        """Return a plant with one service: `signals` of the types that it works with, and its section."""

    @abstractmethod
    def work(self, rig: ServiceRig) -> int:
        """Return how much it has done so far. It grows while the service works, and never shrinks."""

    def break_peer(self, rig: ServiceRig) -> None:  # noqa: ARG002 - for those who override it
        """Let what the service works with besides the plant fail: its broker, its file."""
        pytest.skip("it works with nothing but the plant")

    def mend_peer(self, rig: ServiceRig) -> None:
        """Let what `break_peer` has broken work again."""

    def catalog(self) -> Catalog:
        """Return the kinds; those that are installed, if it is not overridden."""
        from petra.plugin import Catalog

        return Catalog.load()

    def rig(self, folder: Path, *, process: bool) -> ServiceRig:
        """Return a plant with the service, in the loop or in a process of its own."""
        if process not in self.runs_in:
            pytest.skip("it does not run there")
        return ServiceRig(self.catalog(), folder, self._placed(process=process), variables=self.variables)

    @in_both
    def test_it_serves_and_works(self, tmp_path: Path, *, process: bool) -> None:
        """It says that it serves, does its work, and has no failure."""
        with self.rig(tmp_path, process=process) as rig:
            self._works(rig)
            assert rig.status.health.failures == 0, rig.status

    @in_both
    def test_it_goes_on_with_a_slow_plant(self, tmp_path: Path, *, process: bool) -> None:
        """A plant that answers late is no failure."""
        with self.rig(tmp_path, process=process) as rig:
            self._works(rig)
            rig.line.fault = PlantFault.SLOW
            self._works(rig)
            assert rig.status.health.failures == 0, rig.status

    @in_both
    def test_it_comes_back_when_the_plant_answers_again(self, tmp_path: Path, *, process: bool) -> None:
        """While everything that it asks for fails it may fail, and says why; then it works again."""
        with self.rig(tmp_path, process=process) as rig:
            self._works(rig)
            rig.line.fault = PlantFault.FAILING
            before = self.work(rig)
            rig.until(
                lambda: rig.line.failed or self.work(rig) > before + 3,
                "it asks its plant, or needs none",
                self.within,
            )
            rig.line.fault = None
            self._works(rig)
            assert not rig.status.health.failures or rig.status.health.error

    @in_both
    def test_a_silent_plant_is_no_progress(self, tmp_path: Path, *, process: bool) -> None:
        """Without answers it does its work all the same, or counts as hung; then it works again."""
        with self.rig(tmp_path, process=process) as rig:
            self._works(rig)
            rig.line.fault = PlantFault.SILENT
            before = self.work(rig)
            rig.lose_patience(PATIENCE)
            rig.until(
                lambda: rig.status.health.failures or self.work(rig) > before + 3,
                "it reports progress without any",
                self.within,
            )
            rig.line.fault = None
            self._works(rig)

    def test_a_frozen_process_is_replaced(self, tmp_path: Path) -> None:
        """A process that does nothing at all is killed, and another one goes on."""
        with self.rig(tmp_path, process=True) as rig:
            self._works(rig)
            pid = rig.status.pid
            rig.lose_patience(PATIENCE)
            rig.freeze()
            rig.until(lambda: rig.status.health.hangs, "it counts as hung", self.within)
            self._works(rig)
            assert rig.status.pid != pid

    @in_both
    def test_it_comes_back_after_being_killed(self, tmp_path: Path, *, process: bool) -> None:
        """Whatever a run has left behind does not hinder the next one."""
        with self.rig(tmp_path, process=process) as rig:
            for kills in range(1, 4):
                self._works(rig)
                rig.kill()
                rig.until(
                    lambda kills=kills: rig.status.health.failures >= kills,  # type: ignore[misc]  # bound here
                    "it has failed",
                    self.within,
                )
            self._works(rig)

    @in_both
    def test_it_fails_with_what_it_works_with(self, tmp_path: Path, *, process: bool) -> None:
        """Its run ends with a reason, and it works again when its peer does."""
        with self.rig(tmp_path, process=process) as rig:
            self._works(rig)
            self.break_peer(rig)
            try:
                rig.until(lambda: rig.status.health.failures, "its run ends", self.within)
                assert rig.status.health.error
            finally:
                self.mend_peer(rig)
            self._works(rig)

    @in_both
    def test_a_reload_of_others_does_not_disturb_it(self, tmp_path: Path, *, process: bool) -> None:
        """Signals come and go, and the same run goes on."""
        with self.rig(tmp_path, process=process) as rig:
            self._works(rig)
            document = self._placed(process=process)
            more = {"name": "petra_contract.other", "type": "int"}
            changed = rig.reload({**document, "signals": [more, *document.get("signals", [])]})
            assert [str(change) for change in changed] == ["+ signal petra_contract.other"]
            self._works(rig)
            rig.reload(document)
            self._works(rig)
            assert (rig.status.health.starts, rig.status.health.failures) == (1, 0), rig.status

    @in_both
    def test_a_reload_ends_it_and_begins_it(self, tmp_path: Path, *, process: bool) -> None:
        """It is gone without its section, and works when that is there again."""
        with self.rig(tmp_path, process=process) as rig:
            self._works(rig)
            document = self._placed(process=process)
            rig.reload({key: value for key, value in document.items() if key != self._section})
            assert rig.plant.services == {}
            rig.reload(document)
            self._works(rig)

    @in_both
    def test_it_goes_on_when_the_plant_was_started_again(self, tmp_path: Path, *, process: bool) -> None:
        """It finds what it has left in its folder."""
        for _ in range(2):
            with self.rig(tmp_path, process=process) as rig:
                self._works(rig)
                assert rig.status.health.failures == 0, rig.status

    @in_both
    def test_it_ends_when_it_is_told_to(self, tmp_path: Path, *, process: bool) -> None:
        """Also while the plant is slow or silent; nothing is killed or left behind."""
        for fault in (None, PlantFault.SLOW, PlantFault.SILENT):
            with self.rig(tmp_path, process=process) as rig:
                self._works(rig)
                rig.line.fault = fault
            late = [each.getMessage() for each in rig.log if "does not end" in each.getMessage()]
            assert late == []

    @in_both
    def test_nothing_stays_open(self, tmp_path: Path, *, process: bool) -> None:
        """No thread, file or socket of the plant's process is left of it."""

        def once() -> tuple[int, int]:
            with self.rig(tmp_path, process=process) as rig:
                self._works(rig)
                rig.kill()
                rig.until(lambda: rig.status.health.failures, "it has failed", self.within)
                self._works(rig)
            gc.collect()
            return resources()

        once()  # what is imported or made once
        assert once() == once()

    def test_building_it_touches_nothing(self, tmp_path: Path) -> None:
        """A reload builds it as a trial while another one runs."""
        plan = self._plan(tmp_path)
        plan.build()
        gc.collect()
        before = resources(), sorted(tmp_path.rglob("*"))
        kept = [plan.build(), plan.build()]
        assert (resources(), sorted(tmp_path.rglob("*"))) == before
        assert kept[0] is not kept[1], "one object serves for one run"

    def test_its_configuration_can_go_to_another_process(self, tmp_path: Path) -> None:
        """It is equal to what it was, so that a reload leaves alone what has not changed."""
        config = self._plan(tmp_path).config
        copy = pickle.loads(dump_config(config))  # noqa: S301 - it was made here
        assert copy == config, "compare its settings by value"

    def test_its_secrets_are_not_logged(self, tmp_path: Path) -> None:
        """Neither in a line nor in its status."""
        secrets = [text for text in self.variables.values() if text]
        with self.rig(tmp_path, process=self.runs_in[-1]) as rig:
            self._works(rig)
            rig.kill()
            rig.until(lambda: rig.status.health.failures, "it has failed", self.within)
            self._works(rig)
            said = str(rig.status)
        told = "\n".join([said, *(logging.Formatter().format(each) for each in rig.log)])
        assert [text for text in secrets if text in told] == []

    def _works(self, rig: ServiceRig) -> None:
        """Wait until it serves and has done more."""
        rig.until(lambda: rig.is_serving, "it serves", self.within)
        before = self.work(rig)
        rig.until(lambda: self.work(rig) >= before + 2, "it works", self.within)
        rig.until(lambda: rig.is_serving, "it serves", self.within)

    @property
    def _section(self) -> str:
        sections = self.catalog().sections
        found = [key for key in self.document() if key in sections]
        assert len(found) == 1, f"one section of the document is a service; {self.catalog().faults}"
        return found[0]

    def _placed(self, *, process: bool) -> dict[str, Any]:
        document = self.document()
        section = self._section
        return {**document, section: {**(document[section] or {}), "process": process}}

    def _plan(self, folder: Path) -> ServicePlan:
        rig = ServiceRig(
            self.catalog(), folder, self._placed(process=self.runs_in[0]), variables=self.variables
        )
        (plan,) = rig.engine._deployed.services  # noqa: SLF001 - the contract looks at what would run
        return plan
