"""A model saved under a name that tells versions apart by hand-written words: `model_final_v3_FINAL.pt`.

## Why
`final`, `new` and `best2` say nothing of data, code or settings, and the next one needs another word. Nobody can tell
later which of `model_final.pt`, `model_final2.pt` and `model_new_final.pt` made the figures of the report.

## Fix
Save under a name that comes from the run (its id, the commit, the epoch), or under one fixed name in a folder per run,
and let a tracker or registry keep the versions.

## Notes
`best.pt`, `last.ckpt`, `final_model.h5`, names with the epoch or fold filled in, and versions that belong to a public
model's name (`resnet50_v1`, `yolov3`) are not reported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from reprocheck.rulekit import HOLE, WHOLE_FILE, CallSite, Confidence, Match, Module, Project, Rule, Span

rule = Rule("ART001", "ad-hoc-model-name", __doc__, confidence="medium")

_EXTENSIONS = (
    "pt|pth|pth\\.tar|ckpt|h5|hdf5|keras|pkl|pickle|joblib|sav|dump|onnx|pb|tflite|safetensors|bin|model|weights|cbm|"
    "ubj|mlmodel|pmml|bst"
)
_MODEL_FILE = re.compile(rf"(?P<stem>[^/\\]+)\.(?P<extension>{_EXTENSIONS})(\.gz)?$", re.IGNORECASE)
_ENDS = tuple(f".{end}{packed}" for end in _EXTENSIONS.replace("\\", "").split("|") for packed in ("", ".gz"))
"""How names of models end, which is faster to tell."""
_SAVES = re.compile(
    r"(save|dump|export|to_pickle|to_onnx|write)(_|$)|^(ModelCheckpoint|open|copy|copyfile|move|rename)$|_save$"
)
_FOLDER_SAVES = frozenset({"save_pretrained", "save_model", "save_weights", "save"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+(?:\.\d+)*")
_STAGES = frozenset(
    {"final", "finale", "finished", "last", "latest", "best", "good", "better", "real", "really", "actual"}
)
"""Words that say something once and nothing twice or with a number."""
_WHICH = frozenset({"final", "last", "latest", "best"})
_POINTS_IN_TIME = frozenset({"epoch", "epochs", "step", "steps", "iter", "iteration", "checkpoint", "ckpt"})
"""Beside one of these, two of those say which state of one run it is: `best_last_epoch.pt`."""
_STOPGAPS = frozenset(
    {
        "new",
        "newest",
        "old",
        "older",
        "copy",
        "backup",
        "bak",
        "fixed",
        "orig",
        "wip",
        "untitled",
        "asdf",
        "foo",
        "final2",
    }
)
"""Words that only make sense beside another file."""
_GENERIC = frozenset(
    {
        "model", "models", "net", "network", "classifier", "clf", "cls", "regressor", "reg", "weights", "checkpoint",
        "ckpt", "estimator", "pipeline", "pipe", "predictor", "detector", "trained", "my", "encoder", "decoder",
        "scaler", "vectorizer", "forest", "xgb", "lgb", "lgbm", "rf", "svm", "lr", "cnn", "rnn", "lstm", "gru", "mlp",
        "keras", "torch", "sklearn", "baseline", "test", "train", "demo",
    }
)  # fmt: skip
"""Words that name no public model, so that a version behind them is one of this project's own."""
_NOT_OURS = re.compile(r"(^|/)(tests?|testing|fixtures|testdata|node_modules|site-packages|venv|\\.venv)/|(^|/)\\.git")
"""Where files lie that nobody names as a version of a model."""
_DATA = re.compile(
    r"(^|/)(data|datasets?|features|labels|annotations)/.*\.(pkl|pickle|joblib|dump|bin|h5|hdf5)$", re.IGNORECASE
)
"""What such a format holds in a folder of data."""
_NO_MODEL = re.compile(
    r"(^|_)(data|dataset|datasets|features?|embeddings?|embs?|grads?|gradients?|labels?|logits|scores?|preds?|predictions?"
    r"|tokens|corpus|examples?|samples?|inputs?|outputs?|results?|cache|indices|indexes|records?|rows?|frame|df)$",
    re.IGNORECASE,
)
"""Names of what is saved beside models in the same formats."""
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec"
_DATE = re.compile(
    rf"(?<!\d)20\d\d[-_.]?[01]\d[-_.]?[0-3]\d(?!\d)|(?<![a-z])({_MONTHS})[-_]?\d{{1,2}}(?!\d)", re.IGNORECASE
)


@rule.on_module()
def check(module: Module) -> Iterator[Match]:
    """Texts that a call saves a model under."""
    if module.is_test:
        return
    for site in module.file.calls:
        name = _called(site)
        if name is None or not _saves(name) or (name == "open" and not _writes(site)):
            continue
        if _keeps_data(site.node) or any(_keeps_data(dump) for dump in _dumps(module, site)):
            continue
        for argument in [*site.node.args, *(keyword.value for keyword in site.node.keywords)]:
            text = module.text(argument, site.scope, site.order)
            if text is None:
                continue
            found = _judge(text, folder=name in _FOLDER_SAVES)
            if found is not None:
                message, confidence = found
                yield module.match(argument, message, confidence=confidence)
                break


@rule.on_project
def check_files(project: Project) -> Iterator[Match]:
    """Models that lie in the repository, and those that a pipeline's stages declare to write."""
    for path in sorted(path for path in project.index.paths if path.lower().endswith(_ENDS)):
        if _MODEL_FILE.search(path) and not _NOT_OURS.search(path) and not _DATA.search(path):
            yield from _named(project, path, WHOLE_FILE, path)
    for file, stage in project.index.pipelines.stages:
        if not file.path.endswith(".dvc"):
            for out in stage.outs:
                yield from _named(project, file.path, out.span, out.written)


def _named(project: Project, path: str, span: Span, name: str) -> Iterator[Match]:
    found = _judge(name, folder=False)
    if found is not None:
        message, confidence = found
        yield project.match(path, span, message, confidence=confidence)


@cache
def _saves(name: str) -> bool:
    return _SAVES.search(name) is not None


def _called(site: CallSite) -> str | None:
    function = site.node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else None


def _dumps(module: Module, site: CallSite) -> Iterator[ast.Call]:
    """What is saved into a file that a `with` opens: `pickle.dump(rows, file)`."""
    item = module.file.parent(site.node)
    block = module.file.parent(item) if isinstance(item, ast.withitem) else None
    if isinstance(item, ast.withitem) and isinstance(item.optional_vars, ast.Name) and isinstance(block, ast.With):
        for node in ast.walk(block):
            match node:
                case ast.Call(args=[_, ast.Name(id=name), *_]) if name == item.optional_vars.id:
                    yield node


def _keeps_data(call: ast.Call) -> bool:
    """`torch.save(features, path)`: what is given to be saved has a name of data."""
    first = call.args[0] if len(call.args) > 1 else None
    name = first.id if isinstance(first, ast.Name) else first.attr if isinstance(first, ast.Attribute) else ""
    return _NO_MODEL.search(name) is not None


def _writes(site: CallSite) -> bool:
    modes = [*site.node.args[1:2], *(keyword.value for keyword in site.node.keywords if keyword.arg == "mode")]
    return any(
        isinstance(mode, ast.Constant) and isinstance(mode.value, str) and mode.value[:1] in "wax" for mode in modes
    )


def _judge(text: str, *, folder: bool) -> tuple[str, Confidence | None] | None:
    """What is wrong with a name, and how surely; None for one that says what it is."""
    last = text.rstrip("/").rpartition("/")[2].rpartition("\\")[2]
    match = _MODEL_FILE.search(last)
    if match is None and (not folder or "." in last):
        return None
    stem = match["stem"] if match is not None else last
    if HOLE in stem or "%" in stem or "{" in stem:
        return None
    words = [word.lower() for word in _WORD.findall(stem)]
    odd = _odd_words(words)
    if odd:
        # One word beside a folder's own name may say what it is for: the backup of an adapter before it is converted.
        confidence = Confidence.LOW if match is None and len(odd) == 1 else None
        message = f"`{last}` tells versions apart by `{'`, `'.join(odd)}`: nothing links it to the run that made it"
        return message, confidence
    if match is None:
        return None
    if _DATE.search(stem):
        return f"`{last}` carries a date written by hand: the next run overwrites it or needs an edit", None
    version = _own_version(words)
    if version:
        confidence = None if version.startswith("v") else Confidence.LOW
        return f"`{last}` counts versions by hand (`{version}`): nothing links it to the run that made it", confidence
    return None


def _odd_words(words: list[str]) -> list[str]:
    """Words used as versions: a stopgap, a stage said twice, or a stage with a number."""
    stopgaps = [word for word in words if word in _STOPGAPS]
    stages = [word for word in words if word in _STAGES]
    names_a_checkpoint = (
        len(set(stages)) == len(stages) and set(stages) <= _WHICH and not _POINTS_IN_TIME.isdisjoint(words)
    )
    if stopgaps or (len(stages) > 1 and not names_a_checkpoint):
        return [word for word in words if word in _STOPGAPS | _STAGES]
    for position, word in enumerate(words[:-1]):
        following = words[position + 1]
        if word in _STAGES and following.isdigit():
            return [word, following]
        if word in _STAGES and following == "v" and words[position + 2 : position + 3]:
            return [word, "v" + words[position + 2]]
    if stages and len(words) > 2 and words[-2] == "v" and set(words[:-2]) <= _GENERIC | _STAGES:  # noqa: PLR2004 — word, v, number
        return [stages[0], "v" + words[-1]]
    return []


def _own_version(words: list[str]) -> str:
    """The version behind words that name no public model: `model_v2`, `clf3`."""
    if len(words) >= 3 and words[-2] == "v" and words[-1].isdigit() and set(words[:-2]) <= _GENERIC:  # noqa: PLR2004 — word, v, number
        return "v" + words[-1] if int(words[-1]) > 1 else ""
    if len(words) == 2 and words[0] in _GENERIC and words[1].isdigit() and int(words[1]) > 1:  # noqa: PLR2004 — word and number
        return words[1]
    return ""


rule.flags(
    """
    import joblib
    import torch

    torch.save(model.state_dict(), "model_final_v3_FINAL.pt")  # expect: ART001
    torch.save(model.state_dict(), f"{out}/final_final.pth")  # expect: ART001
    joblib.dump(clf, "models/model_new.pkl")  # expect: ART001
    model.save("best2.h5")  # expect: ART001
    model.save("checkpoint_best_best.h5")  # expect: ART001
    model.save("model_best_final.h5")  # expect: ART001
    model.save_weights("weights_old.h5")  # expect: ART001
    joblib.dump(clf, "clf_v2.joblib")  # expect: ART001
    """
)
rule.flags(
    """
    import os
    import pickle

    TARGET = os.path.join("artifacts", "classifier-2024-03-01.pkl")
    with open("model_copy.pkl", "wb") as f:  # expect: ART001
        pickle.dump(model, f)
    with open(TARGET, "wb") as f:  # expect: ART001
        pickle.dump(model, f)
    model.save_pretrained("out/sentiment_final2")  # expect: ART001
    """
)
rule.flags({"models/model_final2.pkl": "weights"}, title="A file in the repository")
rule.flags(
    """
    stages:
      train:
        cmd: python train.py
        outs:
          - models/clf_new.joblib  # expect: ART001
          - metrics.json
    """,
    file="dvc.yaml",
)
rule.allows({"models/best.pt": "weights", "tests/data/model_new.pt": "weights", "model_final2.py": "x = 1"})
rule.allows(
    """
    import joblib
    import torch

    torch.save(state, "model_best.pth.tar")
    torch.save(state, "best.pt")
    torch.save(state, f"checkpoint_{epoch}.pt")
    torch.save(state, "last.ckpt")
    torch.save(state, run_dir + "/best_last_epoch_model_checkpoint.pth")
    torch.save(state, "final_model.pt")
    joblib.dump(clf, f"models/{run_id}/model.joblib")
    model.save("resnet50_v1.h5")
    model.save("yolov3.h5")
    """
)
rule.allows(
    """
    import os

    import torch

    model = torch.load("model_final_v3_FINAL.pt")
    figure.savefig("loss_final2.png")
    frame.to_csv("results_new.csv")
    torch.save(state, "epoch_%d_new.pt" % epoch)
    torch.save(merged_data, os.path.join(out, "all_orig.pt"))
    torch.save(self.train_features, "features_new.pt")
    with open("model_new.pkl", "rb") as f:
        data = f.read()
    """
)
rule.allows({"data/hierarchy/distances_old.pkl": "x"}, title="data")
_DUMPED = """
import pickle

with open("new.pickle", "wb") as file:{mark}
    pickle.dump({what}, file)
"""
rule.allows(_DUMPED.format(what="generated_data", mark=""), title="Data, into an open file")
rule.flags(_DUMPED.format(what="forest", mark="  # expect: ART001"), title="A model, into an open file")
