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

_NEAR = 500
"""Characters on each side of a problem that are looked at."""


def is_of_template(problem: Problem, source: SourceText) -> bool:
    """Whether what could not be read is a tag that is filled in first, or all of the file is for filling in."""
    if _PLACEHOLDER.search(source.path):
        return True
    line, column = problem.span.line, problem.span.column
    near = (source.line(number) for number in range(max(1, line - 1), line + 1))
    return any(_TAG.search(text[max(0, column - _NEAR) : column + _NEAR]) for text in near)
