"""Folders that a program has mounted into the containers that it runs in: there they exist for everybody."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from reprocheck.rulekit import Module

_VOLUMES = frozenset({"volumes", "network_file_systems"})
"""Arguments of Modal that map a folder of the container to a volume (https://modal.com/docs/guide/volumes)."""
_POINTS = frozenset({"mount_path", "mount_point", "container_path"})
"""Arguments that name such a folder: of Kubernetes' and Kubeflow's volumes, of Beam's and SkyPilot's."""


def mount_points(module: Module) -> frozenset[str]:
    """Paths that calls of the module mount something at."""
    found = {path.rstrip("/") for expression in _mounted(module) if (path := _path(expression, module))}
    return frozenset(found - {""})


def lies_in(path: str, folders: frozenset[str]) -> bool:
    """Whether a path is one of the folders or lies below one."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _mounted(module: Module) -> Iterator[ast.expr]:
    on_modal = module.imports("modal")
    for keyword in module.file.every(ast.keyword):
        if keyword.arg in _POINTS:
            yield keyword.value
        elif keyword.arg in _VOLUMES and on_modal and isinstance(keyword.value, ast.Dict):
            yield from (key for key in keyword.value.keys if key is not None)


def _path(expression: ast.expr, module: Module) -> str:
    """The path that an expression is: written out, in a `Path`, or a name that stands for one."""
    if isinstance(expression, ast.Name):
        values = [
            node.value
            for node in module.file.every(ast.Assign)
            if any(isinstance(target, ast.Name) and target.id == expression.id for target in node.targets)
        ]
        expression = values[0] if len(values) == 1 else expression
    match expression:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[inner]) if name.endswith("Path"):
            expression = inner
    return module.text(expression) or ""
