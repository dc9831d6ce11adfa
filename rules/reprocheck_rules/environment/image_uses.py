"""Where configurations of containers and build services name images."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import Mapping, Node, Scalar, Sequence, Span, walk

COMPOSE = re.compile(r"(^|/)(docker-)?compose([.-][\w.-]+)?\.ya?ml$|(^|/)[\w.-]*docker-compose[\w.-]*\.ya?ml$")
"""Compose files."""
_WORKFLOW = re.compile(r"(^|/)\.github/workflows/[^/]+\.ya?ml$|(^|/)\.gitea/workflows/[^/]+\.ya?ml$")
_ACTION = re.compile(r"(^|/)action\.ya?ml$")
_GITLAB = re.compile(r"(^|/)[\w.-]*\.?gitlab-ci[\w.-]*\.ya?ml$|(^|/)\.gitlab/[\w./-]+\.ya?ml$")
_CIRCLE = re.compile(r"(^|/)\.circleci/[^/]+\.ya?ml$")
_BITBUCKET = re.compile(r"(^|/)bitbucket-pipelines\.ya?ml$")
DEVCONTAINER = re.compile(r"(^|/)\.?devcontainer(/[\w.-]+)*/?(devcontainer)?\.json$|(^|/)\.devcontainer\.json$")
_GITPOD = re.compile(r"(^|/)\.gitpod\.ya?ml$")
_MLPROJECT = re.compile(r"(^|/)MLproject$")
_HELM = re.compile(r"(^|/)values[\w.-]*\.ya?ml$")
_TERRAFORM_CONTAINERS = frozenset({"container", "containers", "init_container", "primary_container"})
_MATRIX = re.compile(r"\$\{\{\s*matrix\.([\w-]+)\s*\}\}")
_CONTAINER_KEYS = frozenset({"containers", "initContainers", "ephemeralContainers", "container", "script", "sidecars"})

Use = tuple[str, Span]
"""An image as written, and where."""


def image_uses(path: str, root: Mapping, kind: str) -> Iterator[Use]:
    """Images of one YAML or JSON document, by the kind of file that `path` says it is."""
    if kind == "snakemake":
        yield from _snakemake(root)
    elif kind == "terraform":
        yield from _terraform(root)
    elif kind == "json":
        if DEVCONTAINER.search(path):
            yield from _text(root.get("image"))
    elif COMPOSE.search(path):
        yield from _compose(root)
    elif _WORKFLOW.search(path):
        yield from _workflow(root)
    elif _ACTION.search(path) and isinstance(runs := root.get("runs"), Mapping):
        yield from _docker_urls(runs.get("image"))
        yield from _steps(runs.get("steps"))
    elif _GITPOD.search(path):
        yield from _text(root.get("image"))
    elif _MLPROJECT.search(path) and isinstance(environment := root.get("docker_env"), Mapping):
        yield from _text(environment.get("image"))
    elif _HELM.search(path):
        yield from _helm(root)
    elif _GITLAB.search(path):
        yield from _gitlab(root)
    elif _CIRCLE.search(path) or _BITBUCKET.search(path):
        yield from _anywhere(root)
    elif (root.get("apiVersion") is not None and root.get("kind") is not None) or _is_component(root):
        yield from _kubernetes(root)


def _anywhere(root: Mapping) -> Iterator[Use]:
    """Every image, except the service's own virtual machines."""
    for keys, node in walk(root):
        if isinstance(node, Mapping) and keys[-1:] != ("machine",):
            yield from _named(node.get("image"))


def _text(node: Node | None) -> Iterator[Use]:
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.value:
        yield node.value, node.span


def _named(node: Node | None) -> Iterator[Use]:
    """An image as text, or as a mapping with its name."""
    if isinstance(node, Mapping):
        yield from _text(node.get("name") or node.get("image"))
    else:
        yield from _text(node)


def _compose(root: Mapping) -> Iterator[Use]:
    services = root.get("services")
    if not isinstance(services, Mapping):
        return
    found: list[Use] = []
    built: set[str] = set()
    for entry in services.entries:
        if isinstance(entry.value, Mapping):
            images = list(_text(entry.value.get("image")))
            if entry.value.get("build") is not None:
                built.update(written for written, _ in images)
            else:
                found.extend(images)
    yield from (use for use in found if use[0] not in built)


def _workflow(root: Mapping) -> Iterator[Use]:
    jobs = root.get("jobs")
    for entry in jobs.entries if isinstance(jobs, Mapping) else ():
        job = entry.value
        if not isinstance(job, Mapping):
            continue
        for written, span in _named(job.get("container")):
            key = _MATRIX.fullmatch(written)
            yield from [(written, span)] if key is None else dict(_of_matrix(job, key[1])).items()
        services = job.get("services")
        for service in services.entries if isinstance(services, Mapping) else ():
            yield from _named(service.value)
        yield from _steps(job.get("steps"))


def _of_matrix(job: Mapping, key: str) -> Iterator[Use]:
    """The values that a key of a job's matrix takes."""
    strategy = job.get("strategy")
    matrix = strategy.get("matrix") if isinstance(strategy, Mapping) else None
    if not isinstance(matrix, Mapping):
        return
    values = matrix.get(key)
    for value in values.items if isinstance(values, Sequence) else ():
        yield from _text(value)
    included = matrix.get("include")
    for combination in included.items if isinstance(included, Sequence) else ():
        if isinstance(combination, Mapping):
            yield from _text(combination.get(key))


def _steps(node: Node | None) -> Iterator[Use]:
    for step in node.items if isinstance(node, Sequence) else ():
        if isinstance(step, Mapping):
            yield from _docker_urls(step.get("uses"))


def _docker_urls(node: Node | None) -> Iterator[Use]:
    for written, span in _text(node):
        if written.startswith("docker://"):
            yield written.removeprefix("docker://"), span


def _gitlab(root: Mapping) -> Iterator[Use]:
    for section in (root, *(entry.value for entry in root.entries)):
        if not isinstance(section, Mapping):
            continue
        yield from _named(section.get("image"))
        services = section.get("services")
        for service in services.items if isinstance(services, Sequence) else ():
            yield from _named(service)


def _is_component(root: Mapping) -> bool:
    """Whether this is a Kubeflow component, which has no apiVersion."""
    implementation = root.get("implementation")
    return isinstance(implementation, Mapping) and isinstance(implementation.get("container"), Mapping)


def _snakemake(root: Mapping) -> Iterator[Use]:
    """Images of a workflow and of its rules."""
    for path, node in walk(root):
        if path and path[-1] in ("container", "singularity", "containerized") and isinstance(node, Scalar):
            yield from _docker_urls(node)


def _terraform(root: Mapping) -> Iterator[Use]:
    """Images of containers; an `image` elsewhere is a virtual machine's."""
    for path, node in walk(root):
        if not isinstance(node, Mapping):
            continue
        if any(str(part) in _TERRAFORM_CONTAINERS for part in path[-1:]):
            yield from _text(node.get("image"))
        yield from _text(node.get("image_uri"))
        if path[:2] == ("resource", "docker_image"):
            yield from _text(node.get("name"))


def _helm(root: Mapping) -> Iterator[Use]:
    """Images of a chart's values: a repository with a tag beside it; without a tag it is the version of the chart."""
    for path, node in walk(root):
        if not isinstance(node, Mapping) or not path or "image" not in str(path[-1]).lower():
            continue
        repository, tag = node.get("repository"), node.get("tag")
        if (
            isinstance(repository, Scalar)
            and isinstance(tag, Scalar)
            and isinstance(repository.value, str)
            and tag.value
        ):
            registry = node.get("registry")
            prefix = f"{registry.value}/" if isinstance(registry, Scalar) and registry.value else ""
            yield f"{prefix}{repository.value}:{tag.value}", tag.span


def _kubernetes(root: Mapping) -> Iterator[Use]:
    for path, node in walk(root):
        if isinstance(node, Mapping) and any(part in _CONTAINER_KEYS for part in path[-2:]):
            yield from _text(node.get("image"))
