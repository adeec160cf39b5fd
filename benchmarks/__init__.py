"""Measurements: what `make bench` prints and benchmarks/README.md keeps."""
