"""What people say of agents' answers."""

from typing import Literal

from copilot.context import Context
from copilot.errors import NotFound
from copilot.intent import intent
from copilot.outside.access import reach
from copilot.result import Result

Rating = Literal["good", "bad"]


class Rated(Result):
    """`answer` is the id of the turn that was rated."""

    agent: str
    rating: Rating
    question: str
    answer: str
    comment: str

    @property
    def headline(self) -> str:
        return f"Noted: {self.agent}'s answer to '{self.question}' was {self.rating}."


@intent(
    "write",
    examples=(
        "thumbs down for helpdesk, it cited the wrong policy",
        "that answer from legal-bot was good",
        "rate guide's last reply as bad: no source given",
    ),
)
def record_feedback(ctx: Context, agent: str, rating: Rating, comment: str | None = None, answer: str | None = None) -> Rated:
    """Record a rating of an agent's answer.

    Args:
        agent: Agent.
        rating: Rating.
        comment: Why.
        answer: Id of the answer; the last one it gave you unless said.
    """
    from copilot.answering.talk import Talk
    from copilot.masking import mask

    reached = reach(ctx.store, agent).require("user", "rate it")
    turn = Talk(ctx.store, reached.store.owner, reached.thing.name).turn(answer)
    if turn is None:
        what = f"gave you no answer {answer}" if answer else "has not answered you yet"
        raise NotFound(f"{reached.name} {what}.", f"See: copilot agents show {reached.name} --conversation")
    body = {
        "agent_owner": reached.store.owner,
        "agent": reached.thing.name,
        "agent_version": turn.agent_version,
        "rating": rating,
        "comment": mask(comment or ""),
    }
    ctx.store.put("feedback", turn.id, body, ctx.operation)
    return Rated(agent=reached.name, rating=rating, question=turn.question, answer=turn.id, comment=comment or "")
