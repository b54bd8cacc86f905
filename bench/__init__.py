"""Benchmarks: our own work against a reference in the same run, since absolute times say little about a machine."""
