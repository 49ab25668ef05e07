"""Find, register, check and compare language models."""

from copilot.intents.models.browse import compare_models, search_catalog
from copilot.intents.models.workspace import check_model, list_models, register_model, remove_model, use_model

__all__ = ["check_model", "compare_models", "list_models", "register_model", "remove_model", "search_catalog", "use_model"]
