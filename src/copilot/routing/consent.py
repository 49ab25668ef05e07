"""What counts as a yes, and what must not be taken for a request: decided by words, never by a model."""

import re

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
    r"\b(?:y|yes|yep|yeah|yup|yea|aye|ja|oui|si|ok|okay|k|kk|sure|go|do (?:it|that|so)|proceed|confirm(?:ed)?|agreed?|approved?|ship|"
    r"launch|deploy|make it so|let'?s|please|fine|good|great|perfect|right|correct|exactly|absolutely|definitely|affirmative|lgtm|"
    r"green ?light|"
    r"works for me|continue|carry on|execute|run it|pull the trigger|by all means|of course|certainly|alright|roger|accept(?:ed)?|granted|"
    r"send it|delete|remove|destroy|tear)\b|👍|✅",
    re.IGNORECASE,
)
DENYING = re.compile(
    r"\b(?:no|not|never|nothing|without|stop|cancel|wait|hold|abort|later|undo|nope|nah|dont|but|instead|rather|keep|leave|spare|forget|"
    r"drop|maybe|except|unless|only|refuse|avoid|another|first)\b|n['’]t\b|\?",
    re.IGNORECASE,
)
"""A reply with one of these only makes copilot ask again."""

FORBIDDING = re.compile(r"\b(?:not|never|nothing|without|avoid|refuse|forbid)\b|n['’]t\b|\bdont\b", re.IGNORECASE)
WONDERING = re.compile(
    r"^\W*(?:so |and |but )?(?:should|shall|what|why|when|where|who|which|how|whether|if|is|are|was|were|did|does|do you|has|have|"
    r"would it)\b",
    re.IGNORECASE,
)


def agrees(text: str) -> bool:
    """Say whether words that were read as a yes hold one, and nothing against it. Thanks alone is no yes."""
    return bool(AGREEING.search(text)) and not DENYING.search(text) and not hesitates(text)


def hesitates(text: str) -> bool:
    """Say whether a request that was read out of the words may be a ban ("never delete it") or a question about it."""
    return bool(FORBIDDING.search(text) or wonders(text))


def wonders(text: str) -> bool:
    """Say whether words are a question about something, rather than a request in the form of one ("can you …")."""
    return bool(WONDERING.search(text))
