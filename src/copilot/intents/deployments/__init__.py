"""Plan, deploy, watch and remove deployments."""

from copilot.intents.deployments.configuration import configure_deployment, estimate_cost, show_config
from copilot.intents.deployments.deploying import deploy_agent, plan_deployment
from copilot.intents.deployments.drift import detect_drift
from copilot.intents.deployments.export import export_template
from copilot.intents.deployments.logs import show_logs
from copilot.intents.deployments.removal import destroy_deployment
from copilot.intents.deployments.rollback import rollback_deployment
from copilot.intents.deployments.showing import list_deployments, show_deployment

__all__ = [
    "configure_deployment",
    "deploy_agent",
    "destroy_deployment",
    "detect_drift",
    "estimate_cost",
    "export_template",
    "list_deployments",
    "plan_deployment",
    "rollback_deployment",
    "show_config",
    "show_deployment",
    "show_logs",
]
