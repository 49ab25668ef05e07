"""Sentences whose form says what a word in them is, however new the word: "into manuals", "ask helpdesk …", "to qa"."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from copilot.routing.mentions import FAMILIES, GPUS, PROVIDERS, Mention
from copilot.routing.quotes import QUOTED
from copilot.routing.tagger import Marked

OPEN, CLOSE = "[\"'“‘`]?", "[\"'”’`]?"
WORD = rf"{OPEN}(?P<{{0}}>\w[\w-]*){CLOSE}"
CLAUSE_END = r"(?=[\s.!?]*$|\s*[,;]|\s+(?:and|but|for|in|on|that|which|using|with|without|while|please|now|called|named|running)\b)"
POLITE = r"(?:(?:please|pls|can|could|would|will|you|now|then|ok|okay|hey|hi|so|and|just|kindly|i want to|i'd like to|let me)\b[\s,]*)*"
ASK = re.compile(rf"\s*{POLITE}ask\s+(?:the\s+)?(?:(?:agent|bot)\s+)?", re.IGNORECASE)
ASK_IT = re.compile(rf"(\s*{POLITE}ask\s+)(?:it|him|her|(?:that|this|the same)(?:\s+(?:one|agent|bot))?)\b(?=\s*[,:]?\s*\w)", re.IGNORECASE)
READ_IN = re.compile(rf"\s*{POLITE}(?:ingest|index|load|read)\s+(?:everything\s+(?:in|from|under)\s+)?", re.IGNORECASE)
INTO = re.compile(
    rf"(?:\s+(?:in|(?:in)?to|as)\s+(?:(?:the|a|my|our)\s+)?(?:new\s+)?(?:collection\s+)?{OPEN}[\w-]+{CLOSE}"
    r"(?:\s+(?:collection|knowledge base))?)?(?:\W+please)?\W*$",
    re.IGNORECASE,
)
ASKED = re.compile(rf"{CLOSE}(?:\s+(?:agent|bot)\b)?[\s,:;–—-]*(?:about\s+)?", re.IGNORECASE)
# What follows the agent's name without being a question: starting to talk, pointing back, two agents, a deployment's endpoint.
NO_QUESTION = re.compile(
    r"(?:(?:(?:a|another|some|my|one|a few|something|anything|again|too|also|instead|as well|the|same|that|this|it|thing|please|now|for me"
    r"|questions?)\b\s*)*[.!?]*$|(?:and|or|vs)\s+(?P<agents>)|(?:on|at|via)\s+(?:the\s+)?(?P<deployments>))",
    re.IGNORECASE,
)
COLLECTION = re.compile(
    r"\b(?:in|into|to)\s+(?:(?:the|a|an|my|our)\s+)?(?:new\s+)?(?:(?:collection|knowledge base|dataset|kb)\s+)?(?:(?:called|named)\s+)?"
    r"(?!(?:it|this|that|there|here|one|new|called|named|collection|memory|the|a|an|my|our)\b)"
    + WORD.format("word")
    + r"(?:\s+(?:collection|knowledge base|dataset|kb))?(?=[\s.!]*$|,?\s+(?:and|but|with|without|while|please|now|thanks)\b)"
    r"|\bas\s+(?!(?:it|is|well|usual|before|always|text|pdf|new|needed|planned)\b)" + WORD.format("closing") + r"[\s.!]*$",
    re.IGNORECASE,
)
ENVIRONMENT = re.compile(
    r"\b(?:to|in|into|on|for|onto)\s+(?:(?:the|our|my|a)\s+)?(?:"
    + OPEN
    + r"(?P<word>qa|test(?:ing)?|uat|(?:pre|non)-?prod(?:uction)?|sandbox|demo|int|integration|canary|acceptance|preview|beta|alpha|perf|"
    r"performance|training|lab|blue|green|dr|edge|nightly)" + CLOSE + r"(?:\s+(?:env(?:ironment)?|stage|account))?"
    r"(?=[\s.!?]*$|\s*[,;:]|\s+(?:and|but|with|without|please|now|first|again|today|change|cost|create|look)\b)"
    r"|(?!(?:the|our|my|a|new|same|other|right|aws|cloud|dev|development|stage|staging|prod|production|live)\b)"
    + WORD.format("named")
    + r"\s+env(?:ironment)?\b)",
    re.IGNORECASE,
)
NO_COLLECTION = frozenset(
    """
    a an it its this that them me top behalf time demand default both aws amazon azure gcp lambda ec2
    serverless sagemaker
    """.split()  # noqa: SIM905
) | frozenset(f"{PROVIDERS}|{FAMILIES}".split("|"))
ONE = rf"{OPEN}\w[\w-]*{CLOSE}"
SEVERAL = rf"(?P<list>{ONE}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*)(?:the\s+)?{ONE})*)"
COLLECTIONS = re.compile(
    rf"\b(?:(?:on|using|over)\s+(?:(?:the|my|our)\s+)?(?:collections?\s+)?{SEVERAL}(?:\s+(?:collections?|data|docs|documents))?{CLAUSE_END}"
    rf"|with\s+(?:(?:the|my|our)\s+)?(?:collections?\s+{SEVERAL.replace('list', 'after')}|"
    rf"{SEVERAL.replace('list', 'before')}\s+collections?){CLAUSE_END})",
    re.IGNORECASE,
)
LISTED = re.compile(r"(?!(?:and|the)\b)(?<![\w-])\w[\w-]*", re.IGNORECASE)
COUNT = r"(?P<word>\d{1,4}|one|two|three|four|five|six|seven|eight|nine|ten|twelve|sixteen|twenty)"
VCPUS = re.compile(rf"(?<![\w.,]){COUNT}\s*(?:virtual\s+)?(?:v?cpus?|v?cores?)\b", re.IGNORECASE)
NEVER = r"\b(?:never|not|nor|n't|don't|no)\b(?:\W+\w+){0,3}?\W+"
FEWEST = re.compile(rf"{NEVER}(?:below|under|(?:less|fewer)\s+than)\s+{COUNT}\b", re.IGNORECASE)
MOST = re.compile(rf"{NEVER}(?:above|over|beyond|past|(?:more|greater)\s+than)\s+{COUNT}\b", re.IGNORECASE)
VRAM = r"(?:vram|(?:gpu|video|graphics)\s+(?:memory|ram))\b"
GPU_COUNT = re.compile(
    rf"(?<![\d.])(?P<word>\d{{1,3}}|one|two|three|four|six|eight|sixteen)\s*(?:x\s*)?"
    rf"(?=(?:nvidia\s+)?(?:(?:{GPUS})s?|gpus?|graphics cards?)\b)",
    re.IGNORECASE,
)
GPU_MEMORY = re.compile(
    rf"(?P<before>\b\d[\d.,]*\s*(?:g|gb|gib|gigs?|gigabytes?)?)\s+(?:of\s+)?{VRAM}"
    rf"|\b{VRAM}\s+(?:of\s+|at least\s+|>=?\s*)*(?P<after>\d[\d.,]*\s*(?:gb|gib|gigs?)?)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Framed:
    """Words that a sentence's form gives to an argument: the whole of the form, and where in it those words stand."""

    arg: str
    start: int
    end: int
    places: tuple[tuple[int, int], ...]


Spans = tuple[int, int, tuple[tuple[int, int], ...]]
Finder = Callable[[str, Sequence[Mention]], Iterator[Spans]]


def _plain(pattern: re.Pattern[str]) -> Finder:
    def find(text: str, mentions: Sequence[Mention]) -> Iterator[Spans]:
        for match in pattern.finditer(text):
            yield match.start(), match.end(), (match.span(match.lastgroup or 0),)

    return find


def _question(text: str, mentions: Sequence[Mention]) -> Iterator[Spans]:
    """Find what stands behind "ask" and the name of an agent: the rest, as it is."""
    opening = ASK.match(text)
    agent = opening and next((m for m in mentions if "agents" in m.of and 0 <= m.start - opening.end() <= 1), None)
    if not agent:
        return
    joint = ASKED.match(text, agent.end)
    start, end = joint.end() if joint else agent.end, len(text.rstrip())
    other = NO_QUESTION.match(text, start)
    if start == end or (other and (other.lastgroup is None or any(m.start == other.end() and other.lastgroup in m.of for m in mentions))):
        return
    quoted = QUOTED.fullmatch(text, start, end)
    yield agent.end, len(text), ((quoted.start() + 1, quoted.end() - 1) if quoted else (start, end),)


def _collections(text: str, mentions: Sequence[Mention]) -> Iterator[Spans]:
    """Find lists of collections with a new name among them; where all are known, they need no form."""
    for match in COLLECTIONS.finditer(text):
        start, end = match.span(match.lastgroup or 0)
        inside = [m for m in mentions if m.start < end and m.end > start]
        places = tuple(m.span() for m in LISTED.finditer(text, start, end))
        words = {text[first:last].lower() for first, last in places}
        if all("collections" in m.of for m in inside) and len(inside) < len(places) and not words & NO_COLLECTION:
            yield match.start(), match.end(), places


DEPLOYING = ("deploy_agent", "plan_deployment", "configure_deployment", "list_deployments")
# The argument, the abilities that have it, and what finds its form.
FRAMES: tuple[tuple[str, tuple[str, ...], Finder], ...] = (
    ("question", ("ask_agent",), _question),
    ("collection", ("ingest_data",), _plain(COLLECTION)),
    ("environment", DEPLOYING, _plain(ENVIRONMENT)),
    ("collections", ("create_agent",), _collections),
    ("gpu_memory", ("recommend_instance",), _plain(GPU_MEMORY)),
    ("gpus", ("recommend_instance",), _plain(GPU_COUNT)),
    ("vcpus", ("recommend_instance",), _plain(VCPUS)),
    ("min_size", ("configure_autoscaling",), _plain(FEWEST)),
    ("max_size", ("configure_autoscaling",), _plain(MOST)),
)
GPU = r"(?:gpu|graphics card|video ?card)s?\b"
# What words say without a figure: the ability and argument, its value, the words, and arguments that say it already.
IMPLIED: tuple[tuple[str, str, object, re.Pattern[str], tuple[str, ...]], ...] = (
    (
        "recommend_instance",
        "gpus",
        1,
        re.compile(
            rf"^(?!.*\b(?:no|not|without|non|any|or|never)\W+(?:\w+\W+){{0,3}}?{GPU})(?!.*n't\b.*{GPU}).*"
            rf"\b{GPU}(?!\s+(?:memory|ram|names?|types?|(?:is |are )?not)\b)",
            re.IGNORECASE,
        ),
        ("gpus", "gpu_name"),
    ),
)
# Arguments that words like the second never give, unless words like the third are said too.
UNSAID: dict[tuple[str, str], tuple[re.Pattern[str], re.Pattern[str]]] = {
    ("update_agent", "remove_collection"): (
        re.compile(r"\b(?:both|use|uses|using)\b", re.IGNORECASE),
        re.compile(
            r"\b(?:not|never|no|stop|remov\w+|drop\w*|without|take|detach|unlink|revoke|replac\w+|swap|instead|rather|exclud\w+|only|forget|"
            r"delete|disconnect|ditch)\b|n't\b",
            re.IGNORECASE,
        ),
    )
}


def find_frames(ability: str, text: str, mentions: Sequence[Mention], marks: Sequence[Marked]) -> list[Framed]:
    """Return the forms of an ability's sentences in `text`, less those inside longer marked words or of a marked model."""
    found = [Framed(arg, *spans) for arg, abilities, find in FRAMES if ability in abilities for spans in find(text, mentions)]
    return [f for f in found if not any(m.start < f.end and m.end > f.start and _stays(m, f) for m in marks)]


def _stays(mark: Marked, frame: Framed) -> bool:
    return mark.start < frame.start and mark.end >= frame.end if mark.arg != "model" else frame.arg == "collections"


def plainly(text: str, mentions: Sequence[Mention]) -> str:
    """Return the ability that the form of a sentence leaves no doubt about, or nothing.

    A question put to a known agent ("ask it to …" may be an order as well), and a path that is to be read in.
    """
    if any(not text.startswith("to ", place[0]) for _, _, (place,) in _question(text, mentions)):
        return "ask_agent"
    order = READ_IN.match(text)
    source = order and next((m for m in mentions if m.kind in ("path", "url") and m.start == order.end()), None)
    return "ingest_data" if source and INTO.match(text, source.end) else ""


def implied(ability: str, text: str, given: Collection[str]) -> dict[str, object]:
    """Return the arguments that the words imply without naming a value, beside those that are given."""
    rules = [rule for rule in IMPLIED if rule[0] == ability and not any(arg in given for arg in rule[4])]
    return {arg: value for _, arg, value, said, _ in rules if said.search(text)}


def unsaid(ability: str, arg: str, text: str) -> bool:
    """Say whether the words rule an argument out."""
    rule = UNSAID.get((ability, arg))
    return bool(rule and rule[0].search(text) and not rule[1].search(text))
