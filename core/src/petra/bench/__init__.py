"""The benchmarks behind `petra bench`: the scan, the bus, the scheduler and memory, on any machine."""
