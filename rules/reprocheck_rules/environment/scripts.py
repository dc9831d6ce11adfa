"""Where CI configurations and notebooks hand commands to a shell."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import (
    Mapping,
    Node,
    NotebookView,
    Scalar,
    Sequence,
    ShellCommand,
    TreeView,
    line_commands,
    script_commands,
    walk,
)

CI_FILE = re.compile(
    r"(^|/)\.(github|gitea)/(workflows|actions)/.+\.ya?ml$|(^|/)action\.ya?ml$|(^|/)[\w.-]*\.?gitlab-ci[\w.-]*\.ya?ml$"
    r"|(^|/)\.gitlab/[\w./-]+\.ya?ml$|(^|/)\.circleci/[^/]+\.ya?ml$|(^|/)bitbucket-pipelines\.ya?ml$"
    r"|(^|/)[\w.-]*azure-pipelines[\w.-]*\.ya?ml$|(^|/)\.travis\.ya?ml$|(^|/)\.buildkite/[^/]+\.ya?ml$"
)
"""Configurations of build services."""
_SCRIPT_KEYS = frozenset(
    {"run", "script", "before_script", "after_script", "install", "before_install", "bash", "command", "commands"}
)


def ci_scripts(view: TreeView) -> Iterator[tuple[ShellCommand, ...]]:
    """Scripts of a build service's configuration, each with its commands."""
    if view.kind != "yaml" or CI_FILE.search(view.path) is None:
        return
    for root in view.document.roots:
        for path, node in walk(root):
            if isinstance(node, Mapping) and path[-1:] != ("defaults",):
                for entry in node.entries:
                    if entry.key.value in _SCRIPT_KEYS:
                        yield from _of_node(view, entry.value)


def _of_node(view: TreeView, node: Node) -> Iterator[tuple[ShellCommand, ...]]:
    texts = node.items if isinstance(node, Sequence) else (node,)
    commands = [
        command
        for text in texts
        if isinstance(text, Scalar) and isinstance(text.value, str)
        for command in script_commands(view.source, text)
    ]
    if commands:
        yield tuple(commands)


def notebook_commands(view: NotebookView) -> Iterator[ShellCommand]:
    """Commands that cells hand to a shell, placed in the notebook's file."""
    for line in view.notebook.shell_lines:
        yield from line_commands(view.notebook.file, line.text, line.place.span)
