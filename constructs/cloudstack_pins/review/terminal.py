"""The review on a terminal, short: verdict, danger, the table, the pools that change."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloudstack_pins.plain import plain
from cloudstack_pins.review import views
from cloudstack_pins.review.judgement import Finding, Review

_STYLES = {"safe": "bold green", "look": "bold yellow", "refused": "bold red"}
_FINDING_STYLES = {"refused": "red", "warning": "yellow", "info": "dim"}
_ROWS = 40
_SUBJECTS = 8


def print_review(review: Review, console: Console) -> None:
    """Print the review; names from outside are shown and not obeyed."""
    _say(console, Text(review.verdict, style=_STYLES[review.decision]))
    if not review.totals.changes:
        _say(console, Text("Terraform cannot see a pin whose copy has lapsed; `cloudstack-pins status` can"))
    for stack in review.stacks if len(review.stacks) > 1 else ():
        _say(console, Text.assemble(("  " + plain(stack.name), _STYLES[stack.decision]), f"  {stack.verdict}"))
    for finding in review.findings:
        _print_finding(finding, console, several=len(review.stacks) > 1)
    for stack in review.stacks:
        found = views.matrix(stack)
        if found.rows:
            title = f"template x pool of {stack.name}" if len(review.stacks) > 1 else None
            _print_table(found.header, list(found.rows), console, title)
    rows = views.pool_rows(review)
    if review.live:
        _print_table(views.POOL_HEADER, rows, console, None)
    elif rows:
        _print_table(views.POOL_HEADER[:5], [row[:5] for row in rows], console, None)
    for template, pool, size, window in views.leaving_rows(review):
        _say(console, Text(plain(f"the copy of {template} on {pool} ({size}) goes {window}")))


def _print_finding(finding: Finding, console: Console, *, several: bool) -> None:
    style = _FINDING_STYLES[finding.effective]
    of = f" in {plain(finding.stack)}" if several and finding.stack else ""
    detail = f" ({plain(finding.detail)})" if finding.detail else ""
    waived = f" [waived until {finding.waiver.until}: {plain(finding.waiver.reason)}]" if finding.waiver else ""
    _say(console, Text.assemble((finding.effective, style), f" {finding.title}{detail}{of}{waived} ({finding.id})"))
    for subject in finding.subjects[:_SUBJECTS]:
        _say(console, Text(f"    {plain(subject.name)}{f': {plain(subject.detail)}' if subject.detail else ''}"))
    if len(finding.subjects) > _SUBJECTS:
        _say(console, Text(f"    and {len(finding.subjects) - _SUBJECTS} more"))
    if finding.effective != "info":
        _say(console, Text(f"    repair: {finding.repair}"))


def _print_table(header: tuple[str, ...], rows: list[tuple[str, ...]], console: Console, title: str | None) -> None:
    table = Table(box=box.SIMPLE, title=Text(plain(title)) if title else None, title_justify="left", pad_edge=False)
    for name in header:
        table.add_column(Text(plain(name)), overflow="fold")
    for row in rows[:_ROWS]:
        table.add_row(*(Text(plain(cell)) for cell in row))
    console.print(table)
    if len(rows) > _ROWS:
        _say(console, Text(f"and {len(rows) - _ROWS} more rows; --markdown, --json and --html have them"))


def _say(console: Console, text: Text) -> None:
    """Print a line as it is: a log has no width, and a person's terminal wraps by itself."""
    console.print(text, soft_wrap=True)
