"""What the abilities on models return."""

from copilot.result import Item, Result


class Model(Item):
    """A model. Prices are USD per million tokens and context is in tokens; None where it is not known."""

    id: str
    context: int | None
    input_price: float | None
    output_price: float | None


class Offered(Model):
    """A model of the catalogue."""

    capabilities: tuple[str, ...]


class Found(Result):
    """Models of the catalogue, cheapest first. `matches` counts them all; `unpriced` those left out because no price is known."""

    models: tuple[Offered, ...]
    matches: int
    unpriced: int

    @property
    def headline(self) -> str:
        left_out = f" {self.unpriced} more have no known price." if self.unpriced else ""
        if not self.matches:
            return f"No model of the catalogue fits.{left_out}"
        cut = f"; these are the {len(self.models)} cheapest" if len(self.models) < self.matches else ""
        return f"{self.matches} {'model fits' if self.matches == 1 else 'models fit'}{cut}.{left_out}"

    @property
    def next_steps(self) -> tuple[str, ...]:
        return (f"register {self.models[0].id}",) if self.models else ()


class Score(Item):
    """What an agent on a model reached in one of our own benchmarks: `score` is 0..1, `cases` is how many were asked."""

    benchmark: str
    agent: str
    score: float
    cases: int


class Asked(Item):
    """How a person called a model."""

    asked: str


class Compared(Offered, Asked):
    """A model beside others."""

    scores: tuple[Score, ...]


class Comparison(Result):
    models: tuple[Compared, ...]

    @property
    def headline(self) -> str:
        prices = {model.asked: model.input_price for model in self.models if model.input_price is not None}
        contexts = {model.asked: model.context for model in self.models if model.context}
        said = ["No price is known"]
        if prices:
            cheapest = min(prices, key=lambda name: prices[name])
            said = [f"{cheapest} costs least, ${prices[cheapest]:g} per million input tokens"]
        if len(set(contexts.values())) > 1:
            longest = max(contexts, key=lambda name: contexts[name])
            said.append(f"{longest} has the longest context, {contexts[longest]:,} tokens")
        return f"{'; '.join(said)}."


class Named(Item):
    """How a workspace calls a model."""

    name: str


class Own(Model, Named):
    """A model of this workspace."""

    default: bool
    api_base: str | None
    temperature: float | None


class Listed(Result):
    models: tuple[Own, ...]

    @property
    def headline(self) -> str:
        default = next(model.name for model in self.models if model.default)
        return f"{len(self.models)} {'model' if len(self.models) == 1 else 'models'}; '{default}' is the default."


class Registered(Offered, Named, Result):
    """`credentials` is what must be in the environment before it answers; `similar` are known ids when this one is not."""

    api_base: str | None
    temperature: float | None
    credentials: str
    similar: tuple[str, ...]

    @property
    def headline(self) -> str:
        where = f" at {self.api_base}" if self.api_base else ""
        unknown = f" The catalogue does not know it; it knows {', '.join(self.similar)}." if self.similar else ""
        needs = f" To answer it needs {self.credentials} in the environment." if self.credentials else ""
        return f"Registered {self.id}{where} as '{self.name}'.{unknown}{needs}"

    @property
    def next_steps(self) -> tuple[str, ...]:
        return (f"check {self.name}", f"use {self.name} as the default model")


class Checked(Result):
    """`usd` is what the call cost, None when the price is not known."""

    name: str
    id: str
    said: str
    milliseconds: float
    usd: float | None

    @property
    def headline(self) -> str:
        return f"'{self.name}' ({self.id}) answers, in {self.milliseconds:.0f} ms."


class Used(Result):
    name: str
    before: str

    @property
    def headline(self) -> str:
        return f"'{self.name}' is now the default model; before it was '{self.before}'."


class Removed(Result):
    name: str
    default: str

    @property
    def headline(self) -> str:
        return f"Removed the model '{self.name}'; '{self.default}' is the default."
