"""Modbus for PETRA: the driver, a simulator, and `petra modbus`."""
