"""A GPU project leaves open which CUDA build of its framework is installed, or where the build lies that it names.

## Why
The same version of PyTorch comes in several builds, for CPUs and for several CUDA releases, with other kernels, other
cuDNN and other numbers. Which one `torch>=2` brings depends on the day, the index and the machine, and may not be the
CUDA of the image around it.

## Fix
Name the build: an exact version with the index of that CUDA release (`--extra-index-url
https://download.pytorch.org/whl/cu121`), a local version (`torch==2.4.1+cu121`), `pytorch-cuda=12.1` or
`cuda-version=12.4` with conda, `jax[cuda12]==0.4.35`; or a lock that records it.

## Notes
Reported only where the project uses GPUs by its own files: a base image with CUDA, a compose file that reserves a GPU,
an index of CUDA builds, or CUDA packages of conda. An exact version from the default index has one build and is not
reported unless it is made for another major release of CUDA than the image (medium confidence, since the wheel brings
its own libraries and works unless code is compiled against the image's). Files for development and extras are left
out. Beside a versioned image of PyTorch, whose build pip keeps as long as it fits, the confidence is low.

`torch==1.13.1+cu116` stands in no index that pip asks by itself. Such a list is reported in every project where no
list, command or image names an index beside the default one; of low confidence where a page does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import Confidence, Match, Note, Project, Rule, Span
from reprocheck.rulekit.dependencies import Dependency, DependencyFacts, SourceKind, is_exact
from reprocheck_rules.environment.declared import home
from reprocheck_rules.environment.interpreters import images
from reprocheck_rules.environment.manifests import is_auxiliary, is_development, is_library, manifests
from reprocheck_rules.environment.pages import Pages, text_of_page

rule = Rule("ENV015", "cuda-not-recorded", __doc__)

_FRAMEWORKS = frozenset({"torch", "pytorch", "jax", "jaxlib", "cupy", "mxnet", "paddlepaddle-gpu", "dgl"})
_CUDA_IMAGE = re.compile(
    r"nvidia/cuda|(?:^|/)pytorch/pytorch|cuda-?(\d+)|(?:^|[-_:/])cu(\d{2})\d\b|nvcr\.io/nvidia/(?:pytorch|jax|tensorflow)|-gpu\b"
)
_BRINGS_TORCH = re.compile(r"(?:nvidia|`|/)/?pytorch(?:/pytorch)?:(?!latest)[\w.-]*\d")
_IMAGE_CUDA = re.compile(r"nvidia/cuda\w*:(\d+)\.(\d+)|cuda-?(\d+)\.(\d+)")
_BUILD_INDEX = re.compile(r"/(?:cu\d{2,3}|rocm[\d.]+|cpu)/?$|jax_cuda_releases|torch_stable|/whl/cu")
_GPU_INDEX = re.compile(r"/cu\d{2,3}/?$|jax_cuda_releases|pypi\.nvidia")
_LOCAL = re.compile(r"\+(?:cu|rocm|cpu|cuda)\w*")
_BUILD = re.compile(r"===?\s*[\w.]+\+(?:pt[\d.]+)?(?:cu|rocm|cpu)[\w.]*")
"""An exact version with a build that the default index has for no framework."""
_INDEX_OPTION = re.compile(r"^(?:-f|-i|--find-links|--extra-index-url|--index-url|--index|--default-index)(?:=|$)")
_BESIDE_REQUIREMENT = re.compile(
    rb"(?:(?:^|\s)-f|--find-links|--(?:extra-)?index-url)[\s=]+http|tool\.(?:poetry|pdm)\.source", re.MULTILINE
)
"""An index or a page of links, on a line of its own or behind a requirement, or in a table of the project file."""
_READ = 200_000
"""Bytes of a list that are looked at."""
_CONDA_CUDA = frozenset(
    {"pytorch-cuda", "cudatoolkit", "cuda", "cuda-toolkit", "cuda-version", "cuda-runtime", "cpuonly"}
)
_DEFAULT_CUDA = {
    "1.4": "10", "1.5": "10", "1.6": "10", "1.7": "10", "1.8": "10", "1.9": "10", "1.10": "10", "1.11": "10",
    "1.12": "10", "1.13": "11", "2.0": "11", "2.1": "12", "2.2": "12", "2.3": "12", "2.4": "12", "2.5": "12",
    "2.6": "12", "2.7": "12", "2.8": "12",
}  # fmt: skip
"""CUDA release of the Linux wheels of PyTorch in the default index.

Source: release notes of PyTorch and `torch.version.cuda` of the wheels.
"""
_EXACT = re.compile(r"===?\s*(\d+\.\d+)")


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Frameworks in manifests of folders that use GPUs."""
    for manifest in manifests(project):
        if is_auxiliary(manifest) or manifest.kind is SourceKind.PIXI or is_library(project, manifest):
            continue
        yield from _nowhere(project, manifest)
        reason, major = _uses_gpu(project, manifest)
        if reason is None or _names_build(project, manifest):
            continue
        for dependency in manifest.dependencies:
            if _is_framework(dependency):
                yield from _judge(project, manifest, dependency, reason, major)
                break


def _nowhere(project: Project, manifest: DependencyFacts) -> Iterator[Match]:
    """Builds by name, in a list that no index with builds is named for."""
    found = [
        dependency
        for dependency in manifest.dependencies
        if not dependency.conda and not dependency.url and _BUILD.search(dependency.specifier)
    ]
    if not found or project.index.dependencies.lock_of(manifest, found[0]) is not None or _has_index(project, manifest):
        return
    first = found[0]
    name = f"{first.name}{first.specifier}"
    told = any(project.once(Pages).of_each(_names_wheels))
    yield project.match(
        manifest.path,
        first.span,
        f"`{name}` names a build that the default index does not have, and no index that has it: "
        "it can't be installed from here",
        confidence=Confidence.LOW if told else None,
        trail=[project.note(manifest.path, other.span, f"`{other.name}{other.specifier}`") for other in found[1:]],
    )


def _names_wheels(project: Project, path: str) -> Iterator[bool]:
    text = text_of_page(project, path)
    if "download.pytorch.org/whl" in text or "data.pyg.org/whl" in text:
        yield True


def _has_index(project: Project, manifest: DependencyFacts) -> bool:
    """Whether the list, what it includes, or a command of the project names an index beside the default one."""
    sources = [manifest, *(source for source, _ in project.index.dependencies.included(manifest))]
    if any(source.indexes for source in sources):
        return True
    if _BESIDE_REQUIREMENT.search(project.index.tree.head(manifest.path, _READ) or b""):
        return True
    return any(_INDEX_OPTION.search(word) or _BUILD_INDEX.search(word) for word in _words(project))


def _is_framework(dependency: Dependency) -> bool:
    beside = is_development(dependency.group) or dependency.marker == "optional" or bool(dependency.url)
    return dependency.name in _FRAMEWORKS and not beside and not any("cuda" in extra for extra in dependency.extras)


def _judge(
    project: Project, manifest: DependencyFacts, dependency: Dependency, reason: Note, major: str
) -> Iterator[Match]:
    if _LOCAL.search(dependency.specifier):
        return
    if not is_exact(dependency.specifier):
        if project.index.dependencies.lock_of(manifest, dependency) is None:
            message = f"`{dependency.name}{dependency.specifier}` leaves its CUDA build open, while GPUs are used here"
            # pip keeps the build of the image as long as its version fits.
            kept = dependency.name == "torch" and _BRINGS_TORCH.search(reason.message) is not None
            confidence = Confidence.LOW if kept else None
            yield project.match(manifest.path, dependency.span, message, confidence=confidence, trail=[reason])
        return
    if dependency.conda:
        message = f"`{dependency.name}{dependency.specifier}` leaves its CUDA build to conda, while GPUs are used here"
        yield project.match(manifest.path, dependency.span, message, trail=[reason])
        return
    version = _EXACT.search(dependency.specifier)
    build = _DEFAULT_CUDA.get(version[1]) if version is not None and dependency.name == "torch" else None
    if build is not None and major and build != major:
        message = (
            f"`torch{dependency.specifier}` of the default index is built for CUDA {build}, the image has CUDA {major}"
        )
        yield project.match(manifest.path, dependency.span, message, confidence=Confidence.MEDIUM, trail=[reason])


def _names_build(project: Project, manifest: DependencyFacts) -> bool:
    """Whether the manifest, what it includes, or an install command of the project names builds."""
    sources = [manifest, *(source for source, _ in project.index.dependencies.included(manifest))]
    if any(_BUILD_INDEX.search(index.url) for source in sources for index in source.indexes):
        return True
    if any(dependency.name in _CONDA_CUDA for source in sources for dependency in source.dependencies):
        return True
    named = (
        _BUILD_INDEX.search(word) or (_LOCAL.search(word) and word.startswith("torch")) for word in _words(project)
    )
    return any(named)


def _words(project: Project) -> tuple[str, ...]:
    """Words of commands that may name an index or a build, in order."""
    return project.once(_all_words)


def _all_words(project: Project) -> tuple[str, ...]:
    return tuple(dict.fromkeys(project.of_documents(_words_in)))


def _words_in(project: Project, path: str) -> Iterator[str]:
    for command in project.index.documents[path].commands:
        for word in command.words:
            if _INDEX_OPTION.search(word) or _BUILD_INDEX.search(word) or _LOCAL.search(word):
                yield word


class _Reserved(NamedTuple):
    """A place where a document reserves a GPU."""

    path: str
    span: Span


def _reserved(project: Project) -> dict[str, _Reserved]:
    """The first of those that speak for a folder, by folder."""
    found: dict[str, _Reserved] = {}
    for place in project.of_documents(_reserved_in):
        found.setdefault(home(place.path), place)
    return found


def _reserved_in(project: Project, path: str) -> Iterator[_Reserved]:
    for setting in project.index.documents[path].settings:
        last = setting.key.rpartition(".")[2]
        if (
            (last == "runtime" and setting.value == "nvidia")
            or setting.key.endswith("nvidia.com/gpu")
            or (".devices." in setting.key and setting.value in {"nvidia", "gpu"})
        ):
            yield _Reserved(path, setting.span)
            return


def _uses_gpu(project: Project, manifest: DependencyFacts) -> tuple[Note | None, str]:
    """What says that GPUs are used where a manifest holds, and the major release of the image's CUDA."""
    folder = home(manifest.path)
    for path, name, span in images(project):
        if _CUDA_IMAGE.search(name) and home(path) == folder:
            cuda = _IMAGE_CUDA.search(name)
            note = project.note(path, span, f"the image `{name}` brings CUDA")
            return note, (cuda[1] or cuda[3]) if cuda is not None else ""
    reserved = project.once(_reserved).get(folder)
    if reserved is not None:
        return project.note(reserved.path, reserved.span, "a GPU is reserved here"), ""
    for dependency in manifest.dependencies:
        if dependency.name.endswith(("-cu11", "-cu12", "-cuda11x", "-cuda12x")) or dependency.name in {
            "flash-attn", "bitsandbytes", "nvidia-dali-cuda110", "nvidia-dali-cuda120",
        }:  # fmt: skip
            return project.note(manifest.path, dependency.span, f"`{dependency.name}` needs CUDA"), ""
    return None, ""


_LOOSE = "torch>=2.0  # expect: ENV015\nnumpy==1.26.4\n"
rule.flags({"Dockerfile": "FROM nvidia/cuda:12.6.2-runtime-ubuntu24.04\nCOPY . .\n", "requirements.txt": _LOOSE})
rule.flags(
    {
        "docker/Dockerfile": "FROM nvcr.io/nvidia/pytorch:24.01-py3\n",
        "pyproject.toml": '[project]\nname = "t"\ndependencies = ["torch"]  # expect: ENV015\n',
    }
)
rule.flags(
    {
        "compose.yml": "services:\n  a:\n    image: a:1\n    runtime: nvidia\n",
        "environment.yml": "dependencies:\n  - python=3.11\n  - pytorch=2.4.1  # expect: ENV015\n",
    }
)
rule.flags(
    {
        "Dockerfile": "FROM nvidia/cuda:11.8.0-devel-ubuntu22.04\n",
        "requirements.txt": "torch==2.4.1  # expect: ENV015\n",
    },
    title="an image of another release of CUDA",
)
rule.flags(
    {"requirements.txt": "jax>=0.4  # expect: ENV015\n", "Dockerfile": "FROM nvidia/cuda:12.4.1-base-ubuntu22.04\n"}
)
rule.flags({"requirements.txt": "flash-attn==2.6.3\ntorch>=2.2  # expect: ENV015\n"}, title="packages that need CUDA")
rule.flags(
    {
        "k8s.yaml": "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: a:1\n      resources:\n"
        "        limits:\n          nvidia.com/gpu: 1\n",
        "Pipfile": '[packages]\ntorch = "*"  # expect: ENV015\n',
    }
)
rule.allows({"requirements.txt": "torch>=2.0\n"}, title="no sign of a GPU")
rule.allows(
    {
        "Dockerfile": "FROM nvidia/cuda:12.1.1-runtime-ubuntu22.04\n",
        "requirements.txt": "--extra-index-url https://download.pytorch.org/whl/cu121\ntorch==2.4.1\n",
    }
)
rule.allows(
    {
        "Dockerfile": "FROM nvidia/cuda:12.1.1-base-ubuntu22.04\n",
        "requirements.txt": "-f https://download.pytorch.org/whl/torch_stable.html\ntorch==2.4.1+cu121\n",
    },
    title="a build, and where it lies",
)
rule.flags(
    {"requirements.txt": "numpy==1.21.1\ntorch==1.9.1+cu102  # expect: ENV015\ntorchvision==0.10.1+cu102\n"},
    title="a build that lies nowhere",
)
rule.allows(
    {
        "requirements.txt": "torch==1.9.1+cu102\n",
        "setup.sh": "pip install -r requirements.txt --extra-index-url https://wheels.example.org/simple\n",
    },
    title="the index is named where it is installed",
)
rule.allows(
    {"requirements.txt": "torch==1.9.1 -f https://download.pytorch.org/whl/torch_stable.html\nmmcv==1.0+local\n"}
)
rule.allows({"Dockerfile": "FROM nvidia/cuda:12.1.1-base-ubuntu22.04\n", "requirements.txt": "torch==2.4.1\n"})
rule.allows(
    {
        "Dockerfile": "FROM nvidia/cuda:12.1.1-base-ubuntu22.04\n",
        "environment.yml": "dependencies:\n  - pytorch=2.4.1\n  - pytorch-cuda=12.1\n",
    }
)
rule.allows(
    {
        "Dockerfile": "FROM nvidia/cuda:12.1.1-base-ubuntu22.04\n",
        "pyproject.toml": '[project]\nname = "t"\ndependencies = ["torch>=2"]\n',
        "uv.lock": 'version = 1\n\n[[package]]\nname = "torch"\nversion = "2.4.1"\n',
    },
    title="a lock",
)
rule.allows(
    {
        "Dockerfile": "FROM nvidia/cuda:12.4.1-base-ubuntu22.04\n"
        "RUN pip install torch==2.4.1 --index-url https://download.pytorch.org/whl/cu124\n",
        "requirements.txt": "torch\n",
    },
    title="the build is named where it is installed",
)
rule.allows({"Dockerfile": "FROM nvidia/cuda:12.4.1-base-ubuntu22.04\n", "requirements.txt": "jax[cuda12]==0.4.35\n"})
rule.allows(
    {"train/Dockerfile": "FROM nvidia/cuda:12.4.1-base-ubuntu22.04\n", "serve/requirements.txt": "torch>=2\n"},
    title="another part",
)
rule.allows(
    {"media/run-20220501_120918-1sd0jdgm/files/requirements.txt": "torch==1.10.1+cu111\n"}, title="a record of a run"
)
