"""The review as one HTML page that needs nothing else: no script, no font, no request; light and dark."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from cloudstack_pins.plain import plain
from cloudstack_pins.review import views
from cloudstack_pins.review.judgement import Review
from cloudstack_pins.review.words import actions_in_words, change_in_words, reason_in_words


def to_html(review: Review) -> str:
    """Return the page, the same for the same input."""
    template = _environment().get_template("review.html.j2")
    return template.render(
        review=review,
        several=len(review.stacks) > 1,
        matrices=[(stack, views.matrix(stack)) for stack in review.stacks],
        pool_header=views.POOL_HEADER if review.live else views.POOL_HEADER[:5],
        pools=[row if review.live else row[:5] for row in views.pool_rows(review)],
        rotation_order=views.rotation_in_words(review),
        rotations=[rotation for stack in review.stacks for rotation in views.rotations(stack)],
        leaving=list(views.leaving_rows(review)),
        changed=[(stack, views.changed_pins(stack)) for stack in review.stacks],
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cloudstack_pins.review"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        autoescape=True,
        finalize=_shown,
    )
    environment.filters.update(clause=change_in_words, acts=actions_in_words, because=reason_in_words)
    return environment


def _shown(value: Any) -> Any:
    """Show control characters and bidirectional marks of outside text instead of obeying them."""
    return plain(value) if type(value) is str else value
