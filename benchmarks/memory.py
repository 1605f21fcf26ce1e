"""Whether memory stays flat: 200,000 cases through one engine in one process, resident memory at every tenth."""

from __future__ import annotations

import sys

import churn_rules
import machine
from churn_rules.cases import remember
from churn_rules.engines import engine_for
from churn_rules.loading import shipped

CASES = 200_000


def main() -> None:
    """Print resident memory as the cases go by."""
    engine_name = sys.argv[1] if len(sys.argv) > 1 else "durable"
    rulebase = churn_rules.load()
    engine = engine_for(rulebase, engine_name)
    memories = [
        remember(churn_rules.load_case(path, rulebase), rulebase.vocabulary) for path in shipped("cases").glob("*.yaml")
    ]
    for number in range(CASES + 1):
        if number % (CASES // 10) == 0:
            print(f"{number:9,} cases, {engine_name} engine: {machine.megabytes('VmRSS'):7.1f} MB resident", flush=True)
        engine.run(memories[number % len(memories)])


if __name__ == "__main__":
    main()
