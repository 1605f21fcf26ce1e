from __future__ import annotations

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn_rules.certainty import LIMIT, fold, in_words
from churn_rules.errors import CertaintyError
from tests.unit.small import thoroughly

_CLUE = st.integers(-99, 99).map(lambda hundredths: hundredths / 100)
_CLUES = st.lists(_CLUE, max_size=12)
_FOR = st.lists(st.integers(1, 99).map(lambda hundredths: hundredths / 100), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("clues", "by_hand"),
    [
        ([], 0.0),
        ([0.7], 0.7),
        ([-0.7], -0.7),
        ([0.6, 0.3], 0.72),
        ([-0.6, -0.3], -0.72),
        ([0.7, 0.4, 0.3], 0.874),
        ([0.6, -0.3], 0.428571429),  # (0.7 - 0.4) / 0.7
        ([0.3, -0.6], -0.428571429),
        ([0.5, 0.5, -0.5], 0.5),  # (0.5 - 0.25) / 0.5
        ([0.99, -0.99], 0.0),
        ([0.0, 0.4], 0.4),
    ],
)
def test_worked_out_by_hand(clues: list[float], by_hand: float) -> None:
    assert fold(clues) == by_hand


@pytest.mark.parametrize("clue", [1.0, -1.0, 0.991, -0.991, float("inf"), float("nan")])
def test_a_clue_out_of_bounds_is_refused(clue: float) -> None:
    with pytest.raises(CertaintyError, match=r"between -0\.99 and"):
        fold([clue])


def test_the_limit_itself_is_a_clue() -> None:
    assert fold([LIMIT]) == LIMIT
    assert fold([-LIMIT]) == -LIMIT


@thoroughly
@given(_CLUES, st.randoms(use_true_random=False))
def test_order_changes_nothing(clues: list[float], random: object) -> None:
    shuffled = list(clues)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands out a seeded Random
    assert fold(shuffled) == fold(clues)


@thoroughly
@given(_CLUES)
def test_the_result_stays_on_the_scale_and_turns_with_the_clues(clues: list[float]) -> None:
    assert -1 <= fold(clues) <= 1
    assert fold([-clue for clue in clues]) == -fold(clues)


@thoroughly
@given(_FOR)
def test_clues_that_all_speak_for_it_leave_the_product_of_the_doubts(clues: list[float]) -> None:
    assert fold(clues) == pytest.approx(1 - prod(1 - clue for clue in clues), abs=1e-9)
    assert fold(clues) >= max(clues)


@thoroughly
@given(_CLUES, _FOR)
def test_more_for_it_never_lowers_it(clues: list[float], more: list[float]) -> None:
    assert fold(clues + more) >= fold(clues)


@thoroughly
@given(st.integers(1, 99), st.integers(1, 99))
def test_one_for_and_one_against_is_emycins_formula(for_it: int, against: int) -> None:
    clue, doubt = for_it / 100, against / 100
    assert fold([clue, -doubt]) == pytest.approx((clue - doubt) / (1 - min(clue, doubt)), abs=1e-9)


@pytest.mark.parametrize("certainty", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1.0])
def test_words_name_the_strength_whichever_way_it_points(certainty: float) -> None:
    assert in_words(certainty) == in_words(-certainty)


def test_words_grow_stronger() -> None:
    words = list(dict.fromkeys(in_words(hundredths / 100) for hundredths in range(101)))
    assert words[0] == "weak"
    assert words[-1] == "almost certain"
    assert len(words) >= 4
