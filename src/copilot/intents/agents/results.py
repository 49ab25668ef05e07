"""What the abilities of agents return."""

from collections.abc import Mapping

from copilot.result import Item, Result


class AgentItem(Item):
    name: str
    model: str
    collections: tuple[str, ...]
    purpose: str
    role: str
    version: int
    changed_at: str


class Agents(Result):
    agents: tuple[AgentItem, ...]

    @property
    def headline(self) -> str:
        return f"{len(self.agents)} agent{'s' if len(self.agents) != 1 else ''}." if self.agents else "There is no agent yet."

    @property
    def next_steps(self) -> tuple[str, ...]:
        return () if self.agents else ("create an agent called helpdesk on the company collection",)


class VersionItem(Item):
    """What a version changed of the one called `since`."""

    version: int
    at: str
    changes: tuple[str, ...]
    since: int | None = None


class TurnItem(Item):
    at: str
    question: str
    answer: str
    cited: tuple[str, ...]
    id: str


class AgentShown(Result):
    """`change` says what the call did: created, updated, or empty for a look. `role` is what the user may do with it."""

    name: str
    version: int
    role: str
    model: str
    collections: tuple[str, ...]
    purpose: str
    tone: str
    instructions: str
    temperature: float | None
    topics: tuple[str, ...]
    avoid: tuple[str, ...]
    guardrails: tuple[str, ...]
    response_format: str
    most_words: int | None
    functions: tuple[str, ...]
    access: Mapping[str, str]
    feedback: Mapping[str, int]
    changed_at: str
    change: str = ""
    note: str = ""
    versions: tuple[VersionItem, ...] = ()
    conversation: tuple[TurnItem, ...] = ()

    @property
    def headline(self) -> str:
        reads = f"reads {', '.join(self.collections)}" if self.collections else "reads no collection yet"
        return f"{f'{self.change} agent' if self.change else 'Agent'} {self.name}, version {self.version}: on {self.model}, {reads}."

    @property
    def next_steps(self) -> tuple[str, ...]:
        if not self.collections:
            return (f"copilot agents update {self.name} --add-collection NAME",)
        return (f"ask {self.name} …",) if self.change else ()


class Draft(Result):
    """Instructions that wait for a yes."""

    name: str
    instructions: str

    @property
    def headline(self) -> str:
        return f"Drafted instructions for {self.name}:"


class Access(Result):
    """Who has which role on an agent now; `before` is what the user had."""

    agent: str
    user: str
    role: str | None
    before: str | None
    access: Mapping[str, str]

    @property
    def headline(self) -> str:
        if self.role is None:
            return f"{self.user} has no access to {self.agent} any more."
        return f"{self.user} is {self.role} of {self.agent} now{f', was {self.before}' if self.before else ''}."


class CitationItem(Item):
    """`start` and `end` are character offsets of the quote in the document's extracted text."""

    number: int
    document: str
    page: int | None
    row: int | None
    quote: str
    start: int
    end: int


class Answered(Result):
    """`nearest` are quotes beside a refusal, no answer but close to the question; `confidence` is 0..1.

    `reported` says what was kept out of the answer, `turn` is the id that feedback goes to. `usd` and tokens are None where no
    language model was called or its price is unknown.
    """

    agent: str
    deployment: str | None
    text: str
    refused: bool
    why: str
    confidence: float
    citations: tuple[CitationItem, ...]
    nearest: tuple[CitationItem, ...]
    reported: tuple[str, ...]
    turn: str
    milliseconds: float
    tokens_in: int | None
    tokens_out: int | None
    usd: float | None

    @property
    def headline(self) -> str:
        return self.text


class AgentDeleted(Result):
    name: str
    versions: int
    runs: int
    done: bool

    @property
    def headline(self) -> str:
        what = f"agent {self.name} with its {self.versions} version{'s' if self.versions != 1 else ''} and {self.runs} benchmark runs"
        return f"Deleted {what}, and all that was asked of it." if self.done else f"This deletes {what}, and all that was asked of it."


class ConversationDeleted(Result):
    agent: str
    turns: int
    done: bool

    @property
    def headline(self) -> str:
        what = f"the {self.turns} question{'s' if self.turns != 1 else ''} you asked {self.agent}, with the answers"
        return f"Deleted {what}." if self.done else f"This deletes {what}."
