"""What every service of every kind is configured with."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import and_, matches_re, max_len

from petra.settings import about


@frozen(kw_only=True)
class ServiceSettings:
    """What a service has besides its own settings. The model of a kind inherits from this one."""

    name: str = field(
        default="",
        # a folder and a logger are named by it
        validator=and_(matches_re(r"([A-Za-z0-9][A-Za-z0-9_-]*)?"), max_len(64)),
        metadata=about("Unique name; that of the section if not given"),
    )
    enabled: bool = field(default=True, metadata=about("Whether it runs"))
    process: bool | None = field(
        default=None,
        metadata=about(
            "true: in a process of its own; false: in the engine's; if not given, as its kind runs usually"
        ),
    )
