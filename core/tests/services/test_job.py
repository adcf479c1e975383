"""What a companion is told: it arrives as it was, and nothing that is not whole is taken."""

from __future__ import annotations

import io
import pickle
from enum import Enum

import pytest
from attrs import field, frozen

from petra import PetraError, Secret
from petra.services import ServiceSettings
from petra.services.job import CompanionJob, dump, load

JOB = CompanionJob("boss", "odd", "odd.plugin", "/x.py", ("/a", "/b"), "/data", 20, 7, "/s", "token")


class Mode(Enum):
    FAST = "fast"


@frozen
class Part:
    key: Secret


@frozen
class Config(ServiceSettings):
    mode: Mode = Mode.FAST
    parts: tuple[Part, ...] = ()
    labels: dict[str, float] = field(factory=dict)


def test_a_job_and_a_configuration_arrive_with_their_secrets():
    config = Config(name="boss", parts=(Part(Secret("a")), Part(Secret("b"))), labels={"x": 1.0})
    job, made = load(io.BytesIO(dump(JOB, config)))
    assert job == JOB
    assert made() == config
    assert [part.key.reveal() for part in made().parts] == ["a", "b"]
    with pytest.raises(TypeError):
        pickle.dumps(config)


def test_a_class_that_was_defined_again_since_is_found_by_its_name(monkeypatch):
    """A catalog that is loaded twice imports plugins of single files twice."""
    config, name = Config(name="boss"), "Config"
    monkeypatch.setitem(globals(), name, frozen(type(name, (ServiceSettings,), {"__module__": __name__})))
    _, made = load(io.BytesIO(dump(JOB, config)))
    assert type(made()) is globals()[name]


@pytest.mark.parametrize("size", [0, 3, 10, -1])
def test_a_job_that_is_cut_off_is_refused(size):
    with pytest.raises(PetraError, match="is gone"):
        load(io.BytesIO(dump(JOB, Config())[:size]))


def test_a_job_of_an_impossible_size_is_refused():
    with pytest.raises(PetraError, match="a job of 4294967295 bytes"):
        load(io.BytesIO(b"\xff\xff\xff\xff"))
