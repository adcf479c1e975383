"""Certifying a plugin: its contract, its manners, and its distribution's word."""

from petra.certify.audit import audit
from petra.certify.conformance import Finding, conformance

__all__ = ["Finding", "audit", "conformance"]
