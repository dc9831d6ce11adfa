"""A model taken from a hub by name alone, so that tomorrow's download may be another model.

## Why
`from_pretrained("org/name")` takes whatever the default branch holds on that day. Owners replace weights, tokenizers
and configurations under the same name, and the change reaches every machine with an empty cache without a trace.

## Fix
State the commit: `from_pretrained("org/name", revision="<40 hexadecimal digits>")`. For `torch.hub.load` name a tag or
commit (`"org/repo:v1.0"`), for TensorFlow Hub and Kaggle a version at the end of the address.

## Notes
Branch names such as `main` are no versions. Local folders, objects and `local_files_only=True` are not reported; a
name that only running could tell is reported with low confidence. `transformers.pipeline("task")` without a model is
tied to the installed version of the library, and so are plain names of timm.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from reprocheck.rulekit import ABSENT, HOLE, UNKNOWN, Call, Confidence, Match, Rule

rule = Rule("ART002", "unpinned-model-revision", __doc__)

_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_VERSION = re.compile(r"v?\d+(\.\d+)*([-_.]?[a-z]\w*)*", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9][\w.\-]*(/[A-Za-z0-9][\w.\-]*)?")
_LOCAL_PREFIX = re.compile(r"[./~\\]|[A-Za-z]:[\\/]|\$|file:")
_FILE = re.compile(r"\.(bin|pt|pth|ckpt|safetensors|json|h5|onnx|gguf|zip|tar|gz|model|pkl|yaml|txt)$", re.IGNORECASE)
_FOLDERS = (
    r"(models?|weights?|checkpoints?|ckpts?|outputs?|results?|data|datasets?|cache|runs?|logs?|artifacts?|"
    r"experiments?|exports?|pretrained|resources?|assets?|storage|downloads?|path|dir)\d*"
)
_LOCAL_OWNER = re.compile(
    rf"(my|our|the|saved?|local|trained|tuned|new|test|tmp|temp)([-_].*)?|{_FOLDERS}", re.IGNORECASE
)
_LOCAL_NAME = re.compile(
    rf"(my|our|saved?|local|trained|tuned|final|best|new)([-_].*)?|(.*[-_])?{_FOLDERS}", re.IGNORECASE
)
_LOCAL_WORD = re.compile(
    r"(^|[_.])(path|dir|directory|folder|file|filename|ckpt|checkpoint|output|out|local|saved?|resume|tmp|temp)([_.]|$)|dir$"
)
_PREFIX = re.compile(r"hf[-_]hub:")


@rule.on_call(role="hub")
def check(call: Call) -> Iterator[Match]:
    """Every download of a model, judged by how its kind states a version."""
    entry = call.entry
    roles = entry.roles if entry is not None else frozenset()
    found = next((judge(call) for role, judge in _JUDGES.items() if role in roles), None)
    if found is not None:
        message, confidence = found
        yield call.match(message, confidence=Confidence.LOW if call.module.is_test else confidence)


def _by_revision(call: Call) -> tuple[str, Confidence] | None:
    revision = call.value("revision")
    if revision is UNKNOWN and call.argument("revision") is not None:
        return None
    if call.value("local_files_only") is True:
        return None
    subject = _subject(call)
    if subject is None:
        return None
    what, confidence = subject
    if isinstance(revision, str):
        if _is_fixed(revision):
            return None
        return f"`revision={revision!r}` is a branch: {what} changes with every push to it", confidence
    if revision is not ABSENT and revision is not None:
        confidence = Confidence.LOW  # `**options` may hold it
    return f"{what} is downloaded without `revision`: whatever its default branch holds that day", confidence


def _is_fixed(revision: str) -> bool:
    return _COMMIT.fullmatch(revision) is not None or _VERSION.fullmatch(revision) is not None


def _subject(call: Call) -> tuple[str, Confidence] | None:
    """What is downloaded and how sure it is that it comes from a hub; None for what is local or no name."""
    node = _identifier(call)
    if node is None:
        return None
    text = call.text(node)
    if text is not None and text.strip(HOLE):
        return _from_text(call, text)
    if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        return None
    spelled = ast.unparse(node)
    if _LOCAL_WORD.search(spelled.lower()):
        return None
    if isinstance(node, ast.Name):
        known = _names_compared(call, node.id)
        if known:
            return known, Confidence.HIGH
    if call.name.endswith("pipeline"):
        return None  # most often a model that was loaded before
    return f"the model named by `{spelled}`", Confidence.LOW


def _identifier(call: Call) -> ast.expr | None:
    entry = call.entry
    arguments = entry.arguments if entry is not None else ()
    if call.name.startswith("peft."):
        return call.argument("model_id", 1) or call.argument("pretrained_model_name_or_path", 0)
    if call.name.endswith("pipeline"):
        return call.argument("model")
    return call.argument(arguments[0]) if arguments else None


def _from_text(call: Call, text: str) -> tuple[str, Confidence] | None:
    if _LOCAL_PREFIX.match(text) or _FILE.search(text) or text.count("/") > 1 or " " in text:
        return None
    owner, slash, name = text.partition("/")
    if HOLE in owner or (_LOCAL_OWNER if slash else _LOCAL_NAME).fullmatch(owner):
        return None
    if text in _saved_here(call):
        return None
    if HOLE in text:
        return f"`{text.replace(HOLE, '…')}`", Confidence.MEDIUM if slash and name else Confidence.LOW
    if _NAME.fullmatch(text) is None:
        return None
    known = bool(slash) or "-" in text or any(character.isdigit() for character in text)
    return f"`{text}`", Confidence.HIGH if known else Confidence.LOW


def _saved_here(call: Call) -> set[str]:
    """Folders that the same file saves models to."""
    found: set[str] = set()
    for site in call.module.file.calls:
        function = site.node.func
        if isinstance(function, ast.Attribute) and function.attr in {"save_pretrained", "save_model", "save"}:
            found.update(
                text for argument in site.node.args[:1] if (text := call.module.text(argument, site.scope, site.order))
            )
    return found


def _names_compared(call: Call, name: str) -> str:
    """A hub name that the same function compares the variable with, as in `assert size in {"gpt2", "gpt2-xl"}`.

    Names of other branches are none of its: `if name == "dpr-base": ... else: load(name)`.
    """
    elsewhere = _other_branches(call)
    for node in ast.walk(call.scope.node):
        match node:
            case ast.Compare(left=ast.Name(id=compared), comparators=sides) if compared == name:
                shown = "`%s` or another name in `%s`"
                options = [
                    option
                    for side in sides
                    for option in (side.elts if isinstance(side, ast.Set | ast.List | ast.Tuple) else [side])
                ]
            case ast.Call(func=ast.Attribute(value=ast.Name(id=compared), attr="startswith"), args=[option]) if (
                compared == name
            ):
                shown, options = "`%s...` in `%s`", [option]
            case _:
                continue
        if node in elsewhere:
            continue
        for option in options:
            text = option.value if isinstance(option, ast.Constant) else None
            if isinstance(text, str) and _NAME.fullmatch(text.rstrip("/")) and ("-" in text or "/" in text):
                return shown % (text, name)
    return ""


def _other_branches(call: Call) -> set[ast.AST]:
    """Conditions on which a call does not run, and all that stands in branches beside its own."""
    found: set[ast.AST] = set()
    child: ast.AST = call.node
    for parent in call.module.file.ancestors(call.node):
        if isinstance(parent, ast.If) and child is not parent.test:
            others = [parent.test, *parent.body] if child in parent.orelse else parent.orelse
            found.update(node for other in others for node in ast.walk(other))
        child = parent
    return found


def _by_repository(call: Call) -> tuple[str, Confidence] | None:
    node = call.argument("repo_or_dir")
    text = call.text(node) if node is not None else None
    if text is None or call.value("source") == "local" or _LOCAL_PREFIX.match(text):
        return None
    repository, colon, reference = text.partition(":")
    if "/" not in repository or HOLE in text:
        return None
    if not colon:
        return f"`{text}` is taken from its default branch: append a tag or commit, `{text}:TAG`", Confidence.HIGH
    if _is_fixed(reference) or any(character.isdigit() for character in reference):
        return None
    return f"`{reference}` in `{text}` is a branch that changes with every push", Confidence.HIGH


def _by_address(call: Call) -> tuple[str, Confidence] | None:
    entry = call.entry
    node = call.argument(entry.arguments[0]) if entry is not None else None
    text = call.text(node) if node is not None else None
    if text is None or text.endswith(HOLE) or _LOCAL_PREFIX.match(text):
        return None
    path = text.partition("?")[0].rstrip("/")
    if re.search(r"/v?\d+(\.\w+)*$|@[\w.]+$|/[0-9a-f]{40}(/|$)", path):
        return None
    is_address = path.startswith(("https://", "http://")) or (call.name.startswith("kagglehub") and "/" in path)
    if not is_address or _FILE.search(path):
        return None
    return f"`{text}` names no version: append its number, as in `{path}/1`", Confidence.HIGH


def _by_prefix(call: Call) -> tuple[str, Confidence] | None:
    entry = call.entry
    for argument in entry.arguments if entry is not None else ():
        node = call.argument(argument)
        text = call.text(node) if node is not None else None
        if text is None or _PREFIX.match(text) is None or text.endswith(HOLE):
            continue
        _, at, reference = text.partition("@")
        if not at or not _is_fixed(reference):
            return f"`{text}` is downloaded without a commit: append `@COMMIT`", Confidence.HIGH
    return None


_JUDGES: dict[str, Callable[[Call], tuple[str, Confidence] | None]] = {
    "hub-revision": _by_revision,
    "hub-repository": _by_repository,
    "hub-address": _by_address,
    "hub-prefix": _by_prefix,
}
"""How a version is stated, by catalog role."""


rule.flags(
    """
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline
    from diffusers import StableDiffusionPipeline
    from huggingface_hub import hf_hub_download, snapshot_download

    tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased")  # expect: ART002
    model = AutoModelForSequenceClassification.from_pretrained(  # expect: ART002
        "distilbert/distilbert-base-uncased-finetuned-sst-2-english", num_labels=2
    )
    pipe = StableDiffusionPipeline.from_pretrained("runwayml/stable-diffusion-v1-5", revision="main")  # expect: ART002
    weights = hf_hub_download("org/segmenter", filename="model.safetensors")  # expect: ART002
    folder = snapshot_download(repo_id="org/segmenter")  # expect: ART002
    classify = pipeline("text-classification", model="org/sentiment")  # expect: ART002
    """
)
rule.flags(
    """
    import timm
    import torch
    import tensorflow_hub as hub
    from sentence_transformers import SentenceTransformer

    detector = torch.hub.load("ultralytics/yolov5", "yolov5s")  # expect: ART002
    branch = torch.hub.load("pytorch/vision:main", "resnet50")  # expect: ART002
    embedder = hub.KerasLayer("https://tfhub.dev/google/nnlm-en-dim50")  # expect: ART002
    backbone = timm.create_model("hf-hub:org/resnet50-tuned", pretrained=True)  # expect: ART002
    sentences = SentenceTransformer("all-MiniLM-L6-v2")  # expect: ART002
    """
)
rule.flags(
    """
    class GPT:
        @classmethod
        def from_pretrained(cls, model_type):
            assert model_type in {"gpt2", "gpt2-medium"}
            from transformers import GPT2LMHeadModel
            return GPT2LMHeadModel.from_pretrained(model_type)  # expect: ART002

    def load(name):
        from transformers import AutoModel
        if name.startswith("meta-llama/"):
            return AutoModel.from_pretrained(name)  # expect: ART002
    """
)
rule.allows(
    """
    from transformers import AutoModel, AutoTokenizer, pipeline
    from huggingface_hub import hf_hub_download

    model = AutoModel.from_pretrained("org/name", revision="5c38ec7c405ec4b44b94cc5a9bb96e735b38267a")
    tokenizer = AutoTokenizer.from_pretrained("org/name", revision=REVISION)
    resumed = AutoModel.from_pretrained("./output/checkpoint-500")
    local = AutoModel.from_pretrained("models/classifier")
    offline = AutoModel.from_pretrained("org/name", local_files_only=True)
    weights = hf_hub_download("org/name", "model.bin", revision="v1.0")
    classify = pipeline("text-classification", model=model, tokenizer=tokenizer)
    default = pipeline("sentiment-analysis")
    """
)
rule.allows(
    """
    from transformers import Trainer, AutoModel, AutoTokenizer

    model.save_pretrained("sentiment-v2")
    again = AutoModel.from_pretrained("sentiment-v2")
    tuned = AutoTokenizer.from_pretrained(output_dir)
    """
)
rule.allows(
    """
    import timm
    import torch
    import tensorflow_hub as hub
    from model import GPT

    gpt = GPT.from_pretrained("gpt2")
    vision = torch.hub.load("pytorch/vision:v0.10.0", "resnet18")
    own = torch.hub.load(".", "custom", source="local")
    embedder = hub.load("https://tfhub.dev/google/universal-sentence-encoder/4")
    backbone = timm.create_model("resnet50.a1_in1k", pretrained=True)
    """
)
