"""Images that a project builds itself: what is inside them is said by its own files, whatever their tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from reprocheck.rulekit import ImageReference, Mapping, Project, Span, parse_image_reference
from reprocheck.rulekit.dependencies import folder_of
from reprocheck.rulekit.facts import Command, DocumentFacts
from reprocheck_rules.environment.image_uses import COMPOSE
from reprocheck_rules.environment.pages import Pages, text_of_page

_PUBLIC: Final = frozenset(
    {
        "alpine", "amazoncorretto", "amazonlinux", "archlinux", "bash", "buildpack-deps", "busybox", "caddy",
        "cassandra", "centos", "clickhouse", "couchdb", "debian", "docker", "eclipse-temurin", "elasticsearch",
        "fedora", "golang", "haproxy", "httpd", "influxdb", "julia", "kibana", "logstash", "mariadb", "memcached",
        "mongo", "mongo-express", "mysql", "neo4j", "nginx", "node", "openjdk", "oraclelinux", "perl", "php",
        "postgres", "pypy", "python", "r-base", "rabbitmq", "redis", "redmine", "registry", "rockylinux", "ros",
        "ruby", "rust", "solr", "swift", "telegraf", "traefik", "ubuntu", "vault", "wordpress", "zookeeper",
    }
)  # fmt: skip
"""Names without a namespace that everybody means the same image by."""
_NAMESPACES: Final = re.compile(
    r"(?:nvidia|pytorch|tensorflow|jupyter|continuumio|condaforge|mambaorg|rocker|apache|bitnami|grafana|prom|minio"
    r"|mcr\.microsoft\.com|nvcr\.io|gcr\.io/(?:google|deeplearning|kaggle)[\w-]*|ghcr\.io/astral-sh|quay\.io/jupyter"
    r"|public\.ecr\.aws|amazon|rocm|rapidsai|redis|confluentinc|debezium|ollama|chromadb|qdrant|semitechnologies)/"
)
"""Where vendors publish."""
_BUILDERS: Final = frozenset({"docker", "podman", "buildah", "nerdctl", "depot", "kaniko", "executor", "bazel"})
_TAGS: Final = re.compile(r"(?:^|\.)(?:tags|images|image-name|image_name|repository)(?:\.\d+)?$")
_USES: Final = re.compile(r"(?:^|\.)(?:image|container)(?:\.(?:name|image))?$|(?:^|\.)services\.\d+$")
_NOBODYS: Final = re.compile(
    r"^(?:localhost|127\.0\.0\.1)(?::\d+)?/|(?:^|/)(?:your|my|example|some)[-_.][\w.-]*(?:/|$)|^(?:my-?)?image(?:-?name)?$"
)
"""Images of the machine itself, and names that stand for others."""
_CONTAINED: Final = re.compile(r"(?:ontainers|sidecars)\.\d+\.image$|(?:^|\.)(?:container|script)\.image$")
"""Where manifests of Kubernetes name images."""
_JENKINS: Final = re.compile(r"(?:^|/)Jenkinsfile[^/]*$")
_JENKINS_NAMES: Final = re.compile(
    r"docker\.build\(\s*[\"']([^\"']+)|\b\w*(?:IMAGE|REPO)\w*\s*=\s*[\"']([a-z0-9][\w./:-]+)[\"']"
)
_JENKINS_BUILDS: Final = re.compile(r"docker\.build\(|docker (?:buildx )?build\b|docker push\b")
_BYTES_LIMIT: Final = 100_000
_BUILDS: Final = re.compile(r"\b(?:docker|podman|nerdctl)\s+(?:buildx\s+)?build\b[^\n]*?(?:-t|--tag)[ =]+([^\s\\`]+)")
_VARIABLE: Final = re.compile(r"\$\{\{[^{}]*\}\}|\$\{[^{}]*\}|\$\w+|\{\{[^{}]*\}\}|<[^<>]*>")
_WORKFLOWS: Final = re.compile(r"(?:^|/)\.(?:github|gitea)/workflows/[^/]+\.ya?ml$|gitlab-ci[\w.-]*\.ya?ml$")


def is_public(image: ImageReference) -> bool:
    """Whether an image is a vendor's, as everybody knows."""
    return image.name in _PUBLIC or _NAMESPACES.match(image.name) is not None


def is_left_to_project(path: str) -> bool:
    """Whether what a configuration file names is judged together with the other files of the project."""
    return COMPOSE.search(path) is not None or _WORKFLOWS.search(path) is not None


def is_manifest(root: Mapping) -> bool:
    """Whether a document is a manifest of Kubernetes, which is judged so too."""
    return root.get("apiVersion") is not None and root.get("kind") is not None


class Use(NamedTuple):
    """An image that a file names."""

    path: str
    span: Span
    written: str


def uses(project: Project) -> Iterator[Use]:
    """Images that Dockerfiles, compose files, workflows and manifests name."""
    return project.of_documents(_uses)


def _uses(project: Project, path: str) -> Iterator[Use]:
    document = project.index.documents[path]
    for image in document.images:
        yield Use(path, image.span, image.name)
    keys = {setting.key for setting in document.settings}
    pattern = _USES if is_left_to_project(path) else _CONTAINED if {"apiVersion", "kind"} <= keys else None
    for setting in document.settings if pattern is not None else ():
        if pattern is not None and pattern.search(setting.key) and isinstance(setting.value, str):
            yield Use(path, setting.span, setting.value)


class OwnImages:
    """Names of images, without namespace, that something in the project builds, tags or pushes."""

    def __init__(self, project: Project) -> None:
        """Looks at all commands, build services and compose files, and at what pages show."""
        notebooks = [path for path in project.index.files if path.endswith(".ipynb")]
        files = project.of_project(_jenkins_files)
        self._names = frozenset(
            (
                *project.of_documents(_of_document),
                *project.of_each(_of_notebook, notebooks),
                *project.once(Pages).of_each(_of_page),
                *project.of_each(_of_jenkins, files),
                *_of_services(project),
            )
        )

    def has(self, image: ImageReference) -> bool:
        """Whether an image is one of them, whoever's name stands in front; also one of this machine or of nobody."""
        return _last(image.name) in self._names or _NOBODYS.search(image.name) is not None


class _Services(NamedTuple):
    """What a compose file says of its services."""

    folder: str
    built: tuple[str, ...]
    """Keys of those that it builds."""
    texts: tuple[tuple[str, str], ...]
    """Texts by the key that they stand under, or by the key of the service whose image they name."""


def _services(project: Project, path: str) -> Iterator[_Services]:
    settings = project.index.documents[path].settings
    yield _Services(
        folder_of(path),
        tuple(dict.fromkeys(each.key.partition(".build")[0] for each in settings if ".build" in each.key)),
        tuple((each.key.removesuffix(".image"), each.value) for each in settings if isinstance(each.value, str)),
    )


def _of_services(project: Project) -> Iterator[str]:
    """Images of services that one compose file builds and another beside it changes."""
    composed = [path for path in project.index.documents if COMPOSE.search(path)]
    files = list(project.of_each(_services, composed))
    built = {(file.folder, key) for file in files for key in file.built}
    for file in files:
        yield from _named(_VARIABLE.sub("x", text) for key, text in file.texts if (file.folder, key) in built)


def _named(written: Iterable[str]) -> Iterator[str]:
    """The last parts of names of images, as far as they can be told."""
    return filter(None, map(_last, written))


def _of_document(project: Project, path: str) -> Iterator[str]:
    return _named(_written(project.index.documents[path]))


def _written(document: DocumentFacts) -> Iterator[str]:
    for command in (*document.commands, *document.shown):
        yield from _tagged(command)
    built = {setting.key.partition(".build")[0] for setting in document.settings if ".build" in setting.key}
    for setting in document.settings:
        if isinstance(setting.value, str):
            of_service = setting.key.endswith(".image") and setting.key.removesuffix(".image") in built
            if of_service or (_WORKFLOWS.search(document.path) and _TAGS.search(setting.key)):
                yield from re.split(r"[\s,]+", _VARIABLE.sub("x", setting.value))


def _of_notebook(project: Project, path: str) -> Iterator[str]:
    return _named(name for command in project.index.files[path].commands for name in _tagged(command))


def _of_page(project: Project, path: str) -> Iterator[str]:
    return _named(_BUILDS.findall(text_of_page(project, path)))


def _jenkins_files(project: Project) -> Iterator[str]:
    yield from sorted(path for path in project.index.paths if _JENKINS.search(path))


def _of_jenkins(project: Project, path: str) -> Iterator[str]:
    """Names in a Jenkinsfile that builds or pushes images."""
    text = project.index.head(path, _BYTES_LIMIT).decode("utf-8", "replace")
    if _JENKINS_BUILDS.search(text):
        for names in _JENKINS_NAMES.findall(text):
            yield from _named(names)


def _tagged(command: Command) -> Iterator[str]:
    """Names that a command gives to an image: `docker build -t NAME .`, `docker tag OLD NAME`, `docker push NAME`."""
    words = command.words
    if not words or words[0].rpartition("/")[2] not in _BUILDERS:
        return
    if "build" in words or "buildx" in words:
        for option, value in pairwise(words):
            if option in {"-t", "--tag"}:
                yield value
        yield from (word.partition("=")[2] for word in words if word.startswith("--tag="))
    elif {"tag", "push"} & set(words[1:3]):
        yield words[-1]


def _last(written: str) -> str:
    """The last part of an image's name, without tag; empty where a variable stands for it."""
    image = parse_image_reference(_VARIABLE.sub("x", written.strip("\"'").lower()))
    if image is None:
        return ""
    name = image.name.rpartition("/")[2]
    return "" if set(name) <= {"x", "-", "_"} else name
