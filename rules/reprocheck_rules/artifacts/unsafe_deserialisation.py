"""Loading a file in a format that can run code while it is read.

## Why
A pickle is a program: whoever can replace the file decides what runs on the machine that loads it. It also binds the
file to the classes and library versions of the day it was written, so that an old result may no longer load.

## Fix
Keep tensors in safetensors or load them with `torch.load(path, weights_only=True)`, arrays with `allow_pickle=False`,
tables in Parquet, scikit-learn models with skops, settings with `yaml.safe_load`. Where a pickle must stay, check its
SHA-256 against a recorded one before it is loaded.

## Notes
`torch.load` refuses arbitrary code by default since torch 2.6; without `weights_only` the same line is safe on one
machine and not on the next, so it is reported until the argument says what is meant or the project declares such a
torch. Data that the same function has just written, such as a copy by `pickle.loads(pickle.dumps(x))`, is not reported,
nor what a class keeps dumped in a collection of its own, nor what the ranks of one job send each other. Of low
confidence are lines that say to Bandit or Ruff that this is meant (`# nosec B614`, `# noqa: S301`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from reprocheck.rulekit import (
    ABSENT,
    Call,
    Confidence,
    Edit,
    Fix,
    Match,
    RemoveArgument,
    ReplaceExpression,
    Rule,
    Safety,
    SetArgument,
)
from reprocheck_rules.artifacts.loaded_values import is_weights
from reprocheck_rules.artifacts.round_trip import from_own_memory, from_own_ranks, just_written

rule = Rule("ART003", "unsafe-deserialisation", __doc__)

_SAFE_LOADERS = frozenset({"SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader"})
_PLAIN_LOADERS = frozenset({"FullLoader", "CFullLoader"})
_CODE_LOADERS = frozenset({"Loader", "CLoader", "UnsafeLoader", "CUnsafeLoader"})
_WEIGHTS_ONLY_SINCE = "2.6"
"""Source: https://docs.pytorch.org/docs/stable/generated/torch.load.html."""
_MEANT = re.compile(r"#\s*nosec\b(?![\s:]*B\d)|#\s*nosec\b.*\bB(?:30[12]|506|614)\b|#\s*noqa:.*\bS(?:30[12]|506|614)\b")
"""What a line says to Bandit and Ruff where somebody has decided that it may load what it loads."""


@rule.on_call(role="deserialiser")
def check(call: Call) -> Iterator[Match]:
    """Every load that may run code, judged by format."""
    entry = call.entry
    formats = [role for role in entry.roles if role.startswith("format-")] if entry is not None else []
    judged = _judge(call, formats[0].removeprefix("format-")) if formats else None
    if judged is None or just_written(call) or from_own_ranks(call) or from_own_memory(call):
        return
    message, confidence = judged
    kind = formats[0].removeprefix("format-")
    doubted = call.module.is_test or _is_meant(call)
    yield call.match(message, confidence=Confidence.LOW if doubted else confidence, fix=_fix(call, kind))


def _is_meant(call: Call) -> bool:
    """Whether a line of the call says so to a checker of security."""
    lines = range(call.node.lineno, (call.node.end_lineno or call.node.lineno) + 1)
    return any(_MEANT.search(call.module.source.line(number)) for number in lines)


def _judge(call: Call, kind: str) -> tuple[str, Confidence] | None:
    """Message and confidence, or None for a load that runs no code."""
    what = f"`{_spelled(call)}`"
    match kind:
        case "pickle":
            source = "the bytes hold" if call.name.endswith((".loads", ".decode")) else "the file holds"
            return f"{what} runs whatever code {source}", Confidence.HIGH
        case "torch":
            return _torch(call, what)
        case "numpy":
            return _when(call, "allow_pickle", True, "runs whatever code the file holds")
        case "yaml":
            return _yaml(call, what)
        case "yaml-unsafe":
            return f"{what} builds any Python object that the text names", Confidence.HIGH
        case "keras":
            return _when(call, "safe_mode", False, "runs the byte code of Lambda layers from the file")
        case "keras-unsafe":
            return f"{what} lets every later `load_model` run byte code from its file", Confidence.HIGH
        case "marshal":
            return f"{what} reads byte code of one Python version without any check", Confidence.MEDIUM
        case "shelve":
            return f"{what} unpickles every value that is read from the shelf", Confidence.LOW
    return None


def _fix(call: Call, kind: str) -> Fix | None:
    """Read plain data only; unsafe, since what needed more than that fails then."""
    span = call.module.span(call.node)
    edit: Edit | None = None
    match kind:
        case "torch" if call.value("weights_only") in (ABSENT, False) and call.argument("pickle_module", 2) is None:
            # Who writes False may have to: the file may hold more than weights.
            readable = is_weights(call, alone=call.value("weights_only") is False)
            edit = SetArgument(span, "weights_only", "True") if readable else None
        case "numpy" if any(keyword.arg == "allow_pickle" for keyword in call.node.keywords):
            edit = RemoveArgument(span, "allow_pickle")
        case "keras" if any(keyword.arg == "safe_mode" for keyword in call.node.keywords):
            edit = RemoveArgument(span, "safe_mode")
        case "yaml" | "yaml-unsafe":
            edit = _safe_yaml(call)
    return None if edit is None else Fix("read plain data only", Safety.UNSAFE, (edit,))


def _safe_yaml(call: Call) -> Edit | None:
    function, loader = call.node.func, call.argument("Loader")
    if loader is None and isinstance(function, ast.Attribute) and function.attr in _SAFE_NAMES:
        safe = f"{ast.unparse(function.value)}.{_SAFE_NAMES[function.attr]}"
        return ReplaceExpression(call.module.span(function), safe)
    if isinstance(loader, ast.Attribute) and loader.attr in _CODE_LOADERS | _PLAIN_LOADERS:
        name = "CSafeLoader" if loader.attr.startswith("C") else "SafeLoader"
        return ReplaceExpression(call.module.span(loader), f"{ast.unparse(loader.value)}.{name}")
    return None


_SAFE_NAMES = {
    "load": "safe_load",
    "load_all": "safe_load_all",
    "unsafe_load": "safe_load",
    "unsafe_load_all": "safe_load_all",
    "full_load": "safe_load",
    "full_load_all": "safe_load_all",
}


def _spelled(call: Call) -> str:
    spelled = ast.unparse(call.node.func)
    return spelled if len(spelled) <= len(call.name) + 10 else call.name


def _torch(call: Call, what: str) -> tuple[str, Confidence] | None:
    value = call.value("weights_only")
    if call.name == "torch.hub.load_state_dict_from_url":
        # What the hub serves is cached under a name that carries its hash, so only an explicit choice is worth a word.
        return _when(call, "weights_only", False, "runs whatever code the file holds")
    if value is ABSENT and (_is_fallback(call) or _refuses_code(call)):
        return None
    if value is ABSENT:
        message = f"{what} without `weights_only=True` runs whatever code the file holds on torch before 2.6"
        return message, Confidence.MEDIUM
    if value is False:
        return f"{what} with `weights_only=False` runs whatever code the file holds", Confidence.HIGH
    if value is True:
        return None
    return f"{what} runs whatever code the file holds unless `weights_only` turns out true", Confidence.LOW


def _refuses_code(call: Call) -> bool:
    """Whether every torch that the project declares reads weights only, as no other unpickler is given."""
    default = call.argument("pickle_module", 2) is None
    return default and call.module.versions.at_least("torch", _WEIGHTS_ONLY_SINCE) is True


def _is_fallback(call: Call) -> bool:
    """Whether this is what an old torch gets: a handler behind an attempt that states `weights_only`."""
    parents = call.module.file.parents
    for ancestor in call.module.file.ancestors(call.node):
        attempt = parents.get(ancestor) if isinstance(ancestor, ast.ExceptHandler) else None
        if isinstance(attempt, ast.Try):
            nodes = (node for statement in attempt.body for node in ast.walk(statement))
            return any(isinstance(node, ast.keyword) and node.arg == "weights_only" for node in nodes)
    return False


def _when(call: Call, argument: str, wanted: bool, consequence: str) -> tuple[str, Confidence] | None:  # noqa: FBT001 — the value that makes it unsafe
    value = call.value(argument)
    what = f"`{_spelled(call)}`"
    if value is wanted:
        return f"{what} with `{argument}={wanted}` {consequence}", Confidence.HIGH
    if isinstance(value, bool) or call.argument(argument) is None:
        return None
    return f"{what} {consequence} when `{argument}` turns out to be {wanted}", Confidence.LOW


def _yaml(call: Call, what: str) -> tuple[str, Confidence] | None:
    loader = call.argument("Loader")
    if loader is None:
        if call.open_ended:
            return None
        return f"{what} without a loader builds any Python object on PyYAML before 5.1 and fails from 6.0 on", (
            Confidence.HIGH
        )
    name = (call.type_of(loader) or ast.unparse(loader)).removesuffix("()").rpartition(".")[2]
    if name in _CODE_LOADERS:
        return f"{what} with `{name}` builds any Python object that the text names", Confidence.HIGH
    if name in _PLAIN_LOADERS:
        return f"{what} with `{name}` could run code before PyYAML 5.4; `SafeLoader` reads plain data", Confidence.LOW
    if name in _SAFE_LOADERS or "safe" in ast.unparse(loader).lower():
        return None
    if isinstance(loader, ast.Name):
        for binding in call.scope.lookup(loader.id) or ():
            bases = binding.node.bases if isinstance(binding.node, ast.ClassDef) else []
            for base in bases:
                last = (call.module.name(base, binding.scope) or "").rpartition(".")[2]
                if last in _CODE_LOADERS:
                    return f"{what} with a loader made from `{last}` builds any Python object", Confidence.HIGH
    return None


rule.flags(
    """
    import torch

    def weights(net, path):
        net.load_state_dict(torch.load(path))  # expect: ART003
        checkpoint = torch.load(path, map_location="cpu")  # expect: ART003
        net.load_state_dict(checkpoint["model"])

    def settings(path):
        checkpoint = torch.load(path)  # expect: ART003
        return checkpoint["args"].width, torch.load(path)["config"]  # expect: ART003

    def resumed(net, path):
        checkpoint = torch.load(path, weights_only=False)  # expect: ART003
        net.load_state_dict(checkpoint["model"])
        return checkpoint["best"]

    def whole(path):
        net = torch.load(path)  # expect: ART003
        net.eval()
        return net

    def whole_inside(net, ema, path):
        loaded = torch.load(path)  # expect: ART003
        net.load_state_dict(loaded["model"].float().state_dict())
        ema.load_state_dict(loaded.get("ema").state_dict())
    """,
    title="Settings, data sets and whole models can't be read as weights only",
    fixed={
        "example.py": """
        import torch

        def weights(net, path):
            net.load_state_dict(torch.load(path, weights_only=True))
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
            net.load_state_dict(checkpoint["model"])

        def settings(path):
            checkpoint = torch.load(path)
            return checkpoint["args"].width, torch.load(path)["config"]

        def resumed(net, path):
            checkpoint = torch.load(path, weights_only=False)
            net.load_state_dict(checkpoint["model"])
            return checkpoint["best"]

        def whole(path):
            net = torch.load(path)
            net.eval()
            return net

        def whole_inside(net, ema, path):
            loaded = torch.load(path)
            net.load_state_dict(loaded["model"].float().state_dict())
            ema.load_state_dict(loaded.get("ema").state_dict())
        """,
    },
)
rule.flags(
    """
    import pickle
    import joblib
    import pandas as pd

    def load_vectorizer(path):
        with open(path, "rb") as f:
            return pickle.load(f)  # expect: ART003

    model = joblib.load("models/classifier.joblib")  # expect: ART003
    frame = pd.read_pickle("data/features.pkl")  # expect: ART003
    cached = pickle.loads(redis.get("features"))  # expect: ART003
    """
)
rule.flags(
    """
    import torch
    import numpy as np

    state_dict = torch.load("checkpoint/ckpt.pth", map_location="cpu")  # expect: ART003
    legacy_weights = torch.load(args.resume, weights_only=False)  # expect: ART003
    embeddings = np.load("embeddings.npy", allow_pickle=True)  # expect: ART003
    """,
    fixed="""
    import torch
    import numpy as np

    state_dict = torch.load("checkpoint/ckpt.pth", map_location="cpu", weights_only=True)
    legacy_weights = torch.load(args.resume, weights_only=True)
    embeddings = np.load("embeddings.npy")
    """,
)
rule.flags(
    """
    import yaml
    from keras.models import load_model

    with open("config.yml") as f:
        config = yaml.load(f)  # expect: ART003
        other = yaml.load(f, Loader=yaml.Loader)  # expect: ART003
        third = yaml.unsafe_load(f)  # expect: ART003
    model = load_model("model.keras", safe_mode=False)  # expect: ART003
    """,
    fixed="""
    import yaml
    from keras.models import load_model

    with open("config.yml") as f:
        config = yaml.safe_load(f)
        other = yaml.load(f, Loader=yaml.SafeLoader)
        third = yaml.safe_load(f)
    model = load_model("model.keras")
    """,
)
rule.flags(
    """
    import os, pickle

    def features(path):
        if not os.path.exists(path):
            with open(path, "wb") as f:
                pickle.dump(compute(), f)
        with open(path, "rb") as f:
            return pickle.load(f)  # expect: ART003

    def table(path):
        if not os.path.exists(path):
            with open(path, "wb") as f:
                pickle.dump(compute(), f)
        else:
            with open(path, "rb") as f:
                return pickle.load(f)  # expect: ART003
    """,
    title="a cache on disk may come from another run",
)
rule.flags(
    """
    import io
    import torch

    def best_of(model, store):
        best = None
        if improves(model):
            kept = io.BytesIO()
            torch.save(model, kept)
            best = kept.getvalue()
        else:
            best = store.get("best")
        return torch.load(io.BytesIO(best))  # expect: ART003

    def received(data):
        return torch.load(io.BytesIO(data))  # expect: ART003

    def fetched(store):
        buffer = io.BytesIO(store.get("best"))
        data = buffer.getvalue()
        return torch.load(io.BytesIO(data))  # expect: ART003
    """,
    title="bytes that may come from elsewhere",
)
rule.allows(
    """
    import json
    import numpy as np
    import torch
    import yaml

    state = torch.load("model.pt", weights_only=True)
    try:
        resumed = torch.load("last.pt", weights_only=True)
    except TypeError:
        resumed = torch.load("last.pt")
    scripted = torch.jit.load("model.ts")
    array = np.load("embeddings.npy")
    plain = np.load("embeddings.npy", allow_pickle=False)
    settings = yaml.load(open("config.yml"), Loader=yaml.SafeLoader)
    more = yaml.safe_load(open("more.yml"))
    metrics = json.load(open("metrics.json"))
    """
)
rule.allows(
    """
    import copy, io, pickle
    import torch

    def clone(model):
        return pickle.loads(pickle.dumps(model))

    def copied(state):
        data = pickle.dumps(state)
        return pickle.loads(data)

    def through_memory(model):
        buffer = io.BytesIO()
        torch.save(model.state_dict(), buffer)
        buffer.seek(0)
        return torch.load(buffer)

    def best_of(model, epochs):
        best, score = None, 0
        for epoch in range(epochs):
            if step(model) > score:
                kept = io.BytesIO()
                torch.save(model, kept)
                best, score = kept.getvalue(), step(model)
        if best is not None:
            model = torch.load(io.BytesIO(best))
        return model

    def saved_and_checked(model, path):
        with open(path, "wb") as f:
            pickle.dump(model, f)
        with open(path, "rb") as f:
            assert pickle.load(f) is not None
    """,
    title="what the same function has just written",
)
rule.allows(
    """
    import yaml
    from tensorflow.keras.models import load_model

    class IncludeLoader(yaml.SafeLoader):
        pass

    config = yaml.load(open("config.yml"), Loader=IncludeLoader)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    other = yaml.load(open("other.yml"), Loader=loader)
    model = load_model("model.keras")

    class Reader:
        def load(self, path):
            return open(path).read()

    text = Reader().load("notes.txt")
    """
)
_GATHERED = """
    import pickle

    import numpy as np
    import torch
    import torch.distributed as dist

    def gather(data):
        sent = torch.from_numpy(np.frombuffer(pickle.dumps(data), dtype=np.uint8).copy())
        received = [torch.empty_like(sent) for _ in range(dist.get_world_size())]
        %s
        return [pickle.loads(part.cpu().numpy().tobytes()) for part in received]%s
"""
rule.allows(_GATHERED % ("dist.all_gather(received, sent)", ""), title="from the ranks of one job")
rule.flags(_GATHERED % ("socket.recv(received)", "  # expect: ART003"), title="from elsewhere")
_VERSIONED = """
    import pickle as other
    import torch

    weights = torch.load("model.pt")%s
    settings = torch.load("settings.pt", pickle_module=other)  # expect: ART003
    everything = torch.load("all.pt", weights_only=False)  # expect: ART003
"""
rule.flags(
    {"load.py": _VERSIONED % "", "requirements.txt": "torch==2.9.1\n"},
    file="load.py",
    title="with a torch that refuses",
)
rule.flags(
    {"load.py": _VERSIONED % "  # expect: ART003", "requirements.txt": "torch>=2.1\n"},
    file="load.py",
    title="with a torch that may not",
)
_REPLAY = """
import pickle
import random
from collections import deque

import lz4.frame

class ReplayBuffer:
    def __init__(self, size):
        self.steps = deque(maxlen=size)
        self.other = load_steps()

    def add(self, step):
        self.steps.append(lz4.frame.compress(pickle.dumps(step)))

    def sample(self, count):
        return [pickle.loads(lz4.frame.decompress(data)) for data in random.sample({where}, count)]{mark}
"""
rule.allows(_REPLAY.format(where="self.steps", mark=""), title="Steps that the class itself has put in memory")
rule.flags(_REPLAY.format(where="self.other", mark="  # expect: ART003"), title="Steps from elsewhere")
