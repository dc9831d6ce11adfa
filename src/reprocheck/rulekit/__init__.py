"""All that a rule may import.

A rule module defines `rule = Rule(code, name, __doc__, ...)`, registers checks with `@rule.on_call(...)` and its
kin, and shows what it means with `rule.flags(...)` and `rule.allows(...)`.
"""

from reprocheck.model.finding import Confidence, Severity
from reprocheck.model.fix import (
    AddImport,
    DropUnused,
    Edit,
    Fix,
    FoldName,
    InsertStatements,
    KeepBranch,
    MoveStatements,
    RemoveArgument,
    ReplaceExpression,
    ReplaceStatements,
    ReplaceText,
    Safety,
    SetArgument,
    Where,
    WrapExpression,
    WriteFile,
)
from reprocheck.model.place import WHOLE_FILE, Span
from reprocheck.project.documents.dockerfile import Dockerfile, Instruction, Stage, shell_commands
from reprocheck.project.documents.image_reference import ImageReference, parse_image_reference
from reprocheck.project.documents.scripts import line_commands, script_commands
from reprocheck.project.documents.shell import ShellCommand, ShellWord
from reprocheck.project.documents.tree import Document, Entry, Mapping, Node, Scalar, Sequence, walk
from reprocheck.project.python.file import reaching
from reprocheck.project.python.scopes import Binding, CallSite, Kind, Scope
from reprocheck.project.python.values import HOLE
from reprocheck.project.secrets import find_secrets
from reprocheck.project.tests_by_name import is_test_path
from reprocheck.rulekit.catalog import Catalog, CatalogEntry
from reprocheck.rulekit.match import Match, Note
from reprocheck.rulekit.module import ABSENT, UNKNOWN, Call, Module
from reprocheck.rulekit.name_uses import NameUses
from reprocheck.rulekit.practice import Practice, not_applicable
from reprocheck.rulekit.project import Project
from reprocheck.rulekit.rule import Rule
from reprocheck.rulekit.views import DockerfileView, NotebookView, RequirementsView, ShellView, TreeView

VERSION = 1
"""Raised when a rule written for an earlier one would no longer work."""

__all__ = [
    "ABSENT",
    "HOLE",
    "UNKNOWN",
    "VERSION",
    "WHOLE_FILE",
    "AddImport",
    "Binding",
    "Call",
    "CallSite",
    "Catalog",
    "CatalogEntry",
    "Confidence",
    "Dockerfile",
    "DockerfileView",
    "Document",
    "DropUnused",
    "Edit",
    "Entry",
    "Fix",
    "FoldName",
    "ImageReference",
    "InsertStatements",
    "Instruction",
    "KeepBranch",
    "Kind",
    "Mapping",
    "Match",
    "Module",
    "MoveStatements",
    "NameUses",
    "Node",
    "Note",
    "NotebookView",
    "Practice",
    "Project",
    "RemoveArgument",
    "ReplaceExpression",
    "ReplaceStatements",
    "ReplaceText",
    "RequirementsView",
    "Rule",
    "Safety",
    "Scalar",
    "Scope",
    "Sequence",
    "SetArgument",
    "Severity",
    "ShellCommand",
    "ShellView",
    "ShellWord",
    "Span",
    "Stage",
    "TreeView",
    "Where",
    "WrapExpression",
    "WriteFile",
    "find_secrets",
    "is_test_path",
    "line_commands",
    "not_applicable",
    "parse_image_reference",
    "reaching",
    "script_commands",
    "shell_commands",
    "walk",
]
