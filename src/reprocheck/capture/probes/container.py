"""Whether the run is in a container, and what says which."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from reprocheck.model.record import Container, Gap

VARIABLE = "REPROCHECK_IMAGE"
"""Whoever starts a container knows its image; nothing inside of it does."""
_IN_PATHS = re.compile(r"(?:docker|containers|libpod|cri-containerd|crio|kubepods)[-/:][^\s]*?([0-9a-f]{64})")


def container(environment: Mapping[str, str], root: Path = Path("/")) -> tuple[Container | None, tuple[Gap, ...]]:
    """The container that this process is in; `root` is where the system's files are looked for."""
    found = _told(_find(environment, root), environment.get(VARIABLE, ""))
    if found is None or found.image_digest:
        return found, ()
    gap = Gap(
        "environment.container",
        f"nothing inside the {found.kind} container says which image it was made from",
        f"It has to be told, as the variable {VARIABLE}, or the engine has to know the container still when replaying",
    )
    return found, (gap,)


def _told(found: Container | None, image: str) -> Container | None:
    """What the user says of the image: `NAME@DIGEST`, a digest or id alone, or a name alone."""
    if found is None or not image:
        return found
    name, _, digest = image.rpartition("@")
    if not image.rpartition("@")[2].startswith("sha256:"):
        name, digest = image, ""
    return msgspec.structs.replace(
        found, image=name or found.image, image_digest=digest or found.image_digest, source=VARIABLE
    )


def _find(environment: Mapping[str, str], root: Path) -> Container | None:
    identity = _identity(root)
    podman = root / "run" / ".containerenv"
    if podman.is_file():
        facts = _facts(podman)
        return Container(
            kind="podman",
            id=facts.get("id", identity),
            image=facts.get("image", ""),
            image_digest=facts.get("imageid", ""),
            source="/run/.containerenv",
        )
    for name in ("APPTAINER_CONTAINER", "SINGULARITY_CONTAINER"):
        if image := environment.get(name):
            return Container(kind="singularity", image=image, source=name)
    if environment.get("KUBERNETES_SERVICE_HOST"):
        return Container(kind="kubernetes", id=identity, source="KUBERNETES_SERVICE_HOST")
    if (root / ".dockerenv").exists():
        return Container(kind="docker", id=identity, source="/.dockerenv")
    if identity:
        return Container(kind="unknown", id=identity, source="/proc/self/mountinfo")
    if kind := environment.get("container"):  # systemd's convention for lxc, nspawn and others
        return Container(kind=kind, source="variable container")
    return None


def _identity(root: Path) -> str:
    """The id of the container, which shows in the paths of its control group and of files mounted into it."""
    for name in ("proc/self/cgroup", "proc/self/mountinfo"):
        try:
            text = (root / name).read_text("utf-8", "replace")
        except OSError:
            continue
        if match := _IN_PATHS.search(text):
            return match[1]
    return ""


def _facts(path: Path) -> dict[str, str]:
    facts = {}
    try:
        for line in path.read_text("utf-8", "replace").splitlines():
            name, _, value = line.partition("=")
            facts[name.strip()] = value.strip().strip('"')
    except OSError:
        return {}
    return facts
