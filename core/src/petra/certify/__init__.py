"""Certifying a plugin: its offers, its blocks, and the metadata of its distribution."""

from petra.certify.audit import audit_plugin
from petra.certify.conformance import Finding, check_conformance

__all__ = ["Finding", "audit_plugin", "check_conformance"]
