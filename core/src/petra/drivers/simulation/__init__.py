"""Simulation: devices that are not there, bad lines, and values that move."""
