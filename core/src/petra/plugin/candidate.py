"""A plugin on its way into the catalog."""

from __future__ import annotations

from attrs import field, frozen


@frozen
class Source:
    """Where a plugin comes from: a distribution with its version and summary, or the path of a file."""

    distribution: str = ""
    version: str = ""
    summary: str = ""

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".strip()


@frozen
class Candidate:
    """A plugin that was imported and has not been examined: its module, or an object like one."""

    name: str
    module: object = field(repr=False)
    source: Source = Source()
