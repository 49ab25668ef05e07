"""Agents: build them on collections, share them, ask them, change and delete them."""

from copilot.intents.agents.asking import ask_agent
from copilot.intents.agents.building import create_agent, update_agent
from copilot.intents.agents.removal import delete_agent
from copilot.intents.agents.sharing import grant_access, revoke_access
from copilot.intents.agents.showing import list_agents, show_agent

__all__ = ["ask_agent", "create_agent", "delete_agent", "grant_access", "list_agents", "revoke_access", "show_agent", "update_agent"]
