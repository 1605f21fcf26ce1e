"""What chance alone explains: the exact test of one table of two by two, and the control of false discoveries.

Never knows what is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma

__all__ = ["discovery_rates", "tail"]


def tail(seen: int, group: int, marked: int, everybody: int) -> float:
    """Return the chance of so many marked ones in a group, or more, if the group were drawn blindly.

    This is Fisher's exact test, one-sided: the upper tail of the hypergeometric distribution, summed term by term.

    Args:
        seen: How many in the group are marked.
        group: How many are in the group.
        marked: How many are marked in all.
        everybody: How many there are in all.

    Returns:
        A chance from 0 to 1. Its relative error stays below 1e-7 up to ten million accounts: the logarithms of the
        first term are of 64 bits, and no term is left out that could be seen in the sum.

    Source:
        Fisher (1935), The Logic of Inductive Inference, Journal of the Royal Statistical Society 98, 39-82.

    >>> round(tail(3, 4, 4, 8), 9)  # the lady who tastes tea: three cups of four right, 17 in 70
    0.242857143
    """
    lowest, highest = max(0, group + marked - everybody), min(group, marked)
    if seen <= lowest:
        return 1.0
    if seen > highest:
        return 0.0
    rest = everybody - marked - group
    if seen * everybody > group * marked:  # above what is expected: the terms fall from here on
        total = term = _term(seen, group, marked, everybody)
        for count in range(seen, highest):
            term *= (marked - count) * (group - count) / ((count + 1) * (rest + count + 1))
            total += term
            if term < total * 1e-17:
                break
        return min(1.0, total)
    total = term = _term(seen - 1, group, marked, everybody)
    for count in range(seen - 1, lowest, -1):
        term *= count * (rest + count) / ((marked - count + 1) * (group - count + 1))
        total += term
        if term < total * 1e-17:
            break
    return max(0.0, 1.0 - total)


def _term(count: int, group: int, marked: int, everybody: int) -> float:
    chosen = _log_choose(marked, count) + _log_choose(everybody - marked, group - count)
    return exp(chosen - _log_choose(everybody, group))


def _log_choose(everybody: int, group: int) -> float:
    return lgamma(everybody + 1) - lgamma(group + 1) - lgamma(everybody - group + 1)


def discovery_rates(chances: Sequence[float]) -> list[float]:
    """Return for each of many tests the smallest false-discovery rate at which it would be reported: its q-value.

    After Benjamini and Yekutieli, which holds however the tests hang together: those of the values of one segment
    exclude one another, and those of a region and of its reps say nearly the same.

    Args:
        chances: What each test gave, from 0 to 1, in any order.

    Source:
        Benjamini & Yekutieli (2001), Annals of Statistics 29(4), 1165-1188, theorem 1.3.

    >>> [round(rate, 3) for rate in discovery_rates([0.002, 0.5, 0.02])]
    [0.011, 0.917, 0.055]
    """
    tests = len(chances)
    penalty = tests * sum(1 / place for place in range(1, tests + 1))
    found, smallest = [1.0] * tests, 1.0
    for place, index in zip(range(tests, 0, -1), sorted(range(tests), key=lambda i: -chances[i]), strict=True):
        smallest = min(smallest, chances[index] * penalty / place)
        found[index] = smallest
    return found
