"""The guard: the policy decides, what it refuses is counted and audited, and what fails lets nobody in."""

from __future__ import annotations

import pytest

from petra.clock import SystemClock
from petra.plant import Actor, AuditEntry, Capability, Guard, NotAllowedError, Origin


class Listening:
    def __init__(self):
        self.entries: list[AuditEntry] = []

    def note(self, entry):
        self.entries.append(entry)


class Broken:
    def note(self, entry):
        raise OSError("no room")


class Answers:
    def __init__(self, answer):
        self.answer = answer

    def refusal(self, actor, capability, target):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def heard():
    return Listening()


@pytest.mark.parametrize("capability", Capability, ids=lambda each: each.value)
def test_without_a_policy_the_network_may_nothing(heard, capability):
    guard = Guard(SystemClock(), heard)
    assert guard.refusal(Actor("ann"), capability, "do", "x") == ""
    assert guard.refusal(Actor("pump 1", Origin.LOGIC), capability, "do", "x") == ""
    assert heard.entries == []
    reason = guard.refusal(Actor("eve", Origin.NETWORK, "mqtt"), capability, "do", "x", "please")
    assert reason == f"without a policy, the network may not {capability.value}"
    assert guard.refused == 1
    (entry,) = heard.entries
    assert (entry.actor, entry.origin, entry.door, entry.act) == ("eve", "network", "mqtt", "do")
    assert (entry.target, entry.outcome, entry.reason, entry.note) == ("x", "refused", reason, "please")


@pytest.mark.parametrize("answer", [ValueError("no file"), None, True, 0], ids=repr)
def test_a_policy_that_raises_or_answers_nonsense_refuses(heard, answer, caplog):
    guard = Guard(SystemClock(), heard, policy=Answers(answer))
    assert guard.refusal(Actor("ann"), Capability.VIEW, "read", "x").startswith("the policy failed: ")
    assert [entry.outcome for entry in heard.entries] == ["refused"]
    (record,) = [each for each in caplog.records if each.message == "the policy failed"]
    assert record.exc_info


def test_the_program_is_not_asked_for(heard):
    guard = Guard(SystemClock(), heard, policy=Answers("nobody may"))
    assert guard.refusal(Actor("ramp", Origin.LOGIC), Capability.WRITE, "write", "x") == ""


def test_an_audit_that_fails_is_reported_and_does_not_hide_the_act_from_the_others(heard, caplog):
    guard = Guard(SystemClock(), Broken(), heard)
    with pytest.raises(NotAllowedError, match=r"eve \(network\) may not read x: without a policy"):
        guard.check(Actor("eve", Origin.NETWORK), Capability.VIEW, "read", "x")
    assert len(heard.entries) == 1
    assert "the audit has failed" in caplog.text
