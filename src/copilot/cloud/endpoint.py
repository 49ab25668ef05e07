"""Ask a deployed agent, wherever it runs."""

from pathlib import Path
from typing import Any

from copilot.cloud.account import connect, reachable
from copilot.cloud.targets import target_of
from copilot.errors import BadArguments, Refused, Unavailable
from copilot.outside.aws import BotoCoreError, ClientError
from copilot.outside.store import Store


def invoke(store: Store, home: Path, live: bool, deployment: str, question: str) -> dict[str, Any]:
    """Put a question to a deployment and return the answer, in the form of `Answer.as_json()`.

    Args:
        home: The workspace's folder.
        live: Whether this command may reach real AWS.
        deployment: Its exact name.

    Raises:
        NotFound: there is no such deployment.
        Refused: it is on real AWS and the command is not live, or the other way round.
        Unavailable: the endpoint does not answer.
    """
    thing = store.get("deployment", deployment)
    body = thing.body
    if not reachable(body["simulated"], body["region"], live):
        where, flag = ("simulated", "without --live") if body["simulated"] else ("on real AWS", "with --live")
        raise Refused(f"{thing.name} is {where}.", f"Ask it {flag}.")
    look = f"See: copilot deployments show {thing.name} --check"
    with connect(home, body["region"], live) as session:
        try:
            status, said = target_of(body).ask(session, body, question)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(f"{thing.name} cannot be reached: {error}", look) from error
    if status == 200:
        return dict(said["answer"])
    if status == 400:
        raise BadArguments(f"{thing.name} does not accept the question: {said.get('error', said)}", "Ask it in other words.")
    raise Unavailable(f"{thing.name} answered {status}: {said.get('message', said)}", look)
