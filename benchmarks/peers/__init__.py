"""The peers: other engines made to decide the same rule base, each in the fastest form that was found for it.

A peer is given a rule base, and translates it once. Then it decides a case of which everything is known already
(`decide`), or runs one from the facts (`run`), where the conclusions between strata are our own shared code for every
engine alike. Never told an answer, and never timed before its answers were held against the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from churn_rules.cases import Memory
from churn_rules.conclusions import conclude
from churn_rules.rulebase import Added, Rulebase
from churn_rules.vocabulary import Truth, Value

__all__ = ["ENGINES", "PEERS", "RIVALS", "Decided", "Outcome", "Peer", "Session", "peer_for", "run_by_strata"]

Decided = Iterable[tuple[str, Truth]]
"""Rules with their verdicts; one that is missing is unknown."""


class Peer(Protocol):
    """An engine that decides the rules of a rule base: every verdict, or only what a diagnosis rests on."""

    note: str

    def told(self, known: Mapping[str, Value]) -> Any:
        """Put what is known into the form that this engine takes; not timed, for a caller may hold it like that."""

    def decide(self, told: Any) -> Any:
        """Decide all rules over all that is known, fact or conclusion; this is what is timed."""

    def verdicts(self, decided: Any) -> Decided:
        """Say what `decide` decided; not timed, so that every engine may answer in the form that costs it least."""

    def run(self, memory: Memory) -> Outcome:
        """Run a case from what is told of it through all strata; this is timed as well."""


class Outcome(NamedTuple):
    """What a run ended in: the verdicts, and all that is known at the end."""

    verdicts: Mapping[str, Truth]
    known: Mapping[str, Value]


class Session(Protocol):
    """One case under way in a peer."""

    def learn(self, fresh: Mapping[str, Value], stratum: int) -> Decided:
        """Learn values; give the verdicts on the rules of this stratum, and perhaps of others."""


def run_by_strata(rulebase: Rulebase, memory: Memory, session: Session) -> Outcome:
    """Let a peer decide stratum by stratum, with the conclusions in between that all engines share."""
    known: dict[str, Value] = dict(memory.values)
    verdicts: dict[str, Truth] = dict.fromkeys(rulebase.rules)
    added: Added = {}
    fresh: Mapping[str, Value] = known
    for number, stratum in enumerate(rulebase.strata):
        verdicts.update(session.learn(fresh, number))
        names = conclude(rulebase, memory, stratum, verdicts, known, added)
        fresh = {name: known[name] for name in names}
    return Outcome(verdicts, known)


PEERS: Mapping[str, tuple[str, str]] = {
    "compiled": ("peers.ours", "Compiled"),
    "reference": ("peers.ours", "Reference"),
    "durable": ("peers.ours", "Durable"),
    "JSONLogic (Rust)": ("peers.json_logic", "JsonLogic"),
    "zen-engine": ("peers.zen_rules", "Zen"),
    "CEL (Rust)": ("peers.cel_rust", "Cel"),
    "CLIPS": ("peers.clips_rete", "Clips"),
    "rule-engine": ("peers.rule_engine_ast", "RuleEngine"),
    "durable-rules' Host": ("peers.durable_host", "Host"),
    "JSONLogic, our plan": ("peers.json_logic", "Planned"),
}
"""Each engine by its name in the tables: the module and the class that translate for it."""

ENGINES = ("compiled", "reference", "durable")
"""Our own."""

RIVALS = tuple(name for name in PEERS if name not in ENGINES and not name.endswith("our plan"))
"""Those that ours are measured against; `our plan` is our own order of asking, written in another's language."""


def peer_for(name: str, rulebase: Rulebase, *, fully: bool = True) -> Peer:
    """Translate a rule base for a peer.

    Args:
        name: One of PEERS.
        rulebase: Its rules, stratum by stratum.
        fully: Whether every rule is decided as true, false or unknown, as all engines of ours report it. Otherwise only
            what conclusions rest on is asked: which rules fire and, of those that conclude a finding, which are false.
            Our own engines always decide fully.

    Raises:
        ModuleNotFoundError: The peer is not installed: `pip install 'churn-rules[peers]'`.
    """
    module, made = PEERS[name]
    make: Callable[..., Peer] = getattr(import_module(module), made)
    return make(rulebase, fully=fully)
