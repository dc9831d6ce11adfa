"""What a text or path is when a program runs with its defaults, as far as that can be told."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from reprocheck.project.facts.model import Scalar, Value, ValueKind
from reprocheck.project.index.evaluate import UNKNOWN, Evaluator, Frame, Known
from reprocheck.project.index.options import Missing, OptionTable
from reprocheck.project.index.symbols import ClassRef, Instance, Symbols, ValueRef

_DEPTH = 14
_LENGTH = 400
"""Characters of a text that are kept."""
_LOADED = re.compile(
    r"(?:^|\.)(?:yaml\.(?:safe_|full_|unsafe_)?load|json\.loads?|toml(?:i|lib|kit)?\.loads?|load_(?:params|config|yaml)"
    r"|OmegaConf\.(?:load|create|merge)|params_show|read_(?:params|config|yaml)|get_(?:params|config))\(\)\.([\w.-]+)$"
)
"""What is read of a configuration file."""
_ENVIRONMENT = re.compile(r"^os\.environ\.(\w+)$")
_LAST_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a text is read from: the arguments of the function, the class around it, what the command line says."""

    frame: Frame
    owner: str = ""
    """Class whose method the code stands in; empty for none."""
    given: Mapping[str, str] = field(default_factory=dict)
    """Values of options that the command gives."""


class Texts:
    """Puts texts together; each part that can't be told is a hole with a name: `{args.out}/model.pt`."""

    def __init__(
        self, symbols: Symbols, options: OptionTable, evaluator: Evaluator, variables: Mapping[str, str]
    ) -> None:
        """Collaborators are those of one project; `variables` are of the environment."""
        self._symbols = symbols
        self._options = options
        self._evaluator = evaluator
        self._variables = variables
        self.options_met = 0
        """How often an option had a part in a text: two readings of it tell of what lies between."""

    def text(self, value: Value | None, scene: Scene, depth: int = _DEPTH) -> str:
        """The text, `{name}` for each part that can't be told; `{}` where it has no name either."""
        if value is None or depth <= 0:
            return "{}"
        if value.parts:
            return self._composed(value, scene, depth)[:_LENGTH]
        match value.kind:
            case ValueKind.CONSTANT:
                return "{}" if value.value is None else str(value.value)[:_LENGTH]
            case ValueKind.TEXT:
                return str(value.value)
            case ValueKind.PARAMETER:
                return self._parameter(value, scene, depth)
            case ValueKind.NAME:
                return self._name(str(value.value), scene, depth)
            case ValueKind.SELF:
                return self._attribute(value.path, scene, depth)
        return "{}"

    def _composed(self, value: Value, scene: Scene, depth: int) -> str:
        pieces = [self.text(part, scene, depth - 1) for part in value.parts]
        if value.kind is ValueKind.TEXT:
            return "".join(pieces)
        joined = ""
        for piece in pieces:
            if joined == "//" and not piece.startswith("/"):
                joined = f"//{piece}"
            else:
                joined = piece if not joined or piece.startswith("/") else f"{joined.rstrip('/')}/{piece}"
        return joined if "{" in joined else posixpath.normpath(joined)

    def _parameter(self, value: Value, scene: Scene, depth: int) -> str:
        name = str(value.value)
        bound = scene.frame.arguments.get(name)
        if bound is not None:
            found = self._bound(bound, value.path, scene, depth)
            if "{" not in found:
                return found
        return self._evaluated(value, scene) or _hole(name + value.path)

    def _bound(self, bound: Known, path: str, scene: Scene, depth: int) -> str:
        inner = bound.value
        if inner is None:
            return "{}"
        if path:
            if inner.kind not in {ValueKind.NAME, ValueKind.PARAMETER, ValueKind.SELF} or inner.parts:
                return "{}"
            inner = (
                Value(inner.kind, f"{inner.value}{path}")
                if inner.kind is ValueKind.NAME
                else Value(inner.kind, inner.value, inner.path + path)
            )
        return self.text(inner, Scene(bound.frame or Frame(bound.path), "", scene.given), depth - 1)

    def _name(self, name: str, scene: Scene, depth: int) -> str:
        if name == "__file__":
            return f"//{scene.frame.path}"
        if name.endswith(".__file__"):
            module = self._symbols.modules.find(scene.frame.path, name.removesuffix(".__file__"))
            return f"//{module}" if module is not None else _hole(name)
        variable = _ENVIRONMENT.match(name)
        if variable is not None:
            return self._variables.get(variable[1]) or _hole(f"${variable[1]}")
        if name.startswith("sys.argv["):
            return scene.given.get(name) or _hole(name)
        if name.startswith("?"):
            return _hole(name)
        loaded = _LOADED.search(name)
        if loaded is not None:
            return self._setting(loaded[1]) or _hole(loaded[1])
        found = self._evaluated(Value(ValueKind.NAME, name), scene)
        if found:
            return found
        return self._assigned(self._symbols.resolve(scene.frame.path, name), scene, depth) or self._field(
            name, scene, depth
        )

    def _evaluated(self, value: Value, scene: Scene) -> str:
        """A value that needs no putting together: a constant, an option, a setting; empty for none."""
        option = self._evaluator.option(value, scene.frame)
        self.options_met += option is not None
        if option is not None and option.name in scene.given:
            return scene.given[option.name]
        found = self._evaluator.value(value, scene.frame)
        if found is UNKNOWN or found is None or isinstance(found, bool):
            if option is not None and option.default is not None and option.default.parts:
                return self.text(option.default, Scene(Frame(option.path), "", scene.given), 4)
            return ""
        return str(found)

    def _assigned(self, symbol: object, scene: Scene, depth: int) -> str:
        """A name of a module or class that is assigned once."""
        if not isinstance(symbol, ValueRef):
            return ""
        assigned = self._symbols.table(symbol.path).assignments.get(symbol.name, [])
        if len(assigned) != 1 or assigned[0].value is None:
            return _hole(symbol.name)
        return self.text(assigned[0].value, Scene(Frame(symbol.path), "", scene.given), depth - 1)

    def _field(self, name: str, scene: Scene, depth: int) -> str:
        """An attribute of an object of the project: the default of its class."""
        owner, _, attribute = name.rpartition(".")
        holder = self._symbols.resolve(scene.frame.path, owner) if owner.strip(".") else None
        holder = holder.of if isinstance(holder, Instance) else holder
        if isinstance(holder, ClassRef):
            for ancestor in self._symbols.ancestry(holder):
                for definition in ancestor.definition.fields:
                    if definition.name == attribute:
                        return self.text(definition.value, Scene(Frame(ancestor.path), "", scene.given), depth - 1)
                found = self._own_attribute(ancestor.path, ancestor.definition.name, attribute, scene, depth)
                if found:
                    return found
        return _hole(name)

    def _attribute(self, path: str, scene: Scene, depth: int) -> str:
        first, *rest = path.strip(".").split(".")
        if not rest and scene.owner:
            found = self._own_attribute(scene.frame.path, scene.owner, first, scene, depth)
            if found:
                return found
        found = self._evaluated(Value(ValueKind.SELF, None, path), scene)
        return found or _hole(path)

    def _own_attribute(self, path: str, owner: str, name: str, scene: Scene, depth: int) -> str:
        """`self.name` of a class, as its methods assign it; parameters have their defaults."""
        table = self._symbols.table(path)
        assigned = table.assignments.get(f".{owner}.{name}", [])
        if len(assigned) != 1 or assigned[0].value is None:
            return ""
        function = table.facts.functions[assigned[0].function]
        defaults = {
            parameter.name: Known(parameter.default, path, Frame(path))
            for parameter in function.parameters
            if not parameter.required
        }
        inner = Scene(Frame(path, defaults, scene.frame.config_stem), owner, scene.given)
        return self.text(assigned[0].value, inner, depth - 1)

    def _setting(self, key: str) -> str:
        """Value of a key of a configuration file; empty where files disagree, or none has it."""
        found: Scalar | type[Missing] = self._options.setting(key)
        return "" if found is Missing or found is None or isinstance(found, bool) else str(found)


def _hole(name: str) -> str:
    """A hole named after what is not known: its last two words, without calls."""
    words = [] if name.startswith("builtins.") else _LAST_WORD.findall(name.replace("()", ""))
    prefix = "$" if name.startswith("$") else ""
    return "{" + prefix + ".".join(words[-2:]) + "}"
