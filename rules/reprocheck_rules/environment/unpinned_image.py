"""A container image named without a version, so that tomorrow's pull is another environment.

## Why
`python:latest`, `pytorch/pytorch` and `nvidia/cuda:runtime` move under the same name: interpreter, CUDA and system
libraries change from one build to the next, and a result can't be traced to what it ran on. A version tag moves too,
more slowly, each time it is pushed again; only a digest names one image.

## Fix
Name the version and the digest: `FROM python:3.11.9-slim-bookworm@sha256:...`. `docker buildx imagetools inspect
IMAGE` prints the digest; tools such as Renovate keep both up to date.

## Notes
A version tag without digest is a note. Stages, `scratch`, images that a file of the project builds, tags or pushes,
and names in variables without default are not reported. Looked at are Dockerfiles, compose files, Kubernetes manifests,
dev containers, and the configurations of GitHub Actions, GitLab, CircleCI and Bitbucket.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import (
    HOLE,
    Call,
    Confidence,
    DockerfileView,
    ImageReference,
    Mapping,
    Match,
    Project,
    Rule,
    Severity,
    ShellView,
    Span,
    TreeView,
    parse_image_reference,
)
from reprocheck_rules.environment.image_examples import show
from reprocheck_rules.environment.image_tags import Pinning, pinning
from reprocheck_rules.environment.image_uses import image_uses
from reprocheck_rules.environment.own_images import OwnImages, is_left_to_project, is_manifest, is_public, uses

rule = Rule("ENV007", "unpinned-image", __doc__)

_VARIABLES = re.compile(r"(^|/)\.env[^/]*$|\.env$")
_IMAGE = re.compile(r"(^|_)IMAGE$")
_REFERENCE = re.compile(r"[a-z0-9][\w.-]*(:\d+)?(/[\w.-]+)*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?")
_DEFAULT = re.compile(r"\$\{\w+:?-([^}$]*)\}")
_UNKNOWN = re.compile(r"\$|\{\{|<[^>]*>")
_VARIABLE = re.compile(r"\$\{\{[^{}]*\}\}|\$\{\w+\}|\$\w+")


@rule.on_dockerfile
def check_dockerfile(view: DockerfileView) -> Iterator[Match]:
    """Every image that a build starts from or copies from."""
    for use in view.dockerfile.image_uses():
        if use.image is None:
            yield from _unresolved(use.written, use.span)
        else:
            yield from _judge(use.image, use.span, _via(use.written, use.resolved), left=True)


def _via(written: str, resolved: str | None) -> str:
    return f" (from `{written}`)" if resolved is not None and written != resolved else ""


@rule.on_tree
def check_tree(view: TreeView) -> Iterator[Match]:
    """Every image that a configuration names, by the kind of file that it is."""
    if view.kind == "toml":
        return
    for root in view.document.roots:
        if isinstance(root, Mapping):
            for written, span in image_uses(view.path, root, view.kind):
                left = is_left_to_project(view.path) or (view.kind == "yaml" and is_manifest(root))
                yield from _judge_written(written, span, left=left)


@rule.on_project
def check_own(project: Project) -> Iterator[Match]:
    """Images with moving tags that are no well-known vendor's, except those that the project builds itself."""
    own: OwnImages | None = None
    for path, span, written in uses(project):
        resolved = _DEFAULT.sub(r"\1", written).strip()
        image = None if _UNKNOWN.search(resolved) else parse_image_reference(resolved)
        if image is not None and not is_public(image) and pinning(image) in {Pinning.UNTAGGED, Pinning.FLOATING}:
            own = own or project.once(OwnImages)
            for match in _judge(image, span, _via(written, resolved)):
                if not own.has(image):
                    yield project.match(path, match.span, match.message)


@rule.on_shell
def check_variables(view: ShellView) -> Iterator[Match]:
    """Images in files of variables, which compose files and scripts fill in."""
    if _VARIABLES.search(view.path):
        for command in view.commands:
            for assignment in command.assignments if not command.words else ():
                if _IMAGE.search(assignment.name) and _REFERENCE.fullmatch(assignment.value):
                    yield from _judge_written(assignment.value, command.span)


@rule.on_call(role="container-image")
def check_call(call: Call) -> Iterator[Match]:
    """Every image that code names for a step of a pipeline."""
    for name in call.entry.path_arguments if call.entry is not None else ():
        node = call.argument(name)
        written = call.text(node) if node is not None else None
        if node is not None and written and HOLE not in written and not call.module.is_test:
            yield from _judge_written(written, call.module.span(node))


def _judge_written(written: str, span: Span, *, left: bool = False) -> Iterator[Match]:
    resolved = _DEFAULT.sub(r"\1", written).strip()
    if resolved == "scratch":
        return
    image = None if _UNKNOWN.search(resolved) else parse_image_reference(resolved)
    if image is None:
        yield from _unresolved(resolved, span)
    else:
        yield from _judge(image, span, _via(written, resolved), left=left)


def _unresolved(written: str, span: Span) -> Iterator[Match]:
    """A reference with a variable that has no default: its tag may still be known to move, or be the variable."""
    name, colon, tag = written.rpartition(":")
    if not colon or "/" in tag:
        return
    if _VARIABLE.fullmatch(tag) and not _UNKNOWN.search(name):
        message = f"the version of `{name}` is left to `{tag}`, which has no default here"
        yield Match(span=span, message=message, confidence=Confidence.LOW)
    elif not _UNKNOWN.search(tag):
        image = parse_image_reference(_VARIABLE.sub("x", written))
        if image is not None and pinning(image) is Pinning.FLOATING:
            message = f"the tag of `{written}` moves with every release: name a version and a digest"
            yield Match(span=span, message=message)


def _judge(image: ImageReference, span: Span, via: str, *, left: bool = False) -> Iterator[Match]:
    """What is open about an image; `left` leaves it to `check_own` whether an unknown name is one of the project's."""
    found = pinning(image)
    if left and found in {Pinning.UNTAGGED, Pinning.FLOATING} and not is_public(image):
        return
    match found:
        case Pinning.UNTAGGED:
            message = f"`{image.name}`{via} names no version: each pull takes whatever `latest` is that day"
            yield Match(span=span, message=message)
        case Pinning.FLOATING:
            message = (
                f"the tag of `{image.name}:{image.tag}`{via} moves with every release: name a version and a digest"
            )
            yield Match(span=span, message=message)
        case Pinning.MAJOR:
            message = (
                f"`{image.name}:{image.tag}`{via} becomes another Python with each minor release: name it, as in `3.12`"
            )
            yield Match(span=span, message=message)
        case Pinning.VERSION:
            message = f"`{image.name}:{image.tag}`{via} may be pushed anew under the same tag: add its digest"
            yield Match(span=span, message=message, severity=Severity.NOTE)
        case Pinning.DIGEST:
            pass


show(rule)
