"""Benchmarks: make them, run them on agents, read the reports, compare, repeat, and put agents under load."""

from copilot.intents.benchmarks.definitions import create_benchmark, list_benchmarks
from copilot.intents.benchmarks.demand import load_test, schedule_benchmark
from copilot.intents.benchmarks.runs import compare_agents, run_benchmark, show_report

__all__ = [
    "compare_agents",
    "create_benchmark",
    "list_benchmarks",
    "load_test",
    "run_benchmark",
    "schedule_benchmark",
    "show_report",
]
