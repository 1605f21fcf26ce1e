"""What is concluded between strata, in SQL: see `churn_rules.conclusions`, which it must agree with.

Never decides whether a rule fires.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from churn_rules.rulebase import DECISIONS, RESPONSIBLE, SCOPES, Topic
from peers.sql_layers import Layers, chosen, code, either, quoted, rule_column

__all__ = ["CONCLUDE"]

_TOLD_SCOPES = tuple(scope for scope in SCOPES if scope != "undetermined")


def _findings(layers: Layers, findings: Sequence[str]) -> None:
    drawn = layers.rulebase.drawn
    layers.learn(
        {name: either(rule_column(rule) for rule, _ in drawn.get(Topic("finding", name), ())) for name in findings}
    )


def _reasons(layers: Layers, reasons: Sequence[str]) -> None:
    left = {
        f"{kind} {reason}": _left(layers, reason, sign)
        for reason in reasons
        for kind, sign in (("doubt", 1), ("belief", -1))
    }
    layers.add(left)
    certainties = {}
    for reason in reasons:
        doubt, belief = quoted(f"doubt {reason}"), quoted(f"belief {reason}")
        certainties[f"{reason}.certainty"] = f"round(({belief} - {doubt}) / greatest({doubt}, {belief}), 9)"
    layers.learn(certainties)
    limits = layers.rulebase.thresholds
    layers.choose(
        {
            f"{reason}.status": chosen(
                {
                    "established": f"{certainty} >= {limits.established}",
                    "possible": f"{certainty} >= {limits.possible}",
                    "ruled_out": f"{certainty} <= {limits.ruled_out}",
                },
                code("unsupported"),
            )
            for reason in reasons
            for certainty in [layers.known[f"{reason}.certainty"]]
        }
    )


def _left(layers: Layers, reason: str, sign: int) -> str:
    drawn = layers.rulebase.drawn.get(Topic("evidence", reason), ())
    clues = sorted((float(str(adds)), rule) for rule, adds in drawn)
    factors = [
        f"CASE WHEN {rule_column(rule)} THEN {1 - abs(clue)!r}::DOUBLE ELSE 1 END"
        for clue, rule in clues
        if clue * sign > 0
    ]
    return " * ".join(factors) or "1.0::DOUBLE"


def _links(_: Layers, __: Sequence[str]) -> None:
    """Links are worked out with the roles."""


def _link(cause: str, effect: str) -> str:
    return quoted(f"link {cause} {effect}")


def _roles(layers: Layers, _: Sequence[str]) -> None:
    rulebase, active = layers.rulebase, {}
    for cause, effect, always in rulebase.links:
        name = f"{cause} {effect}"
        switched = "TRUE" if always else layers.any_fired("link", name, True)  # noqa: FBT003  # what a rule adds
        off = layers.any_fired("link", name, False)  # noqa: FBT003
        both = f"{layers.is_(f'{cause}.status', 'established')} AND {layers.is_(f'{effect}.status', 'established')}"
        active[f"link {name}"] = f"({both} AND {switched} AND NOT {off})"
    layers.add(active)
    into = {
        reason: either(_link(cause, effect) for cause, effect, _ in rulebase.links if effect == reason)
        for reason in rulebase.reasons
    }
    layers.add({f"led to {reason}": flag for reason, flag in into.items()})
    first = {
        reason: f"({layers.is_(f'{reason}.status', 'established')} AND NOT {quoted(f'led to {reason}')})"
        for reason in rulebase.reasons
    }
    strongest = ", ".join(
        f"CASE WHEN {flag} THEN {layers.known[f'{reason}.certainty']} ELSE 0 END" for reason, flag in first.items()
    )
    layers.add({"strongest": f"greatest({strongest})"})
    layers.add({"least": f"round(strongest - {rulebase.thresholds.root_margin}, 9)"})
    layers.choose(
        {
            f"{reason}.role": chosen(
                {
                    "root": f"{flag} AND {layers.known[f'{reason}.certainty']} >= least",
                    "contributing": flag,
                    "consequence": quoted(f"led to {reason}"),
                },
                code("none"),
            )
            for reason, flag in first.items()
        }
    )


def _scopes(layers: Layers, _: Sequence[str]) -> None:
    reasons = layers.rulebase.reasons.values()
    layers.choose({f"{one.id}.responsible": _responsible(layers, one.id, one.responsible) for one in reasons})
    upstream = [one.id for one in reasons if one.scope == "upstream"]
    layers.choose(
        {
            f"{one.id}.scope": _merged(layers, one.id, "NULL" if one.id in upstream else code(one.scope))
            for one in reasons
        }
    )
    own = dict(layers.known)
    behind = {reason: _behind(layers, reason, own) for reason in upstream}
    layers.choose(
        {f"{reason}.scope": f"coalesce({own[f'{reason}.scope']}, {scope})" for reason, scope in behind.items()}
    )
    roots = {one.id: layers.is_(f"{one.id}.role", "root") for one in reasons}
    layers.choose({"case.scope": _of_several(roots, layers.known)})


def _responsible(layers: Layers, reason: str, otherwise: str) -> str:
    told = {side: layers.any_fired("responsible", reason, side) for side in RESPONSIBLE}
    if {*told.values()} == {"(FALSE)"}:
        return code(otherwise)
    count = " + ".join(f"{flag}::INT" for flag in told.values())
    return f"CASE WHEN {count} > 1 THEN {code('both')} ELSE {chosen(told, code(otherwise))} END"


def _merged(layers: Layers, reason: str, otherwise: str) -> str:
    """Write the scope that rules tell of a reason, or else the one where it starts."""
    told = {scope: layers.any_fired("scope", reason, scope) for scope in SCOPES}
    if {*told.values()} == {"(FALSE)"}:
        return otherwise
    count = " + ".join(f"{told[scope]}::INT" for scope in _TOLD_SCOPES)
    return f"CASE WHEN {count} > 1 THEN {code('mixed')} ELSE {chosen(told, otherwise)} END"


def _of_several(having: Mapping[str, str], known: Mapping[str, str]) -> str:
    """Write the one scope that the reasons share for which a flag holds."""
    flags = {
        scope: either(
            f"({flag} AND coalesce({known[f'{reason}.scope']} = {code(scope)}, FALSE))"
            for reason, flag in having.items()
        )
        for scope in _TOLD_SCOPES
    }
    count = " + ".join(f"{flag}::INT" for flag in flags.values())
    told = chosen(flags, code("undetermined"))
    return f"CASE WHEN {count} > 1 THEN {code('mixed')} ELSE {told} END"


def _behind(layers: Layers, reason: str, known: Mapping[str, str]) -> str:
    """Write the scope of the roots that led to a reason, through whatever stands between."""
    effects: dict[str, list[str]] = {}
    for cause, effect, _ in layers.rulebase.links:
        effects.setdefault(cause, []).append(effect)
    reached = {reason: "TRUE"}
    waiting = {cause for cause in effects if _leads(cause, reason, effects)}
    while ready := sorted(one for one in waiting if not waiting & {*effects[one]}):  # links are acyclic
        flags = {
            f"{cause} reaches {reason}": either(
                f"({_link(cause, effect)} AND {reached[effect]})" for effect in effects[cause] if effect in reached
            )
            for cause in ready
        }
        layers.add(flags)
        reached |= {cause: quoted(f"{cause} reaches {reason}") for cause in ready}
        waiting -= {*ready}
    roots = {
        cause: f"({flag} AND {layers.is_(f'{cause}.role', 'root')})"
        for cause, flag in reached.items()
        if cause != reason
    }
    return _of_several(roots, known)


def _leads(cause: str, reason: str, effects: Mapping[str, Sequence[str]]) -> bool:
    return any(effect == reason or _leads(effect, reason, effects) for effect in effects.get(cause, ()))


def _accommodations(layers: Layers, _: Sequence[str]) -> None:
    layers.choose(
        {
            f"accommodation.{item}": chosen(
                {"withheld": layers.any_fired("withhold", item), "offered": layers.any_fired("offer", item)},
                code("none"),
            )
            for item in layers.rulebase.accommodations
        }
    )


def _requirements(_: Layers, __: Sequence[str]) -> None:
    """A table tells no requirements."""


def _economics(layers: Layers, _: Sequence[str]) -> None:
    """V = years x (margin + idle capacity - yearly costs) - costs that come once - exposure, and A / V."""
    known = layers.known
    costs = {
        when: " + ".join(
            f"CASE WHEN {layers.is_(f'accommodation.{item}', 'offered')} THEN {_cost(layers, item, when)} ELSE 0 END"
            for item in layers.rulebase.accommodations
        )
        for when in ("once", "yearly")
    }
    layers.add({f"costs {when}": cost for when, cost in costs.items()})
    years, attempt, exposure, idle, margin = (
        known[name]
        for name in ("years_expected", "attempt_cost", "precedent_exposure", "idle_capacity_margin", "yearly_margin")
    )
    high = 'coalesce("yearly_margin.to", yearly_margin)' if "yearly_margin.to" in layers.columns else margin
    layers.add(
        {
            f"value {end}": f'{years} * ({of} + {idle} - "costs yearly") - "costs once" - {exposure}'
            for end, of in (("low", margin), ("high", high))
        }
    )
    layers.choose(
        {
            "economics.verdict": chosen(
                {
                    "not_worked_out": f'"value high" IS NULL OR {attempt} IS NULL',
                    "does_not_pay": f'"value high" <= 0 OR {attempt} > "value high"',
                    "pays": f'"value low" > 0 AND {attempt} <= "value low"',
                },
                code("depends"),
            )
        }
    )
    pays = layers.is_("economics.verdict", "pays")
    layers.add(
        {
            f"break_even.{end}": f'CASE WHEN {pays} THEN round({attempt} / "value {other}", 9) END'
            for end, other in (("low", "high"), ("high", "low"))
        }
    )


def _cost(layers: Layers, item: str, when: str) -> str:
    """Write a cost, unknown where the other part of it is; what has no column costs nothing."""
    columns = {one: f"cost.{item}.{one}" for one in ("once", "yearly") if f"cost.{item}.{one}" in layers.columns}
    if not columns:
        return "NULL::DOUBLE"
    own = quoted(columns[when]) if when in columns else "0"
    return f"CASE WHEN {' AND '.join(f'{quoted(one)} IS NOT NULL' for one in columns.values())} THEN {own} END"


def _decision(layers: Layers, _: Sequence[str]) -> None:
    flags = {decision: layers.any_fired("decision", "", decision) for decision in DECISIONS}
    count = " + ".join(f"{flag}::INT" for flag in flags.values())
    verdict = chosen(flags, code("undecided"))
    layers.choose({"case.decision": f"CASE WHEN {count} > 1 THEN {code('undecided')} ELSE {verdict} END"})


def _steps(_: Layers, __: Sequence[str]) -> None:
    """An answer holds no plan."""


CONCLUDE: Mapping[str, Callable[[Layers, Sequence[str]], None]] = {
    "finding": _findings,
    "reason": _reasons,
    "links": _links,
    "roles": _roles,
    "scopes": _scopes,
    "accommodations": _accommodations,
    "requirements": _requirements,
    "economics": _economics,
    "decision": _decision,
    "steps": _steps,
}
"""For each kind of topic, what adds its conclusions."""
