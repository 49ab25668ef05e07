"""Desired graph, providers, engine, simulated account, prices, bundle."""
