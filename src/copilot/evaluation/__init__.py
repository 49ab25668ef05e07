"""Benchmarks: cases, scorers, statistics, report."""
