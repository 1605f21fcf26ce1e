"""Accounts at random, as a table that `score` takes: what the tests of portfolios are run on."""

from __future__ import annotations

import random
from datetime import date, timedelta

import polars as pl

__all__ = ["CAUSES", "accounts", "lost"]

CAUSES: dict[str, dict[str, object]] = {
    "pricing": {"price_increase": 30.0, "customer_objected_to_price": True, "price_increase_withdrawn": False},
    "delivery": {"late_deliveries": "repeatedly"},
    "neglect": {"months_without_contact": 9.0},
    "people": {"key_contact_left": True},
    "nothing": {},
}
"""What is told of an account, by what drove it away."""

_TYPES = {
    "id": pl.String,
    "region": pl.String,
    "lost": pl.Date,
    "price_increase": pl.Float64,
    "customer_objected_to_price": pl.Boolean,
    "price_increase_withdrawn": pl.Boolean,
    "late_deliveries": pl.String,
    "months_without_contact": pl.Float64,
    "key_contact_left": pl.Boolean,
    "other_customers_say_it_too.customer": pl.Boolean,
    "stated_reason": pl.String,
    "stated_reason.customer": pl.String,
    "yearly_margin": pl.Float64,
    "yearly_margin.to": pl.Float64,
    "years_expected": pl.Float64,
    "idle_capacity_margin": pl.Float64,
    "attempt_cost": pl.Float64,
    "precedent_exposure": pl.Float64,
    "strategic_value": pl.Boolean,
    "cause_can_change": pl.Boolean,
    "exception_possible": pl.Boolean,
    "nothing_would_bring_them_back.customer": pl.Boolean,
}
_WORDS = {"pricing": "price", "delivery": "delivery", "neglect": "attention", "people": "people", "nothing": None}


def lost(*told: dict[str, object]) -> pl.DataFrame:
    """Return a table of accounts, each told by its columns."""
    names = dict.fromkeys(["id", *(name for one in told for name in one)])
    rows = [{"id": f"A{place}", **one} for place, one in enumerate(told)]
    types = {name: _TYPES.get(name, pl.Float64) for name in names}  # what something costs is a number
    return pl.DataFrame({name: [row.get(name) for row in rows] for name in names}, schema=types)


def accounts(count: int, seed: int = 1) -> pl.DataFrame:
    """Return accounts at random; in the South deliveries are late, and what the customer says is mostly true."""
    dice = random.Random(seed)
    return lost(*(_account(dice) for _ in range(count)))


def _account(dice: random.Random) -> dict[str, object]:
    region = dice.choice(("North", "South", "East", "=West"))
    cause = dice.choice(tuple(CAUSES))
    if region == "South" and dice.random() < 0.6:
        cause = "delivery"
    margin = float(dice.randint(1, 90) * 1000) if dice.random() < 0.7 else None
    known = dice.random() < 0.6
    words = [*filter(None, _WORDS.values()), "other"]
    return {
        "region": region,
        "lost": date(2024, 1, 1) + timedelta(dice.randrange(500)) if dice.random() < 0.9 else None,
        **CAUSES[cause],
        "stated_reason": dice.choice(words),
        "stated_reason.customer": _WORDS[cause] if dice.random() < 0.8 else dice.choice(words),
        "yearly_margin": margin,
        "yearly_margin.to": margin * 2 if margin and dice.random() < 0.3 else None,
        "years_expected": 3.0 if known else None,
        "idle_capacity_margin": 0.0 if known else None,
        "attempt_cost": 2000.0 if known else None,
        "precedent_exposure": 0.0 if known else None,
        "strategic_value": dice.random() < 0.6,
        "cause_can_change": dice.random() < 0.7,
        "nothing_would_bring_them_back.customer": dice.random() < 0.2,
    }
