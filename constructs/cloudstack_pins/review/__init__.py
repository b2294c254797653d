"""Reviewing a plan before its merge: gather (plan_json, stack_facts, live) -> judge (pure) -> render.

review = judge([read_plan(Path("plan.json"))], today=date.today())
print(to_markdown(review))
"""

from __future__ import annotations

from cloudstack_pins.review.catalogue import CATALOGUE, explain
from cloudstack_pins.review.document import to_document, to_json
from cloudstack_pins.review.html import to_html
from cloudstack_pins.review.judgement import Finding, Review, judge
from cloudstack_pins.review.live import gather
from cloudstack_pins.review.live_facts import LiveFacts
from cloudstack_pins.review.markdown import to_markdown
from cloudstack_pins.review.plan import Plan
from cloudstack_pins.review.plan_json import parse_plan, read_plan
from cloudstack_pins.review.policy import Policy, load_policy
from cloudstack_pins.review.stack_facts import facts_from_lock
from cloudstack_pins.review.terminal import print_review

__all__ = [
    "CATALOGUE",
    "Finding",
    "LiveFacts",
    "Plan",
    "Policy",
    "Review",
    "explain",
    "facts_from_lock",
    "gather",
    "judge",
    "load_policy",
    "parse_plan",
    "print_review",
    "read_plan",
    "to_document",
    "to_html",
    "to_json",
    "to_markdown",
]
