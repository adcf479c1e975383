"""The block SDK: declare ports, parameters and state; write one `step`."""

from petra.blocks.block import Block, BlockSpec, Condition
from petra.blocks.known import Qualities, decided
from petra.blocks.member import Member
from petra.blocks.ports import In, Out, Param, QualityOf, State

__all__ = [
    "Block",
    "BlockSpec",
    "Condition",
    "In",
    "Member",
    "Out",
    "Param",
    "Qualities",
    "QualityOf",
    "State",
    "decided",
]
