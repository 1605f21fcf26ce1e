"""`python -m churn_rules` is the command line. Never anything else."""

from churn_rules.cli import main

if __name__ == "__main__":
    main()
