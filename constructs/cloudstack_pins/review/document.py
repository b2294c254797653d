"""The review as JSON for other programs; ``review.schema.json`` beside this module is its published schema."""

from __future__ import annotations

from typing import Any

from cloudstack_pins.json_text import json_text
from cloudstack_pins.review import views
from cloudstack_pins.review.amount import Amount
from cloudstack_pins.review.fate import FatedPin
from cloudstack_pins.review.forecast import PoolForecast
from cloudstack_pins.review.judgement import Finding, Review, StackReview, Totals
from cloudstack_pins.review.limits import pool_limit
from cloudstack_pins.review.markdown import marker
from cloudstack_pins.review.plan import PinState

FORMAT = 1


def to_json(review: Review) -> str:
    """Return the review as JSON text, the same for the same input."""
    return json_text(to_document(review))


def to_document(review: Review) -> dict[str, Any]:
    """Return the review as plain values, as ``review.schema.json`` describes them."""
    return {
        "format": FORMAT,
        "marker": marker(review),
        "verdict": review.verdict,
        "decision": review.decision,
        "acceptable": review.acceptable,
        "capacity_checked": review.live is not None,
        "totals": _totals(review.totals),
        "findings": [_finding(finding) for finding in review.findings],
        "pools": [_pool(pool, review) for pool in review.pools],
        "stacks": [_stack(stack) for stack in review.stacks],
    }


def _amount(amount: Amount) -> dict[str, Any]:
    return {"bytes": amount.known, "of_unknown_size": amount.unknown}


def _totals(totals: Totals) -> dict[str, Any]:
    return {
        "templates_pinned": totals.pinned_templates,
        "pools_pinned": totals.pinned_pools,
        "templates_rotated": totals.rotating_templates,
        "templates_unpinned": totals.unpinned_templates,
        "pins_replaced_in_place": totals.in_place,
        "pins_staying": totals.staying_pins,
        "pins_moved": totals.moved_pins,
        "pins_deposed": totals.deposed_pins,
        "copied": _amount(totals.copied),
        "allocated": _amount(totals.allocated),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    waiver = finding.waiver
    return {
        "id": finding.id,
        "severity": finding.severity,
        "effective": finding.effective,
        "stack": finding.stack,
        "title": finding.title,
        "detail": finding.detail,
        "reason": finding.meaning,
        "repair": finding.repair,
        "subjects": [{"name": subject.name, "detail": subject.detail} for subject in finding.subjects],
        "waiver": {"reason": waiver.reason, "until": waiver.until.isoformat()} if waiver else None,
    }


def _pool(pool: PoolForecast, review: Review) -> dict[str, Any]:
    return {
        "name": pool.name,
        "id": pool.pool_id,
        "stacks": list(pool.stacks),
        "storage_tags": list(pool.storage_tags),
        "copied": _amount(pool.copied),
        "pins_allocated": {
            "before": _amount(pool.before),
            "peak": _amount(pool.peak),
            "after": _amount(pool.after),
        },
        "share": {
            "before": pool.share(pool.before),
            "peak": pool.share(pool.peak),
            "after": pool.share(pool.after),
            "limit": pool_limit(pool, review.policy.limits),
            "threshold": pool.live.allocated_threshold if pool.live else None,
        },
        "state": pool.live.state if pool.live else None,
        "leaving": [
            {
                "stack": copy.stack,
                "template": copy.template,
                "template_id": copy.template_id,
                "size": copy.size,
                "earliest_seconds": None if copy.window.never else copy.window.earliest,
                "latest_seconds": copy.window.latest,
                "never": copy.window.never,
            }
            for copy in pool.leaving
        ],
    }


def _stack(stack: StackReview) -> dict[str, Any]:
    return {
        "name": stack.name,
        "source": stack.plan.source,
        "terraform_version": stack.plan.terraform_version,
        "activation_mode": stack.facts.mode,
        "verdict": stack.verdict,
        "decision": stack.decision,
        "totals": _totals(stack.totals),
        "pins": [_pin(stack, pin, copied, allocated) for pin, copied, allocated in views.amounts(stack)],
        "drift": [
            {"address": drift.address, "actions": list(drift.actions), "changed": list(drift.changed)}
            for drift in stack.plan.drift
        ],
        "other_changes": [
            {"address": other.address, "type": other.type, "actions": list(other.actions), "own": other.own}
            for other in stack.plan.others
        ],
    }


def _pin(stack: StackReview, pin: FatedPin, copied: Amount, allocated: Amount) -> dict[str, Any]:
    change = pin.change
    return {
        "address": change.address,
        "previous_address": change.previous_address,
        "deposed": change.deposed,
        "fate": pin.fate,
        "actions": list(change.actions),
        "reason": change.reason,
        "replace_paths": list(change.replace_paths),
        "changed": list(change.changed),
        "importing": change.importing,
        "pool": None if change.state.pool is None else views.where(stack, pin),
        "copied": _amount(copied),
        "allocated": _amount(allocated),
        "before": _state(change.before),
        "after": _state(change.after),
    }


def _state(state: PinState | None) -> dict[str, Any] | None:
    if state is None:
        return None
    return {
        "set": state.set_name,
        "template": state.template,
        "template_id": state.template_id,
        "storage_tag": state.storage_tag,
        "pool": state.pool,
        "revision": state.revision,
    }
