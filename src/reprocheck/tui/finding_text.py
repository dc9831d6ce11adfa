"""A finding in words: what stands over the code, and why it matters."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reprocheck.model.finding import Finding
from reprocheck.model.fix import Fix, Safety
from reprocheck.model.rule_info import FAMILIES, RuleInfo
from reprocheck.report.places import person_place
from reprocheck.report.visible import visible
from reprocheck.tui.state.decisions import Decision


def head_text(finding: Finding, decision: Decision, step: int, notes: tuple[str, str] = ("", "")) -> Text:
    """What it is, how sure, what somebody has decided; and where the walk along its trail has come to.

    `notes`: what it may explain, and why what is shown isn't what is on disk.
    """
    explains, problem = notes
    text = Text()
    text.append(finding.severity.value, "bold")
    text.append(f" {visible(finding.code)}", "bold")
    text.append(f" {visible(finding.rule)}, {finding.confidence.value} confidence", "")
    evidence = "" if finding.evidence == "untested" else f", {visible(finding.evidence)}"
    text.append(evidence)
    if decision.state != "open":
        text.append(f"  [{decision.state}]", "bold")
        text.append(f" {visible(decision.reason)}" if decision.reason else "")
    if explains:
        text.append(f"\nmay explain: {visible(explains)}", "italic")
    text.append(f"\n{visible(finding.message)}")
    places = len(finding.trail)
    if step and places:
        here = finding.trail[step - 1]
        text.append(f"\n{step} of {places}: ", "bold")
        text.append(f"{person_place(here.place)}", "bold")
        text.append(f" {visible(here.message)}")
    else:
        text.append(f"\n{person_place(finding.place)}", "bold")
        text.append(f" in {visible(finding.symbol)}" if finding.symbol else "")
        if places:
            text.append(f"  (trail of {places}: n goes there)" if places > 1 else "  (n goes to the place behind it)")
        if finding.fix is not None:
            text.append(f"  ({'safe' if finding.fix.safety is Safety.SAFE else 'unsafe'} fix: d shows it)")
    if problem:
        text.append(f"\n{problem}", "italic")
    return text


def why_markdown(info: RuleInfo) -> str:
    """The page of a rule."""
    family = FAMILIES.get(info.family, info.family)
    parts = [f"# {info.code} {info.name}", f"*{info.severity} · {info.confidence} confidence · {family}*", info.summary]
    for title, body in (("Why", info.why), ("How to repair it", info.fix), ("Notes", info.notes)):
        if body:
            parts.append(f"## {title}\n\n{body}")
    return "\n\n".join(parts)


def fix_text(fix: Fix, patch: str, refused: str) -> RenderableType:
    """What would be done, how safe it is, and the diff; signs stand beside the colours, alone in their column."""
    safe = "safe" if fix.safety is Safety.SAFE else "unsafe: it changes numbers, speed or an interface"
    head = Text(visible(fix.title), "bold")
    head.append(f"  ({safe})   r carries it out", "not bold")
    if refused:
        head.append(f"\nIt can't be done here: {visible(refused)}", "bold")
    diff = Table.grid()
    diff.add_column(no_wrap=True, width=1)
    diff.add_column(overflow="fold")
    for line in patch.splitlines():
        if line.startswith(("diff ", "--- ", "new file")):
            continue
        if line.startswith("+++ "):
            diff.add_row("", Text(visible(line[6:]), "bold"))
        elif line.startswith("@"):
            diff.add_row("", Text(visible(line), "cyan"))
        else:
            style = {"+": "green", "-": "red"}.get(line[:1], "")
            diff.add_row(Text(line[:1], style), Text(visible(line[1:]), style))
    return Group(head, diff)
