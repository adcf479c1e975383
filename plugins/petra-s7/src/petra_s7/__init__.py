"""Siemens S7 for PETRA: the driver, a simulator, and `petra s7`."""
