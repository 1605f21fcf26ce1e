"""A diagnosis as one printable HTML page that needs nothing else: no network, no script.

Never imports Jinja2 before a page is asked for: it is an extra, `churn-rules[report]`.
"""

from churn_rules.report.page import report_html
from churn_rules.report.values import PlanStep, steps_of

__all__ = ["PlanStep", "report_html", "steps_of"]
