"""What gradprobe costs, measured: `python -m benchmarks.overhead`."""
