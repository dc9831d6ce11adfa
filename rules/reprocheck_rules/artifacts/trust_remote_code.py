"""Code that comes with a model or a data set from a hub is run as it is there today.

## Why
`trust_remote_code=True` downloads Python files from the model's repository and executes them. They can change at any
time without the name changing: another forward pass, other preprocessing, or code that reads your keys.

## Fix
Use an architecture that the library itself has, and leave the argument out. Where there is none, fix the code:
`revision="<commit>"` (and `code_revision` where the code lies in another repository), read it once, and keep a copy.

## Notes
With a full commit as `revision` the code can't change, and the rule is silent. Options that a user may set are silent
unless they are on by default.
"""

import ast
import re
from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Module, Rule, Scalar, ShellView, TreeView, walk

rule = Rule("ART008", "trust-remote-code", __doc__)

_COMMIT = re.compile(r"[0-9a-f]{40}")
_WHY = "runs whatever code the hub has under that name today"
_KEY = "trust_remote_code"


@rule.on_module(contains=r"trust_remote_code")
def check(module: Module) -> Iterator[Match]:
    """Arguments, options on by default, and dictionaries of arguments."""
    if module.is_test:
        return
    for node in module.file.every(ast.Call, ast.Dict, ast.AnnAssign, ast.Assign):
        match node:
            case ast.Call(keywords=[_, *_] as keywords):
                yield from _call(module, keywords)
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == _KEY and _is_on(value):
                        yield module.match(value, f'`"{_KEY}": True` {_WHY}', confidence=Confidence.MEDIUM)
            case ast.AnnAssign(target=ast.Name(id="trust_remote_code"), value=ast.expr() as value) if _is_on(value):
                yield module.match(node, f"`{_KEY}` is on by default, which {_WHY}", confidence=Confidence.MEDIUM)
            case ast.Assign(targets=[ast.Subscript(slice=ast.Constant(value="trust_remote_code"))], value=value):
                if _is_on(value):
                    yield module.match(node, f'`["{_KEY}"] = True` {_WHY}', confidence=Confidence.MEDIUM)


def _call(module: Module, keywords: list[ast.keyword]) -> Iterator[Match]:
    given = next((k for k in keywords if k.arg == _KEY), None)
    if given is None:
        return
    if not _is_on(given.value):
        return
    revisions = [k.value for k in keywords if k.arg in {"revision", "code_revision"}]
    if any(isinstance(r, ast.Constant) and isinstance(r.value, str) and _COMMIT.fullmatch(r.value) for r in revisions):
        return
    yield module.match(given.value, f"`{_KEY}=True` {_WHY}")


def _is_on(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


@rule.on_tree
def check_tree(tree: TreeView) -> Iterator[Match]:
    """Configuration files that switch it on."""
    if tree.kind not in {"yaml", "toml", "json"} or _KEY not in tree.source.text:
        return
    for root in tree.document.roots:
        for keys, node in walk(root):
            if keys and keys[-1] == _KEY and isinstance(node, Scalar) and node.value is True:
                yield Match(span=node.span, message=f"`{_KEY}` is on, which {_WHY}", confidence=Confidence.MEDIUM)


@rule.on_shell
def check_shell(script: ShellView) -> Iterator[Match]:
    """`vllm serve NAME --trust-remote-code`."""
    for command in script.commands:
        for word in command.words:
            if word.text in {"--trust-remote-code", "--trust_remote_code"}:
                yield Match(span=word.span, message=f"`{word.text}` {_WHY}", confidence=Confidence.MEDIUM)


rule.flags(
    """
    from datasets import load_dataset
    from transformers import AutoModel, AutoTokenizer, pipeline
    from sentence_transformers import SentenceTransformer

    model = AutoModel.from_pretrained("acme/model", trust_remote_code=True)  # expect: ART008
    tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=True, revision="main")  # expect: ART008
    data = load_dataset("acme/data", trust_remote_code=True)  # expect: ART008
    pipe = pipeline("text-generation", "acme/model", trust_remote_code=True)  # expect: ART008
    encoder = SentenceTransformer("acme/encoder", trust_remote_code=True)  # expect: ART008
    arguments = {"device": "cuda", "trust_remote_code": True}  # expect: ART008
    """,
    title="Models, data sets, pipelines",
)
rule.flags(
    """
    model:
      name: acme/model
      trust_remote_code: true  # expect: ART008
    """,
    file="config.yaml",
    title="A configuration file",
)
rule.allows(
    """
    from transformers import AutoModel

    model = AutoModel.from_pretrained("acme/model")
    model = AutoModel.from_pretrained("acme/model", trust_remote_code=False)
    model = AutoModel.from_pretrained("acme/model", trust_remote_code=args.trust_remote_code)
    model = AutoModel.from_pretrained(
        "acme/model", trust_remote_code=True, revision="0123456789abcdef0123456789abcdef01234567"
    )
    parser.add_argument("--trust_remote_code", action="store_true")
    settings = {"trust_remote_code": False}
    """,
    title="Off, the user's choice, a fixed commit",
)
rule.allows(
    """
    model:
      trust_remote_code: false
    """,
    file="config.yaml",
    title="Off in a configuration",
)
