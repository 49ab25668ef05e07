"""Measure what reflection does to the language-model router, on recorded answers, and the recall of its shortlist.

    python scripts/measure_llm_router.py                              # the recordings in benchmarks/routing
    python scripts/measure_llm_router.py recordings.jsonl
    python scripts/measure_llm_router.py --shortlist cases.jsonl      # labelled cases: is the right ability among the twelve?
    python scripts/measure_llm_router.py --record MODEL --shortlist cases.jsonl > recordings.jsonl

A recording is a case (utterance, context, history, and the right `intent` and `args`) with the model's answers in `first`, `repair`
and `reflection`: {"call": NAME, "args": {…}} or {"say": TEXT}. The recordings that come with the project were written by hand, one
for each way in which models go wrong: they show what each setting does with such answers, not how often models give them.
`--record` asks a real model (its key comes from the environment, and it costs money) and writes what it answers.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from copilot.intent import Ability
from copilot.outside.chat import Call, Chat, Message, Parsed, Reply, ScriptedChat
from copilot.routing.consent import RISKY
from copilot.routing.llm import LanguageModelRouter, Reflection, shortlist
from copilot.routing.offline import OfflineRouter, catalogue
from copilot.routing.route import Route, Situation

RECORDINGS = Path(__file__).resolve().parents[1] / "benchmarks" / "routing" / "recordings.jsonl"
STEPS = ("first", "repair", "reflection")
COLUMNS = ("right", "asked", "wrong", "wrong and risky", "calls")


@dataclass
class Recorder:
    """A model whose answers are kept.

    Args:
        chat: The model.
    """

    chat: Chat
    heard: dict[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> str:
        return self.chat.model

    @property
    def functions(self) -> bool | None:
        return self.chat.functions

    def complete(self, messages: Sequence[Message], tools: Any = None, tool_choice: str | None = None, on_text: Any = None) -> Reply:
        reply = self.chat.complete(messages, tools, tool_choice, on_text)
        said = {"call": reply.calls[0].name, "args": reply.calls[0].args} if reply.calls else {"say": reply.text}
        self.heard["reflection" if "first" in self.heard else "first"] = said
        return reply

    def parse(self, messages: Sequence[Message], shape: type[Parsed], functions: bool = True) -> tuple[Parsed, Reply]:
        parsed, reply = self.chat.parse(messages, shape, functions)
        self.heard["repair"] = {"say": parsed.model_dump_json(exclude_none=True)}
        return parsed, reply


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def reply(said: Mapping[str, Any]) -> Reply:
    """Read a recorded answer."""
    if "call" in said:
        return Reply("", (Call(said["call"], said.get("args", {})),), 1, 1)
    return Reply(said["say"] if "say" in said else json.dumps(said), (), 1, 1)


def outcome(case: Mapping[str, Any], route: Route, abilities: Mapping[str, Ability]) -> Iterator[str]:
    """Name what became of a case; asking for what was not said is right."""
    right = route.intent == case["intent"] and plain(route.args) == plain(case["args"])
    wanted = [name for name in abilities[case["intent"]].required if name not in case["args"]]
    if right and (route.decision != "ask" or route.ask in wanted):
        yield "right"
    elif route.decision == "ask":
        yield "asked"
    else:
        yield "wrong"
        if abilities[route.intent].effect in RISKY:
            yield "wrong and risky"


def plain(args: Mapping[str, Any]) -> dict[str, str]:
    """Return arguments fit to be compared: 32 and 32.0 are the same, and case does not matter."""
    return {name: f"{value:g}" if isinstance(value, int | float) else str(value).lower() for name, value in args.items()}


def measure(path: Path, offline: OfflineRouter, abilities: Mapping[str, Ability]) -> None:
    cases = read(path)
    print(f"{len(cases)} recordings\n{'reflection':12}" + "".join(f"{column:>17}" for column in COLUMNS))
    for reflection in get_args(Reflection):
        counts: Counter[str] = Counter()
        missed = []
        for case in cases:
            chat = ScriptedChat([reply(case[step]) for step in STEPS if step in case and (step != "reflection" or reflection != "never")])
            route = LanguageModelRouter(chat, offline, reflection).route(case["utterance"], Situation.from_case(case), abilities)
            became = list(outcome(case, route, abilities))
            counts.update([*became, *["calls"] * len(route.spent)])
            missed += [f"    {case['utterance']!r}: {route.decision} {route.intent} {route.args}"] if became != ["right"] else []
        print(f"{reflection:12}" + "".join(f"{counts[column]:>17}" for column in COLUMNS))
        print("\n".join(missed))


def recall(path: Path, offline: OfflineRouter, abilities: Mapping[str, Ability]) -> None:
    cases = read(path)
    missed = [c for c in cases if c["intent"] not in shortlist(offline, c["utterance"], Situation.from_case(c), abilities)]
    print(f"shortlist: {1 - len(missed) / len(cases):.4f} of {len(cases)} cases have the right ability among those offered")
    for case in missed:
        print(f"    {case['intent']}: {case['utterance']}")


def record(model: str, path: Path, offline: OfflineRouter, abilities: Mapping[str, Ability]) -> None:
    for case in read(path):
        recorder = Recorder(Chat(model, temperature=0.0))
        LanguageModelRouter(recorder, offline).route(case["utterance"], Situation.from_case(case), abilities)
        print(json.dumps({**case, **recorder.heard}, ensure_ascii=False), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path, nargs="?", default=RECORDINGS)
    parser.add_argument("--shortlist", type=Path, metavar="CASES")
    parser.add_argument("--record", metavar="MODEL")
    given = parser.parse_args()
    offline, abilities = OfflineRouter.load(), catalogue()
    if given.record:
        record(given.record, given.shortlist, offline, abilities)
    elif given.shortlist:
        recall(given.shortlist, offline, abilities)
    else:
        measure(given.recordings, offline, abilities)


if __name__ == "__main__":
    main()
