"""The serverless target: a function behind API Gateway."""

from collections.abc import Mapping
from typing import Any

from copilot.cloud.graph import Resource
from copilot.cloud.http import post
from copilot.cloud.prices import Estimate, estimate
from copilot.cloud.serverless import PATH, STAGE, Blueprint, graph
from copilot.cloud.target import Target
from copilot.outside.aws import Session

KEY_WAITS = (1, 4, 10)
"""Seconds between tries while a new API key is not known to API Gateway yet."""


class Serverless(Target):
    """A function that runs while it is asked."""

    service = "lambda"

    def graph(self, blueprint: Blueprint) -> tuple[Resource, ...]:
        return graph(blueprint)

    def estimate(self, blueprint: Blueprint, stored_bytes: int) -> Estimate:
        return estimate(blueprint.settings, stored_bytes, self.region)

    @staticmethod
    def record(region: str, physical: Mapping[str, str]) -> dict[str, str]:
        return {
            "endpoint": f"https://{physical['api']}.execute-api.{region}.amazonaws.com/{STAGE}/{PATH}",
            "api": physical["api"],
            "stage": STAGE,
            "api_key": physical["api_key"],
            "function": physical["function"],
        }

    @staticmethod
    def ask(session: Session, body: Mapping[str, Any], question: str) -> tuple[int, dict[str, Any]]:
        """Put a question to the endpoint, as any client would; the API key is fetched for the call and kept nowhere."""
        key = session.client("apigateway").get_api_key(apiKey=body["api_key"], includeValue=True)["value"]
        url, headers = f"{session.gateway(body['api'], body['stage'])}/{PATH}", {"x-api-key": key, **session.headers}
        return post(url, {"question": question}, headers, session.simulated, () if session.simulated else KEY_WAITS)
