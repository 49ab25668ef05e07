"""What the abilities of agents return."""

from copilot.result import Item, Result


class AgentItem(Item):
    name: str
    model: str
    collections: tuple[str, ...]
    purpose: str
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


class AgentShown(Result):
    """`change` says what the call did: created, updated, or empty for a look."""

    name: str
    version: int
    model: str
    collections: tuple[str, ...]
    purpose: str
    tone: str
    instructions: str
    temperature: float | None
    changed_at: str
    change: str = ""
    note: str = ""

    @property
    def headline(self) -> str:
        reads = f"reads {', '.join(self.collections)}" if self.collections else "reads no collection yet"
        return f"{f'{self.change} agent' if self.change else 'Agent'} {self.name}, version {self.version}: on {self.model}, {reads}."

    @property
    def next_steps(self) -> tuple[str, ...]:
        if not self.collections:
            return (f"copilot agents update {self.name} --add-collection NAME",)
        return (f"ask {self.name} …",) if self.change else ()


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
    """`usd` and tokens are None where no language model was called or its price is unknown; `confidence` is 0..1."""

    agent: str
    deployment: str | None
    text: str
    refused: bool
    why: str
    confidence: float
    citations: tuple[CitationItem, ...]
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
        return f"Deleted {what}." if self.done else f"This deletes {what}."
