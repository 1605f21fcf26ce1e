"""Engines: each decides which rules fire, stratum by stratum, and all of them must agree.

Never imports an engine that nobody asked for, nor anything slow: whoever only offers a choice of engines is quick.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from churn_rules.errors import MissingPackageError, UnknownNameError

if TYPE_CHECKING:
    from churn_rules.cases import Memory
    from churn_rules.engines.trace import Firing, Trace
    from churn_rules.rulebase import Rule, Rulebase
    from churn_rules.vocabulary import Truth, Value

__all__ = ["DEFAULT", "ENGINES", "Engine", "Firing", "Trace", "engine_for"]

DEFAULT = "durable"
ENGINES = ("durable", "reference", "compiled", "columnar")

_CLASSES = {
    "durable": "DurableEngine",
    "reference": "ReferenceEngine",
    "compiled": "CompiledEngine",
    "columnar": "ColumnarEngine",
}


def __getattr__(name: str) -> object:
    if name in ("Firing", "Trace"):  # what they hold takes a while to import
        return getattr(import_module("churn_rules.engines.trace"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class Engine(Protocol):
    """What every engine offers. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """The name under which `engine_for` finds it."""

    def run(self, memory: Memory) -> Trace:
        """Run the whole rule base over what is known of a case."""

    def decide(self, rule: Rule, known: Mapping[str, Value]) -> Truth:
        """Decide one rule on its own: true, false or None (unknown)."""


def engine_for(rulebase: Rulebase, name: str = DEFAULT) -> Engine:
    """Return the engine of that name for a rule base, made at the first call and kept with the rule base.

    Where durable-rules is not installed, the reference engine takes over and a warning says so, once.

    Raises:
        UnknownNameError: There is no engine of that name.
        EngineError: The rule base is past what the engine can be trusted with.
        MissingPackageError: The engine needs an extra.
    """
    if name not in ENGINES:
        raise UnknownNameError("engine", name, ENGINES)
    ready = rulebase.engines.get(name)
    if ready is None:
        ready = rulebase.engines.setdefault(name, _make(rulebase, name))
    return ready  # type: ignore[return-value]  # the rule base keeps them as plain objects, being a layer below


def _make(rulebase: Rulebase, name: str) -> Engine:
    try:
        module = import_module(f"churn_rules.engines.{name}")
    except ModuleNotFoundError as error:
        if error.name in ("narwhals", "polars"):
            raise MissingPackageError("the columnar engine", "Narwhals and Polars", "portfolio") from error
        if error.name != "durable_rules_engine":
            raise
        warnings.warn(
            "durable-rules is not installed, so the reference engine takes over; its answers are the same. "
            "Install churn-rules[durable] to use it.",
            RuntimeWarning,
            stacklevel=3,
        )
        return engine_for(rulebase, "reference")
    engine: Engine = getattr(module, _CLASSES[name])(rulebase)
    return engine
