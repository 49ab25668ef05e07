"""Thin faces on the same handlers: command line, chat, and how results look."""
