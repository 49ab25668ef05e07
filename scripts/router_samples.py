"""Training samples for the router: the written utterances with other names in them, in a workspace drawn for each."""

import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from copilot.intent import Ability
from copilot.routing.corpus import Labelled, Span
from copilot.routing.kinds import is_new_name, kinds_of
from copilot.routing.route import KINDS, Situation

TOPICS = [
    "claims",
    "motor",
    "ward",
    "nurse",
    "podcast",
    "newsroom",
    "case-law",
    "paralegal",
    "legal",
    "hr",
    "payroll",
    "benefits",
    "onboarding",
    "leave",
    "travel",
    "expense",
    "invoice",
    "vendor",
    "procurement",
    "contract",
    "lease",
    "tenant",
    "mortgage",
    "loan",
    "credit",
    "fraud",
    "kyc",
    "treasury",
    "tax",
    "audit",
    "pricing",
    "catalog",
    "order",
    "returns",
    "shipping",
    "freight",
    "cargo",
    "customs",
    "warehouse",
    "inventory",
    "fleet",
    "route",
    "depot",
    "grid",
    "meter",
    "outage",
    "solar",
    "turbine",
    "pump",
    "torque",
    "service",
    "warranty",
    "parts",
    "recall",
    "safety",
    "incident",
    "permit",
    "zoning",
    "library",
    "archive",
    "museum",
    "course",
    "campus",
    "grant",
    "research",
    "trial",
    "dosage",
    "pharma",
    "lab",
    "clinical",
    "patient",
    "radiology",
    "dental",
    "vet",
    "farm",
    "crop",
    "harvest",
    "soil",
    "recipe",
    "menu",
    "kitchen",
    "booking",
    "hotel",
    "guest",
    "flight",
    "airport",
    "crew",
    "rail",
    "transit",
    "parking",
    "gym",
    "sports",
    "ticket",
    "event",
    "museum",
    "donor",
    "charity",
    "parish",
    "council",
    "police",
    "fire",
    "defence",
    "export",
    "compliance",
    "privacy",
    "gdpr",
    "iso",
    "soc2",
    "security",
    "vuln",
    "it",
    "network",
    "wifi",
    "devops",
    "sre",
    "release",
    "sprint",
    "jira",
    "wiki",
    "docs",
    "faq",
    "policy",
    "handbook",
    "manual",
    "sales",
    "lead",
    "crm",
    "deal",
    "marketing",
    "brand",
    "social",
    "press",
    "game",
    "quest",
    "bank",
    "pension",
    "insurance",
    "actuary",
    "steel",
    "mine",
    "chem",
    "paint",
    "paper",
    "glass",
    "textile",
]
ENDINGS = {
    "agents": [
        "bot",
        "helper",
        "agent",
        "desk",
        "assistant",
        "buddy",
        "guide",
        "clerk",
        "advisor",
        "expert",
        "pal",
        "line",
        "mate",
        "scout",
        "bot-v2",
        "copilot",
        "genie",
        "oracle",
    ],
    "collections": [
        "docs",
        "manuals",
        "files",
        "policies",
        "2023",
        "2024",
        "2025",
        "archive",
        "notes",
        "data",
        "kb",
        "reports",
        "handbook",
        "faq",
        "guides",
        "records",
        "library",
        "base",
    ],
    "benchmarks": [
        "qa",
        "eval",
        "test",
        "suite",
        "golden",
        "check",
        "regression",
        "basics",
        "edge",
        "smoke",
        "qa-v2",
        "exam",
        "bench",
        "set",
    ],
    "deployments": ["prod", "staging", "dev", "stack", "live", "endpoint", "eu", "us", "bot", "api"],
    "models": ["tuned", "ft", "small", "large", "local", "fast", "v1", "v2", "mini", "8b"],
}
PEOPLE = [
    "Ada",
    "Nova",
    "Iris",
    "Max",
    "Otto",
    "Leo",
    "Mira",
    "Juno",
    "Atlas",
    "Echo",
    "Hermes",
    "Athena",
    "Sage",
    "Rosie",
    "Felix",
    "Clara",
    "Ziggy",
    "Pixel",
    "Bolt",
    "Orion",
    "Luna",
    "Milo",
    "Nia",
    "Theo",
]
MODELS = [
    "haiku",
    "sonnet",
    "opus",
    "gpt-4o",
    "gpt-4o-mini",
    "gpt4",
    "claude-3-haiku",
    "claude-sonnet",
    "llama3.1",
    "llama-local",
    "llama3",
    "mistral-small",
    "mixtral",
    "gemini-flash",
    "gemini-pro",
    "nova-lite",
    "nova-micro",
    "titan-express",
    "command-r",
    "deepseek-r1",
    "qwen2.5",
    "phi3",
    "gemma2",
    "o3-mini",
    "gpt-4.1",
    "mistral-large",
    "jamba",
    "granite",
    "grok-2",
]


def name_pools(corpus: Sequence[Labelled], abilities: Mapping[str, Ability]) -> dict[str, list[str]]:
    """Collect, by kind, the names written in the corpus."""
    pools: dict[str, set[str]] = defaultdict(set)
    for line in corpus:
        for span in line.spans:
            argument = abilities[line.intent].argument(span.arg)
            for kind in kinds_of(abilities[line.intent], argument)[:1] if argument else ():
                if not re.search(r"[/.]", str(span.value)) or kind == "models":
                    pools[kind].add(str(span.value))
    return {kind: sorted(names) for kind, names in pools.items()}


class Sampler:
    """Draws variants of labelled utterances; the same seed draws the same ones."""

    def __init__(self, abilities: Mapping[str, Ability], pools: Mapping[str, Sequence[str]], seed: int) -> None:
        self.abilities = abilities
        self.pools = pools
        self.random = random.Random(seed)

    def variant(self, line: Labelled, keep_names: bool = False) -> tuple[Labelled, Situation]:
        """Return the utterance with names swapped (unless kept), and a workspace to say it in."""
        names: dict[str, list[str]] = {kind: [] for kind in KINDS}
        swapped: dict[str, tuple[str, str]] = {}
        spans: list[Span] = []
        text, at, args = "", 0, dict(line.args)
        for span in sorted(line.spans, key=lambda s: s.start):
            said, value = self._swap(line, span, swapped, keep_names)
            text += line.text[at : span.start]
            spans.append(replace(span, start=len(text), end=len(text) + len(said), value=value))
            text, at = text + said, span.end
            self._place(line.intent, span.arg, value, names)
        text += line.text[at:]
        for span in spans:
            if isinstance(args.get(span.arg), list):
                args[span.arg] = [s.value for s in spans if s.arg == span.arg]
            elif span.arg in args:
                args[span.arg] = span.value
        for kind in KINDS:
            names[kind] += [n for n in (self.name(kind) for _ in range(self.random.choice((0, 1, 1, 2, 3)))) if n not in names[kind]]
            self.random.shuffle(names[kind])
        return Labelled(text, line.intent, args, tuple(spans), line.where), Situation(names)

    def name(self, kind: str) -> str:
        """Draw a name for a thing of a kind."""
        draw = self.random.random()
        if draw < 0.35 and self.pools.get(kind):
            return self.random.choice(self.pools[kind])
        if kind == "models":
            return self.random.choice(MODELS) if draw < 0.8 else f"{self.random.choice(TOPICS)}-{self.random.choice(ENDINGS['models'])}"
        if kind in ("agents", "deployments") and draw < 0.5:
            return self._styled(self.random.choice(PEOPLE))
        first = self.random.choice(TOPICS)
        if draw > 0.85:
            return self._styled(first)
        return self._styled(f"{first}-{self.random.choice(ENDINGS[kind])}")

    def _styled(self, name: str) -> str:
        style = self.random.random()
        if style < 0.65:
            return name.lower()
        if style < 0.8:
            return name.lower().replace("-", "_")
        if style < 0.92:
            return name.replace("-", " ").title()
        return name.title().replace("-", "")

    def _swap(self, line: Labelled, span: Span, swapped: dict[str, tuple[str, str]], keep: bool) -> tuple[str, str]:
        ability = self.abilities[line.intent]
        argument = ability.argument(span.arg)
        said = line.text[span.start : span.end]
        kinds = kinds_of(ability, argument) if argument else ()
        new = argument is not None and is_new_name(ability, argument)
        if keep or not (kinds or new) or re.search(r"[/\\]|\.\w{2,5}$", said) or self.random.random() < 0.3:
            return said, span.value
        if said not in swapped:
            kind = kinds[0] if kinds else ability.group if ability.group in KINDS else "models"
            name = self.name(kind)
            swapped[said] = (self._typed(name, exact=new), name)
        said, value = swapped[said]
        return said, said if new else value

    def _typed(self, name: str, exact: bool) -> str:
        """Write a name as a hurried person does."""
        draw = self.random.random()
        if exact or draw < 0.6:
            return name
        if draw < 0.8:
            return name.lower()
        if draw < 0.9:
            return re.sub(r"[-_]", " ", name)
        if draw < 0.95 and len(name) > 6:
            place = self.random.randrange(2, len(name) - 2)
            return name[:place] + name[place + 1 :]
        return name.upper() if len(name) < 5 else name.title()

    def _place(self, intent: str, arg: str, value: object, names: dict[str, list[str]]) -> None:
        """Let the thing exist, mostly; what is deployed is mostly an agent too."""
        argument = self.abilities[intent].argument(arg)
        kinds = kinds_of(self.abilities[intent], argument) if argument else ()
        if not kinds or self.random.random() < 0.07 or re.search(r"[/\\]", str(value)):
            return
        kind = self.random.choice(kinds) if len(kinds) > 2 else kinds[0]
        homes = {kind}
        if kind == "deployments":
            homes = self.random.choice(({"deployments"}, {"deployments", "agents"}, {"deployments", "agents"}, {"agents"}))
        elif kind == "agents" and self.random.random() < 0.4:
            homes = {"agents", "deployments"}
        for home in homes:
            names[home].append(str(value))
