"""A model is saved as a pickled object rather than as its state.

## Why
`torch.save(model)` pickles a reference to the class: the file opens only where the same module path exists with code
that still fits. A rename, a moved file or another version of the library, and the weights are lost, or load with
another `forward` than they were trained with. Since PyTorch 2.6 such a file doesn't load by default at all.

## Fix
`torch.save(model.state_dict(), path)`; to load, build the model from code of a known version and call
`load_state_dict`. To keep code and weights together, export (`torch.export`, TorchScript, ONNX).

## Notes
High confidence where the type of the object is seen; medium where only its name says that it is a model and the file
treats it as one. State dictionaries, tensors and checkpoints made of them are silent.
"""

import ast
import re
from collections.abc import Iterator

from reprocheck.rulekit import Binding, Call, Confidence, Fix, Match, Module, ReplaceExpression, Rule, Safety, reaching

rule = Rule("ART004", "whole-module-pickled", __doc__)

_NAMES = re.compile(
    r"^(self\.)?((\w+_)?(model|net|network|module|encoder|decoder|generator|discriminator|classifier|critic|actor|policy"
    r"|backbone|detector)(_ft|_conv|_ema|_best)?|net[GD]|[GD]|gan|vae|unet|resnet\d*|vgg\d*)$"
)
_LIBRARIES = ("torchvision.models.", "torch.nn.", "timm.create_model", "torch.hub.load")
_FROM_PRETRAINED = re.compile(r"^transformers\.\w*(Model|For[A-Z])\w*\.from_pretrained$")
_STATE = re.compile(r"state_dict|\.state\b|weights\b|parameters\(|tensor|embedding")
_TREATED = (
    "parameters",
    "eval",
    "train",
    "cuda",
    "to",
    "state_dict",
    "zero_grad",
    "half",
    "load_state_dict",
    "forward",
)
_DEPTH = 4


@rule.on_call("torch.save")
def check(call: Call) -> Iterator[Match]:
    """Every `torch.save` of an object, or of a dictionary that holds one."""
    module = call.module
    saved = call.argument("obj", 0)
    if module.is_test or saved is None:
        return
    if isinstance(saved, ast.Dict):
        for value in saved.values:
            confidence = _is_model(module, value, call.site.order)
            if confidence is not None:
                yield _match(call, value, confidence)
        return
    confidence = _is_model(module, saved, call.site.order)
    if confidence is not None:
        yield _match(call, saved, confidence)


def _match(call: Call, value: ast.expr, confidence: Confidence) -> Match:
    text = ast.unparse(value)
    edit = ReplaceExpression(call.module.span(value), f"{text}.state_dict()")
    fix = Fix("save the state instead; what loads it has to change too", Safety.UNSAFE, (edit,))
    return call.match(
        f"`{text}` is pickled as an object: the file loads only where the same code lies at the same place",
        confidence=confidence,
        # A program that loads models itself would be broken by half a repair.
        fix=None if "load" in call.module.words else fix,
    )


def _is_model(module: Module, node: ast.expr, order: int, depth: int = _DEPTH) -> Confidence | None:
    """How surely an expression is a module rather than its state."""
    if depth <= 0:
        return None
    match node:
        case ast.Attribute(value=inner, attr="module"):
            return _is_model(module, inner, order, depth - 1)
        case ast.Call():
            return Confidence.HIGH if _makes_model(module, node) else None
        case ast.Name() | ast.Attribute(value=ast.Name(id="self")):
            pass
        case _:
            return None
    value, ambiguous = _bound_to(module, node, order)
    if isinstance(value, ast.Call):
        if _makes_model(module, value):
            return Confidence.HIGH
        if isinstance(value.func, ast.Attribute) and value.func.attr in {"to", "cuda", "eval", "train", "half"}:
            return _is_model(module, value.func.value, order, depth - 1) or _by_name(module, node)
    if value is not None and not ambiguous and _STATE.search(ast.unparse(value)):
        return None
    if isinstance(value, ast.Dict | ast.List | ast.Constant):
        return None
    return _by_name(module, node)


def _by_name(module: Module, node: ast.expr) -> Confidence | None:
    text = ast.unparse(node)
    if _NAMES.match(text) is None:
        return None
    methods = "|".join(_TREATED)
    treated = re.search(rf"(?<![\w.]){re.escape(text)}\.({methods})\(", module.source.text)
    return Confidence.MEDIUM if treated is not None else Confidence.LOW


def _bound_to(module: Module, node: ast.expr, order: int) -> tuple[ast.expr | None, bool]:
    """What a name or an attribute of `self` was given, and whether that may be something else."""
    bindings: list[Binding] | None = None
    if isinstance(node, ast.Name):
        scope = module.file.scope_of(node)
        bindings = scope.lookup(node.id)
        found = reaching(bindings, scope, order) if bindings else None
        return (found.value if found is not None else None), len(bindings or ()) > 1
    if isinstance(node, ast.Attribute):
        for scope in module.file.scopes:
            if scope.kind == "class" and node.attr in scope.attributes:
                bindings = scope.attributes[node.attr]
                return bindings[-1].value, len(bindings) > 1
    return None, True


def _makes_model(module: Module, call: ast.Call) -> bool:
    name = module.file.resolve(call.func, module.file.scope_of(call))
    if name is None or "()" in name or "[" in name:
        return False  # a method of a model, such as `state_dict`, or an element of something
    if _FROM_PRETRAINED.match(name):
        return True
    if name.startswith(_LIBRARIES) and ".functional." not in name and not name.startswith("torch.nn.utils"):
        last = name.rpartition(".")[2]
        return last != "Parameter" and (not name.startswith("torch.nn.") or last[:1].isupper())
    if not name.startswith("."):
        return False
    scope = next((s for s in module.file.scopes if s.kind == "class" and "." + s.qualname == name), None)
    if scope is None or not isinstance(scope.node, ast.ClassDef):
        return False
    bases = [module.file.resolve(base, scope.parent or module.file.module) or "" for base in scope.node.bases]
    return any(base in {"torch.nn.Module", "torch.nn.modules.Module", "torch.nn.Sequential"} for base in bases)


rule.flags(
    """
    import torch
    import torchvision
    from torch import nn

    class Net(nn.Module):
        def forward(self, x):
            return x

    net = Net()
    torch.save(net, "net.pt")  # expect: ART004
    backbone = torchvision.models.resnet18()
    torch.save(backbone, "backbone.pt")  # expect: ART004
    torch.save(nn.Sequential(nn.Linear(2, 2)), "small.pt")  # expect: ART004
    moved = Net().to("cuda")
    torch.save(moved, "moved.pt")  # expect: ART004
    torch.save({"epoch": 3, "model": net}, "checkpoint.pt")  # expect: ART004
    """,
    title="A model whose type is known",
)
rule.flags(
    """
    import torch

    def finish(model, path):
        model.eval()
        torch.save(model, path)  # expect: ART004

    class Trainer:
        def __init__(self, model):
            self.model = model

        def save(self, path):
            self.model.train()
            torch.save(self.model, path)  # expect: ART004
            torch.save(self.model.module, path)  # expect: ART004
    """,
    title="A model by its name and use",
    fixed={
        "example.py": """
        import torch

        def finish(model, path):
            model.eval()
            torch.save(model.state_dict(), path)

        class Trainer:
            def __init__(self, model):
                self.model = model

            def save(self, path):
                self.model.train()
                torch.save(self.model.state_dict(), path)
                torch.save(self.model.module.state_dict(), path)
        """,
    },
)
rule.allows(
    """
    import torch
    from torch import nn

    class Net(nn.Module):
        pass

    net = Net()
    torch.save(net.state_dict(), "net.pt")
    torch.save({"model": net.state_dict(), "epoch": 3}, "checkpoint.pt")
    model = net.state_dict()
    torch.save(model, "state.pt")
    torch.save(torch.zeros(3), "zeros.pt")
    torch.save(nn.Parameter(torch.zeros(3)), "parameter.pt")
    torch.jit.save(torch.jit.script(net), "script.pt")
    torch.save(features, "features.pt")
    """,
    title="States, tensors, scripts",
)
