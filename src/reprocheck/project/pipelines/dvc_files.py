"""Reads `dvc.yaml`: stages with all templates resolved."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from configparser import ConfigParser
from configparser import Error as ConfigError

from reprocheck.model.place import Span
from reprocheck.project.documents.tree import Document, Mapping, Node, Scalar, Sequence
from reprocheck.project.pipelines.dvc_model import DvcFile, Edge, ParameterFile, Stage, Unread
from reprocheck.project.pipelines.dvc_nodes import (
    KINDS,
    UnreadableError,
    command_of,
    is_false,
    is_true,
    local_path,
    open_yaml,
    plain_of,
    text_or_none,
)
from reprocheck.project.pipelines.dvc_records import read_lock
from reprocheck.project.pipelines.dvc_templates import Context, TemplateError, foreach_items, matrix_items
from reprocheck.project.pipelines.values import Value, read_values
from reprocheck.project.source import SourceText
from reprocheck.project.work_tree import WorkTree, joined

PIPELINE_FILE = "dvc.yaml"
LOCK_FILE = "dvc.lock"
DEFAULT_PARAMETERS = "params.yaml"
STAGES_TOTAL = 20_000
"""Stages of one file that are read."""


def is_dvc_file(path: str) -> bool:
    """Whether a path is that of a file that records one tracked file or folder."""
    return path.endswith(".dvc") and not path.endswith("/.dvc") and path != ".dvc"


def read_pipeline(tree: WorkTree, path: str) -> DvcFile:
    """Read a `dvc.yaml` and the lock beside it."""
    try:
        source, document = open_yaml(tree, path)
    except UnreadableError as error:
        return DvcFile(path, (), unread=(Unread(path, str(error)),))
    reader = _PipelineReader(tree, source)
    stages = tuple(reader.stages(document))
    lock_path = posixpath.join(posixpath.dirname(path), LOCK_FILE)
    lock, lock_exists = None, tree.read(lock_path) is not None
    if lock_exists:
        try:
            lock = read_lock(tree, lock_path)
        except UnreadableError as error:
            reader.unread.append(Unread(lock_path, str(error)))
    return DvcFile(path, stages, lock, lock_exists, {}, tuple(reader.unread))


class _PipelineReader:
    """Makes stages of a `dvc.yaml`."""

    def __init__(self, tree: WorkTree, source: SourceText) -> None:
        self._tree = tree
        self._source = source
        self._folder = posixpath.dirname(source.path)
        self.unread: list[Unread] = []

    def stages(self, document: Document) -> Iterator[Stage]:
        """Every stage, as many as one file may have."""
        for count, stage in enumerate(self._all_stages(document)):
            if count >= STAGES_TOTAL:
                self._give_up(f"has more than {STAGES_TOTAL:,} stages", stage.span)
                return
            yield stage

    def _all_stages(self, document: Document) -> Iterator[Stage]:
        root = document.roots[0] if document.roots else None
        declared = root.get("stages") if isinstance(root, Mapping) else None
        if not isinstance(root, Mapping) or not isinstance(declared, Mapping):
            return
        try:
            context = self._context(plain_of(self._source, root.get("vars")))
        except (TemplateError, UnreadableError) as error:
            self._give_up(str(error), declared.span)
            return
        for entry in declared.entries:
            if not isinstance(entry.value, Mapping):
                continue
            try:
                yield from self._made(str(entry.key.value), entry.key.span, entry.value, context)
            except (TemplateError, UnreadableError) as error:
                self._give_up(str(error), entry.key.span)

    def _give_up(self, message: str, span: Span) -> None:
        self.unread.append(Unread(self._source.path, message, span))

    def _context(self, declared: Value) -> Context:
        context = Context({}, **self._options())
        default = joined(self._folder, DEFAULT_PARAMETERS)
        loaded: set[str] = set()
        if default is not None and self._tree.read(default) is not None:
            context = self._with_file(context, DEFAULT_PARAMETERS, self._folder, loaded)
        return self._with_vars(context, declared, self._folder, loaded)

    def _options(self) -> dict[str, str]:
        config = ConfigParser(interpolation=None, strict=False)
        data = self._tree.read(".dvc/config") or b""
        try:
            config.read_string("\n".join(line.strip() for line in data.decode("utf-8", "replace").splitlines()))
            return {
                "bool_option": config.get("parsing", "bool", fallback="store_true").strip(),
                "list_option": config.get("parsing", "list", fallback="nargs").strip(),
            }
        except (ConfigError, ValueError):
            return {}

    def _with_vars(self, context: Context, declared: Value, folder: str, loaded: set[str]) -> Context:
        for item in declared if isinstance(declared, list) else []:
            match item:
                case str():
                    context = self._with_file(context, item, folder, loaded)
                case dict():
                    context = context.merged(item, "vars")
                case _:
                    pass
        return context

    def _with_file(self, context: Context, written: str, folder: str, loaded: set[str]) -> Context:
        name, _, keys = written.partition(":")
        path = joined(folder, name)
        if path is None:
            raise TemplateError(f"`{name}` lies outside of the project")
        if not keys and path in loaded:
            return context
        values = self._values(path)
        wanted = [key for key in keys.split(",") if key]
        missing = [key for key in wanted if key not in values]
        if missing:
            raise TemplateError(f"`{name}` has no `{missing[0]}`")
        if not wanted:
            loaded.add(path)
        return context.merged({key: values[key] for key in wanted} if wanted else values, f"`{name}`")

    def _values(self, path: str) -> dict[str, Value]:
        data = self._tree.read(path)
        if data is None:
            raise TemplateError(f"`{path}` can't be read")
        try:
            values = read_values(path, data)
        except ValueError as error:
            raise TemplateError(f"`{path}` {error}") from error
        if not isinstance(values, dict):
            raise TemplateError(f"`{path}` holds no mapping")
        return values

    def _made(self, name: str, span: Span, node: Mapping, context: Context) -> Iterator[Stage]:
        """The stage, or those that `foreach` and `matrix` make of it."""
        each, axes = node.get("foreach"), node.get("matrix")
        if each is not None:
            body = node.get("do")
            if isinstance(body, Mapping):
                for key, values in foreach_items(context.resolve(plain_of(self._source, each))):
                    yield self._stage(f"{name}@{key}", span, body, context.with_values(values))
        elif axes is not None:
            for key, values in matrix_items(context.resolve(plain_of(self._source, axes))):
                yield self._stage(f"{name}@{key}", span, node, context.with_values(values))
        else:
            yield self._stage(name, span, node, context)

    def _stage(self, name: str, span: Span, node: Mapping, context: Context) -> Stage:
        written = text_or_none(context.resolve(plain_of(self._source, node.get("wdir")))) or "."
        folder = joined(self._folder, written)
        if folder is None:
            raise TemplateError("works outside of the project")
        loaded = {path for path in (joined(self._folder, DEFAULT_PARAMETERS),) if path}
        context = self._with_vars(context, plain_of(self._source, node.get("vars")), folder, loaded)
        command = node.get("cmd")
        found = {section: tuple(self._edges(node.get(section), section, folder, context)) for section in KINDS}
        return Stage(
            name,
            self._source.path,
            span,
            command_of(context.resolve(plain_of(self._source, command), in_command=True)),
            command.span if command is not None else span,
            folder if folder != "." else "",
            found["deps"],
            (*found["outs"], *found["metrics"], *found["plots"]),
            tuple(self._parameters(node.get("params"), folder, context)),
            frozen=is_true(node.get("frozen")),
            always_changed=is_true(node.get("always_changed")),
        )

    def _edges(self, node: Node | None, section: str, folder: str, context: Context) -> Iterator[Edge]:
        for item in node.items if isinstance(node, Sequence) else ():
            entries = item.entries if isinstance(item, Mapping) else ()
            named = [(item, None)] if isinstance(item, Scalar) else [(entry.key, entry.value) for entry in entries]
            for name, options in named:
                written = context.resolve(plain_of(self._source, name))
                if isinstance(written, str):
                    cached = not (isinstance(options, Mapping) and is_false(options.get("cache")))
                    yield Edge(written, local_path(folder, written), name.span, KINDS[section], cached)

    def _parameters(self, node: Node | None, folder: str, context: Context) -> Iterator[ParameterFile]:
        """Declared parameters, one item for each file."""
        files: dict[str, list[str]] = {}
        spans: dict[str, Span] = {}
        whole: set[str] = set()
        for item in node.items if isinstance(node, Sequence) else ():
            resolved = context.resolve(plain_of(self._source, item))
            for file, keys in resolved.items() if isinstance(resolved, dict) else [(DEFAULT_PARAMETERS, [resolved])]:
                names = [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []
                files.setdefault(file, []).extend(names)
                spans.setdefault(file, item.span)
                if not names:
                    whole.add(file)
        for file, names in files.items():
            wanted = () if file in whole else tuple(dict.fromkeys(names))
            yield ParameterFile(file, local_path(folder, file), wanted, spans[file])
