"""See what was done, undo it, and find out why something failed."""

from copilot.intents.operations.failures import explain_failure
from copilot.intents.operations.history import show_history, undo

__all__ = ["explain_failure", "show_history", "undo"]
