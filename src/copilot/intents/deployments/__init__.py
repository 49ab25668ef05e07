"""Plan, deploy, watch and remove deployments."""

from copilot.intents.deployments.configuration import configure_deployment, estimate_cost, show_config
from copilot.intents.deployments.deploying import deploy_agent, plan_deployment
from copilot.intents.deployments.removal import destroy_deployment
from copilot.intents.deployments.showing import list_deployments, show_deployment

__all__ = [
    "configure_deployment",
    "deploy_agent",
    "destroy_deployment",
    "estimate_cost",
    "list_deployments",
    "plan_deployment",
    "show_config",
    "show_deployment",
]
