"""Signals of a PETRA plant in CSV files."""
