"""Why a signal is what it is: from its block or point back to devices, commands and forces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from petra._lazy import lazy

if TYPE_CHECKING:
    from petra.why.evidence import BlockEvidence, Change, Evidence, SignalEvidence
    from petra.why.reasoning import explain
    from petra.why.text import tree
    from petra.why.values import (
        DEPTH,
        Cause,
        CauseInput,
        CauseKind,
        HeldForce,
        LastCommand,
        PointState,
        Why,
    )

_HOME = {
    "DEPTH": "petra.why.values",
    "BlockEvidence": "petra.why.evidence",
    "Cause": "petra.why.values",
    "CauseInput": "petra.why.values",
    "CauseKind": "petra.why.values",
    "Change": "petra.why.evidence",
    "Evidence": "petra.why.evidence",
    "HeldForce": "petra.why.values",
    "LastCommand": "petra.why.values",
    "PointState": "petra.why.values",
    "SignalEvidence": "petra.why.evidence",
    "Why": "petra.why.values",
    "explain": "petra.why.reasoning",
    "tree": "petra.why.text",
}

__all__ = [
    "DEPTH",
    "BlockEvidence",
    "Cause",
    "CauseInput",
    "CauseKind",
    "Change",
    "Evidence",
    "HeldForce",
    "LastCommand",
    "PointState",
    "SignalEvidence",
    "Why",
    "explain",
    "tree",
]

__getattr__ = lazy(globals(), _HOME)


def __dir__() -> list[str]:
    return __all__
