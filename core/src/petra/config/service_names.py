"""The names of the services of one document: each is unique."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from petra.config.nodes import Node
    from petra.config.problems import Problems
    from petra.services.settings import ServiceSettings


class ServiceNames:
    """Reports each service that has the name of another one. One without a name has that of its section."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._taken: set[str] = set()

    def check(self, section: str, items: Iterable[Node], services: Iterable[ServiceSettings]) -> None:
        """Report names of a section that are taken."""
        for item, service in zip(items, services, strict=True):
            name = service.name or section
            if name in self._taken:
                message = f"another service has the name {name!r}"
                self._problems.add(item, "bad-value", message, hint="give each a different `name`")
            self._taken.add(name)
