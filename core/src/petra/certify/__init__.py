"""Certifying a plugin: its offers, its blocks, and the metadata of its distribution."""

from petra.certify.audit import audit
from petra.certify.conformance import Finding, conformance

__all__ = ["Finding", "audit", "conformance"]
