"""churn-rules: why a B2B customer left, and whether and how to win them back."""
