"""`petra commands`: what people did is seen beside what the program does all the time."""

from __future__ import annotations

import json

import pytest

PID = {"signal": "pump.speed", "actor": "pid", "origin": "logic", "outcome": "confirmed"}
ANN = {"signal": "pump.run", "value": True, "actor": "ann", "origin": "local", "outcome": "confirmed"}


def entry(number: int, **more: object) -> dict[str, object]:
    """Return a command that was requested at noon UTC on a day in summer, so many seconds later."""
    at = 1_750_000_000_000_000_000 + number * 10**9
    return {"id": number, "value": 49.0, "reason": "", "requested_at": at, "ended_at": at + 2_500_000} | more


@pytest.fixture
def journal(tmp_path):
    """Return a function that writes commands where `petra commands plant.yaml` finds them."""
    from petra.engine.folder import DataFolder

    folder = DataFolder(tmp_path / "plant.yaml")
    folder.prepare()
    path = folder.commands
    path.parent.mkdir(exist_ok=True)
    return lambda entries: path.write_text("".join(json.dumps(each) + "\n" for each in entries))


@pytest.mark.parametrize(
    ("zone", "time"),
    [
        ("UTC", "2025-06-15 15:06:41.000+00:00"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2025-06-15 17:06:41.000+02:00"),
    ],
)
def test_times_carry_their_zone(petra, journal, zone, time):
    journal([entry(1, **ANN)])
    lines = petra("commands", "plant.yaml", TZ=zone).out.splitlines()
    assert lines[0].split() == [
        "ID", "REQUESTED", "SIGNAL", "VALUE", "ACTOR", "ORIGIN", "OUTCOME", "MS", "REASON",
    ]  # fmt: skip
    assert time in lines[1]
    assert lines[2:] == ["1 command"]


def test_what_people_did_is_seen_among_a_thousand_routine_writes(petra, journal):
    entries = [entry(n, **PID, value=n / 20) for n in range(1, 987)]
    entries[500] = entry(501, **ANN)
    entries[700] = entry(701, **PID | {"outcome": "rejected", "reason": "too fast"})
    entries[800] = entry(801, **PID | {"actor": "safe value"}, value=0.0)
    entries[-1] = entry(986, **PID | {"outcome": "superseded"})
    journal(entries)
    lines = petra("commands", "plant.yaml", TZ="UTC").out.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["501", "701", "801"]
    assert lines[4:] == [
        "3 commands",
        "pump.speed: 982 writes by pid and 1 superseded, last 49.25 at 2025-06-15 15:23:05.000+00:00",
        "--all lists every one of them",
    ]
    assert petra("commands", "plant.yaml", "--all", "--last", 1000).out.splitlines()[-1] == "986 commands"
    assert petra("commands", "plant.yaml", "--json", "--last", 1000).json == entries
    assert petra("commands", "plant.yaml", "--last", 1).out.splitlines()[1].startswith("801")
    assert petra("commands", "plant.yaml", "--signal", "pump.run").out.splitlines()[-1] == "1 command"


def test_few_writes_of_the_program_are_listed(petra, journal):
    journal([entry(n, **PID) for n in range(10)])
    assert petra("commands", "plant.yaml").out.splitlines()[-1] == "10 commands"


def test_routine_writes_alone_need_no_table(petra, journal):
    journal([entry(n, **PID | {"signal": "a\x1bb"}) for n in range(11)])
    lines = petra("commands", "plant.yaml").out.splitlines()
    assert lines[0] == "no commands"
    assert lines[1].startswith(r"'a\x1bb': 11 writes by pid, last 49 at ")


def test_without_commands_it_says_why(petra):
    assert "no plant of plant.yaml has written to a device yet" in petra("commands", "plant.yaml", code=2).err


def test_forces_are_told_from_writes(journal, petra):
    people = {"signal": "pump.run", "actor": "ann", "origin": "local", "outcome": "confirmed"}
    journal([entry(1, act="force", **people), entry(2, act="unforce", **people | {"value": None})])
    lines = petra("commands", "plant.yaml").out.splitlines()
    assert "force 49" in lines[-3]
    assert "unforce" in lines[-2]
