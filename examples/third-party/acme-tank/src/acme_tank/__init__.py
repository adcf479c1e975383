"""Acme's tank gauges in PETRA."""
