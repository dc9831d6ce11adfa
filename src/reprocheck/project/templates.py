"""Files that a tool fills in before anything reads them: templates of cookiecutter, Copier, Jinja and Helm."""

from __future__ import annotations

import re

from reprocheck.project.source import Problem, SourceText

_PLACEHOLDER = re.compile(r"\{\{.+?\}\}|\{%.+?%\}")
"""A part of a path that is filled in."""
_TAG = re.compile(
    r"\{%[-+]?\s*(if|elif|else|for|raw|set|macro|block|extends|include|import|from|end\w+)\b.*%\}|"
    r"\{\{-?\s*((cookiecutter|copier|_copier\w*)\.|\.(Values|Release|Chart|Capabilities|Files|Template)\b|"
    r"(if|else|end|range|with|define|include|template|toYaml|printf|default)\b)|"
    r"^\s*\{\{-?\s*/\*"
)


def is_of_template(problem: Problem, source: SourceText) -> bool:
    """Whether what could not be read is a tag that is filled in first, or all of the file is for filling in."""
    if _PLACEHOLDER.search(source.path):
        return True
    near = source.text.splitlines()[max(0, problem.span.line - 2) : problem.span.line]
    return any(_TAG.search(line) for line in near)
