"""What counts as a yes, and what must not be taken for a request: decided by words, never by a model."""

import re
from collections.abc import Iterable

from copilot.routing.quotes import QUOTED

RISKY = ("cloud", "destructive")
"""Effects that only the person's own, plain words may lead to."""

YES = {
    "yes", "y", "yep", "yeah", "yes please", "yes do it", "ok", "okay", "ok do it", "sure", "go", "go ahead", "go for it", "do it",
    "confirm", "looks good", "looks good to me", "sounds good", "lgtm",
}  # fmt: skip
NO = {
    "no", "n", "nope", "cancel", "stop", "abort", "never mind", "no thanks", "not now", "hold on", "hold off", "hang on", "wait",
    "forget it",
}  # fmt: skip
"""Replies to a question that need no router; it reads all the others."""

AGREEING = re.compile(
    r"👍|✅|\+1\b|\b(?:(?:exactly |that'?s |that is )?what i (?:meant|wanted|want)|you have my blessing|that'?ll do nicely|you got it"
    r"|let'?s (?:go|do (?:it|this|that)|roll|start|proceed)|(?:off|on) you go|you may|do your thing|consider it approved|sure thing"
    r"|go(?: (?:ahead|for it|on|go))?(?: then)?|fire away|make it so|run with it|send it|ship it|hit it|let it rip|push the button"
    r"|pull the trigger|permission granted|green ?light|roger(?: that)?|of course|by all means|spot on|suits me|works for me"
    r"|(?:i'?m |i am )?(?:100% )?(?:sure|certain|positive)|(?:i )?(?:confirm|accept|agree|approve)"
    r"|(?:please )?(?:do|start|continue|proceed|execute|carry on)(?: (?:it|that|this|so))?"
    r"|(?:looks?|sounds?) (?:good|right|fine|great|perfect|like a plan)(?: to me)?|that'?s the one|no (?:objections?|problem)"
    r"|as (?:proposed|shown|planned|listed|discussed|you (?:proposed|listed|said))"
    r"|(?:that'?s |that is |it'?s |it is )?(?:all )?(?:right|correct|true|good|great|perfect|ok(?:ay)?|fine)(?: (?:for|by|with) me)?"
    r"|y|k|kk|ye+s+|yse|ye[ahp]+|yup|aye?|ja|da|oui|s[ií]|ok(?:ie|i|ey)(?: dokey)?|alright|very well|exactly(?: that)?|precisely(?: that)?"
    r"|confirmed|agreed|approved|accepted|granted|lgtm|affirmative|indeed|definitely|certainly|absolutely)\b",
    re.IGNORECASE,
)
FILLING = re.compile(
    r"\b(?:please|pls|plz|thank you|thanks|thx|right (?:now|away)|now|just|then|and|so|do|it|them|that|this|already|hurry|quick(?:ly)?"
    r"|from (?:me|my side)|for me|with (?:it|that|the plan)|whatever|oh|ah|well|copilot)\b",
    re.IGNORECASE,
)
"""Words that say nothing against a yes, and are none."""
REPEATING = {
    "cloud": re.compile(r"\b(?:deploy|ship|launch|release|publish|roll (?:it )?(?:back|out)|train|tune|spend the money)\b", re.IGNORECASE),
    "destructive": re.compile(r"\b(?:delete|remove|destroy|erase|wipe|tear (?:it |them |that )?down|get rid of)\b", re.IGNORECASE),
}
"""By effect, words that only repeat what was proposed."""

SHOWN = ("the configuration", "configuration", "the config", "config", "the settings", "settings", "the plan", "plan")
"""What a reply may call the thing that was shown ("config looks good")."""

DELETING = r"(?:delet|destr[ou]|remov|eras|wip|dropp|tear|terminat)\w*"
DONE = r"(?:delet|destroy|remov|eras|wip|dropp|deploy|launch|releas|publish|shipp|roll|promot|terminat|train|tun|kill|nuk|mov|push)ed"
DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
BANNING = re.compile(r"\b(?:not|never|nothing|without|avoid|refuse|forbid\w*|dont)\b|n['’]t\b", re.IGNORECASE)
PROTECTING = re.compile(
    rf"\b(?:(?:protect|prevent|safeguard|preserv|shield|prohibit)\w*|un-?{DELETING}"
    rf"|(?:from|against) (?:ever )?(?:being |getting )?{DELETING}"
    rf"|stop(?:s|ped|ping)? (?:[^\s,]+ ){{0,3}}?(?:{DELETING}|deploying)|(?:nobody|no one|none) (?:may|can|could|should|must))\b",
    re.IGNORECASE,
)
REPORTING = re.compile(
    r"\b(?:says|(?:they|people) say|saying|tells|told|typed|wrote|writes|claim(?:s|ed) (?:that|it|to|he|she|they|we)"
    r"|suggest(?:s|ed)?|mention(?:s|ed)"
    r"|insist(?:s|ed)?|demand(?:s|ed)|request(?:s|ed)|wants|wanted|wishes|heard|thinks|asks|asked|quot(?:es|ed)|apparently|supposedly"
    r"|according to)\b(?!-)|(?<!\bi )\bsaid\b",
    re.IGNORECASE,
)
POSTPONING = re.compile(
    r"\b(?:tomorrow|tonight|later|someday|eventually|soon|next (?:week|month|year|quarter|time|mon|tues|wednes|thurs|fri|satur|sun)\w*"
    rf"|(?:on|by|before|from|this|next) {DAY}"
    r"|until|till?|unless|if|in case|once|as soon as|at (?:noon|midnight|\d[\d:]* ?(?:am|pm|o'?clock))"
    r"|after(?! (?:the |that |this |our |last |we |it )*(?:release|deploy|update|upgrade|push|roll|went|version))"
    r"|in (?:a|an|the|\d+|one|two|three|a few) (?:minute|hour|day|week|month|morning|evening|afternoon|while|future)s?)\b(?!-)",
    re.IGNORECASE,
)
PAST = re.compile(
    rf"(?:^\W*|\b(?:i|we|you|he|she|they|who|somebody|someone|have|has|had|was|were|been|got|already|accidentally)\s+|['’]ve\s+){DONE}\b"
    r"|\b(?:tore|torn) (?:\S+ )?down\b",
    re.IGNORECASE,
)
SUPPOSING = re.compile(
    r"\b(?:imagin(?:e|ing)|suppos(?:e|ing)|assuming|pretend(?:ing)?|hypothetical(?:ly)?|might|almost|nearly"
    r"|considering|thinking (?:of|about)"
    r"|(?:going|about|plans?|planning|intends?|likes?|tries|tried|trying) to (?:\S+ )?(?:delete|remove|destroy|erase|wipe|tear|deploy))\b",
    re.IGNORECASE,
)
HESITATING = (BANNING, PROTECTING, REPORTING, POSTPONING, PAST, SUPPOSING)
"""What is no request to do it now, though it speaks of it: a ban, protection, somebody else's words, another time, the past, a thought."""
WONDERING = re.compile(
    r"^\W*(?:so |and |but )?(?:should|shall|what|why|when|where|who|which|how|whether|if|is|are|was|were|did|does|do you|has|have|"
    r"would it)\b",
    re.IGNORECASE,
)


def agrees(text: str, effect: str, named: Iterable[str] = ()) -> bool:
    """Say whether every word of a reply agrees or says nothing: whatever else is in it makes copilot ask again.

    Args:
        effect: What was proposed does this; a reply may repeat it ("yes, delete it").
        named: Names in the proposal, which a reply may repeat.
    """
    if QUOTED.search(text):
        return False
    plain = " ".join(text.replace("’", "'").split())
    for name in (name for name in named if name.lower() not in NO and not hesitates(name)):
        plain = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", "it", plain, flags=re.IGNORECASE)
    left = AGREEING.sub(" ", plain)
    if left == plain:
        return False
    for pattern in (REPEATING.get(effect), FILLING):
        left = pattern.sub(" ", left) if pattern else left
    return not re.search(r"[^\s.,;:!–—-]|\.\.", left)


def hesitates(text: str) -> bool:
    """Say whether a request that was read out of the words may be none: a ban, a report, a plan for later, a question."""
    return any(pattern.search(text) for pattern in HESITATING) or wonders(text)


def wonders(text: str) -> bool:
    """Say whether words are a question about something, rather than a request in the form of one ("can you …")."""
    return bool(WONDERING.search(text))
