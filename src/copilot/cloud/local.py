"""The local deployment of an agent: the code and content of a deployed one in a process of its own on this machine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from copilot.cloud.bundle import HERE
from copilot.cloud.graph import Resource
from copilot.cloud.http import post
from copilot.cloud.prices import Estimate
from copilot.cloud.providers.machine import Process
from copilot.cloud.providers.provider import STACK
from copilot.cloud.serverless import Blueprint, described, object_id, object_keys
from copilot.cloud.target import Target
from copilot.errors import Unavailable
from copilot.outside.aws import Session

ANSWER_SECONDS = 300
"""This machine may be busy, and nothing stands between that gives up."""
IDLE_SECONDS = 1800
"""A process that nobody asks for so long ends; the next question starts it again."""


class Local(Target):
    """One process that listens on loopback, with a token."""

    service = ""

    @property
    def machine(self) -> str:
        return HERE

    def graph(self, blueprint: Blueprint) -> tuple[Resource, ...]:
        keys, folder = object_keys(blueprint.content), blueprint.prefix
        files = [
            Resource(object_id(key), "object", {"bucket": folder, "key": key, "sha256": key.rpartition("/")[2]}) for key in keys.values()
        ]
        process = {
            "name": folder,
            "content": keys,
            "agent": described(blueprint),
            "idle": IDLE_SECONDS,
            "running": True,
            "tags": {STACK: blueprint.stack},
        }
        return (*files, Resource("process", "process", process, tuple(file.id for file in files)))

    def estimate(self, blueprint: Blueprint, stored_bytes: int) -> Estimate:
        return Estimate((), 0.0, 0.0, (), "", "it runs on this machine, and nothing of it on AWS")

    @staticmethod
    def record(region: str, physical: Mapping[str, str]) -> dict[str, str]:
        port = (Path(physical["process"]) / "port").read_text(encoding="utf-8")
        return {"endpoint": f"http://127.0.0.1:{port}/ask", "process": physical["process"]}

    @staticmethod
    def ask(session: Session, body: Mapping[str, Any], question: str) -> tuple[int, dict[str, Any]]:
        """Put a question to the process; one that has ended, or ends just then, is started again."""
        try:
            return _ask(Path(body["process"]), question)
        except Unavailable:
            return _ask(Path(body["process"]), question)


def _ask(folder: Path, question: str) -> tuple[int, dict[str, Any]]:
    port, token = Process.awake(folder)
    return post(f"http://127.0.0.1:{port}/ask", {"question": question}, {"x-api-key": token}, directly=True, seconds=ANSWER_SECONDS)
