"""The contract of services: a good one keeps it, and each defect breaks the test that is there for it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from petra import Catalog
from petra.library import plugin as library
from petra.plugin.discovery import in_folder
from petra.testing import ServiceContract

(ENTRY,) = in_folder(Path(__file__).parent / "service_plugins")
CATALOG = Catalog.of(library, ENTRY.load())  # once: a second import makes other classes


class TestDiary(ServiceContract):
    variables: ClassVar = {"PASSWORD": "swordfish"}
    defect = ""

    def catalog(self):
        return CATALOG

    def document(self):
        signals = [{"name": "level"}, {"name": "count", "type": "int"}, {"name": "on", "type": "bool"}]
        return {
            "signals": [*signals, {"name": "label", "type": "string"}],
            "diary": {"password": "${PASSWORD}", "defect": self.defect},
        }

    def work(self, rig):
        file = rig.service_folder("diary") / "diary"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def break_peer(self, rig):
        file = rig.service_folder("diary") / "diary"
        file.rename(file.with_name("kept"))
        file.mkdir()

    def mend_peer(self, rig):
        file = rig.service_folder("diary") / "diary"
        file.rmdir()
        file.with_name("kept").rename(file)


@pytest.mark.parametrize(
    ("defect", "test", "process"),
    [
        ("never serves", "it_serves_and_works", False),
        ("never progresses", "it_serves_and_works", False),
        ("idles", "it_serves_and_works", True),
        ("minds what is slow", "it_goes_on_with_a_slow_plant", False),
        ("gives up quietly", "it_comes_back_when_the_plant_answers_again", False),
        ("gives up quietly", "it_comes_back_when_the_plant_answers_again", True),
        ("waits with a smile", "a_silent_plant_is_no_progress", False),
        ("locks", "it_comes_back_after_being_killed", False),
        ("locks", "it_comes_back_after_being_killed", True),
        ("locks", "a_frozen_process_is_replaced", None),
        ("locks", "it_goes_on_when_the_plant_was_started_again", False),
        ("hides its errors", "it_fails_with_what_it_works_with", False),
        ("remembers the layout", "a_reload_of_others_does_not_disturb_it", False),
        ("locks", "a_reload_ends_it_and_begins_it", False),
        ("ends late", "it_ends_when_it_is_told_to", False),
        ("ends late", "it_ends_when_it_is_told_to", True),
        ("opens a file", "nothing_stays_open", False),
        ("builds a thread", "building_it_touches_nothing", None),
        ("tells its password", "its_secrets_are_not_logged", None),
    ],
)
def test_a_defect_breaks_the_contract(tmp_path, defect, test, process):
    contract = TestDiary()
    contract.defect, contract.within = defect, 2.0
    given = {} if process is None else {"process": process}
    with pytest.raises(AssertionError):
        getattr(contract, f"test_{test}")(tmp_path, **given)
