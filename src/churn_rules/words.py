"""The words for the codes of an answer: what to say for a scope, a status, a side and so on, in English.

Never says them: a `Language` does, and the code itself is the same in every language.
"""

from __future__ import annotations

from churn_rules.language import in_english

__all__ = [
    "ANSWERED_FOR",
    "ANSWERS",
    "ASKED",
    "BAND",
    "COMPARED",
    "DECISION",
    "FAIRNESS",
    "OUTCOME",
    "PHASE",
    "PRIORITY",
    "REQUIREMENT",
    "ROLE",
    "SCOPE",
    "STATUS",
    "VERDICT",
]

SCOPE = in_english(
    specific="specific", systemic="systemic", mixed="mixed", external="external", undetermined="undetermined"
)
STATUS = in_english(established="established", possible="possible", unsupported="unsupported", ruled_out="ruled out")
ROLE = in_english(root="root", contributing="contributing", consequence="consequence")
ANSWERED_FOR = in_english(
    supplier="supplier", customer="customer", competitor="competitor", environment="environment", both="both"
)
ANSWERS = in_english(
    supplier="we answer",
    customer="the customer answers",
    competitor="a competitor answers",
    environment="nobody on either side answers",
    both="both sides answer",
)
ASKED = in_english(record="the records", customer="the customer", us="our own people")
DECISION = in_english(
    pursue="pursue",
    pursue_with_exception="pursue with exception",
    keep_a_foothold="keep a foothold",
    let_go="let go",
    undecided="undecided",
)
VERDICT = in_english(
    pursue="Win them back; no exception is needed.",
    pursue_with_exception="Win them back, with an exception for this one customer.",
    keep_a_foothold="Not now: stay close, and keep a foothold until the next occasion.",
    let_go="Let them go, in good manners.",
    undecided="Undecided.",
)
BAND = in_english(none="none", low="low", medium="medium", high="high")
FAIRNESS = in_english(distributive="distributive", procedural="procedural", interactional="interactional")
COMPARED = in_english(better="better", equal="equal", worse="worse", unknown="not known")
PRIORITY = in_english(must="must", should="should", could="could")
REQUIREMENT = in_english(met="met", partly_met="partly met", refused="refused", open="open")
OUTCOME = in_english(
    won_back="won back", won_back_partly="won back partly", kept_partly="kept partly", lost="lost", open="open"
)
PHASE = in_english(
    backstory="backstory",
    contact="contact",
    listen="listen",
    decide="decide",
    offer="offer",
    write="write",
    exit="exit",
    after="after",
)
