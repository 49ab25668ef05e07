"""Agreeing, declining, asking for help."""

from copilot.context import Context
from copilot.errors import NotFound, OutOfScope, Refused
from copilot.intent import intent
from copilot.result import Item, Result


class Said(Result):
    text: str

    @property
    def headline(self) -> str:
        return self.text


class Topic(Item):
    command: str
    what: str
    say: str


class Helped(Result):
    about: str
    topics: tuple[Topic, ...]

    @property
    def headline(self) -> str:
        return self.about


@intent("read", examples=("yes", "looks good", "go ahead"))
def confirm(ctx: Context) -> Said:
    """Agree to what was just proposed."""
    raise Refused("Nothing is waiting for a yes.", "Say what you want to do, for example: deploy helpdesk")


@intent("read", examples=("no", "never mind", "cancel that"))
def cancel(ctx: Context) -> Said:
    """Decline what was just proposed, or stop."""
    return Said(text="All right, nothing was done.")


@intent("read", examples=("what can you do?", "how do I add a model?", "help me with deployments"))
def help(ctx: Context, topic: str | None = None) -> Helped:
    """Explain what the copilot can do, or how one thing works.

    Args:
        topic: A group, an ability or words about it.
    """
    from copilot.intents import GROUPS, REGISTRY

    if not topic:
        topics = tuple(
            Topic(command=f"copilot {group}", what=what, say=REGISTRY.group(group)[0].examples[0])
            for group, what in GROUPS.items()
            if group != "conversation"
        )
        return Helped(about="Type what you want in your own words. This is what I can do:", topics=topics)
    words = {w.strip("?.,!").removesuffix("s") for w in topic.lower().replace("_", " ").split() if len(w) > 2}
    scored = [(len(words & set(_words(i.name, i.group, i.summary))), i) for i in REGISTRY.values()]
    best = max(score for score, _ in scored)
    if not best:
        raise NotFound(f"I know nothing about '{topic}'.", "See everything: copilot reference")
    found = tuple(
        Topic(command=" ".join(("copilot", *i.command, *(f"<{a}>" for a in i.required))), what=i.summary, say=i.examples[0])
        for score, i in scored
        if score == best
    )
    return Helped(about=f"About '{topic}':", topics=found[:8])


@intent("read", examples=("what's the weather in Paris?", "write me a poem", "delete every S3 bucket in my account"))
def out_of_scope(ctx: Context, reason: str | None = None) -> Said:
    """Decline what no ability covers.

    Args:
        reason: Why it is not covered.
    """
    raise OutOfScope(reason or "I can't do that: none of my abilities covers it.", "See what I can do: help")


def _words(*texts: str) -> list[str]:
    return [w.strip(".,:;()").removesuffix("s") for text in texts for w in text.lower().replace("_", " ").split()]
