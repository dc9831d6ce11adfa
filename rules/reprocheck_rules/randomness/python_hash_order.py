"""The order of a set, or the hash of a text, decides something that lasts.

## Why
Python salts the hash of texts anew in each process, and objects hash by their address. A set of either runs in another
order each time, whatever is seeded: class 3 today is class 5 tomorrow, the vocabulary is shuffled, the split moves,
sums add in another order. Nothing in a log shows it.

## Fix
`sorted(...)` where the set becomes a sequence; `dict.fromkeys(...)` instead of `set(...)` to keep the order of arrival;
a list instead of a set in the parameters of a library. Instead of `hash(text)`, `zlib.crc32(text.encode())` or a digest
of `hashlib`. `PYTHONHASHSEED` settles texts only, and only when it is set before Python starts.

## Notes
Silent where the order can't matter: sorted, counted, tested for membership, combined with other sets, or reduced by
`min`, `max`, `sum`, `any`; and for sets of numbers, whose hash is their value. Elements of unknown type give medium
confidence at most, and low where they are named as numbers or the module has nothing to do with data.
"""

import ast
import re
from collections.abc import Iterator

from reprocheck.rulekit import Call, Confidence, Match, Module, Project, Rule
from reprocheck_rules.determinism.order_effects import Effect, shown
from reprocheck_rules.randomness.order_of_sets import OrderOfSets
from reprocheck_rules.randomness.set_elements import Elements, elements_of, elements_of_set
from reprocheck_rules.randomness.set_fixes import lasting_hash, sorting
from reprocheck_rules.randomness.sets_across_files import crossings

rule = Rule("RNG018", "python-hash-order", __doc__)

_DATA_TEXT = """
    numpy pandas torch torchvision torchaudio tensorflow keras sklearn random jax flax datasets polars xgboost lightgbm
    catboost transformers scipy nltk spacy gensim networkx cv2 PIL lightning pytorch_lightning tokenizers dgl joblib
    torch_geometric gymnasium gym h5py
"""
_DATA = tuple(_DATA_TEXT.split())
_CEILING = {
    Elements.TEXTS: Confidence.HIGH,
    Elements.LIKELY_TEXTS: Confidence.MEDIUM,
    Elements.UNKNOWN: Confidence.MEDIUM,
    Elements.LIKELY_NUMBERS: Confidence.LOW,
}
_DRAWN = re.compile(r"\b(samples?|choices?|shuffle|permutation)\(")
_STRENGTH = {Confidence.LOW: 0, Confidence.MEDIUM: 1, Confidence.HIGH: 2}


@rule.on(ast.Set, ast.SetComp)
def check_display(node: ast.Set | ast.SetComp, module: Module) -> Iterator[Match]:
    """Sets that are written out."""
    yield from _check_set(module, node)


@rule.on_call("builtins.set", "builtins.frozenset")
def check_conversion(call: Call) -> Iterator[Match]:
    """Sets that are made of something else."""
    if isinstance(call.node.func, ast.Name) and len(call.node.args) == 1 and not _is_empty(call.node.args[0]):
        yield from _check_set(call.module, call.node)


def _is_empty(node: ast.expr) -> bool:
    """Whether a set is made of nothing: what is added to it decides, and that is judged where it is made."""
    return isinstance(node, ast.List | ast.Tuple) and not node.elts


def _check_set(module: Module, node: ast.expr) -> Iterator[Match]:
    """A set whose order reaches something."""
    if module.is_test:
        return
    elements = elements_of_set(module, node)
    if elements is Elements.NUMBERS or isinstance(module.file.parent(node), ast.Compare):
        return
    effect = module.once(OrderOfSets).effect(node)
    if effect is not None:
        yield _match(module, node, elements, effect)


def _match(module: Module, node: ast.expr, elements: Elements, effect: Effect) -> Match:
    confidence = min(_CEILING[elements], effect.confidence, key=_STRENGTH.__getitem__)
    unseen = effect.clause.endswith("keeps that order") and "param" not in effect.clause
    if elements is Elements.UNKNOWN and (unseen or _DRAWN.search(effect.clause)):
        confidence = Confidence.LOW  # class numbers are as common as class names; what is drawn from is often numbered
    if not module.imports(*_DATA) and effect.confidence is not Confidence.HIGH and "collects" not in effect.clause:
        confidence = Confidence.LOW
    return module.match(
        node,
        f"`{shown(node)}` runs in another order in each process, and {effect.clause}",
        confidence=confidence,
        trail=[module.note(effect.node, "the order matters here")] if effect.node is not node else (),
        fix=sorting(module, node, elements),
    )


@rule.on_call("builtins.hash")
def check_hash(call: Call) -> Iterator[Match]:
    """`hash(text) % n`: a bucket that moves with each process."""
    module = call.module
    if module.is_test or len(call.node.args) != 1:
        return
    kind = elements_of(module, ast.List(elts=[call.node.args[0]]))
    if kind in {Elements.NUMBERS, Elements.LIKELY_NUMBERS}:
        return
    bucket = _bucket(call)
    if bucket is None:
        return
    function = call.scope.enclosing("function")
    if function is not None and function.name in {"__hash__", "__eq__"}:
        return
    mixed = isinstance(call.node.args[0], ast.Tuple) and kind is not Elements.TEXTS
    confidence = Confidence.LOW if mixed or not module.imports(*_DATA) else _CEILING[kind]
    yield call.match(
        f"`{shown(call.node)}` is another number in each process, and `{shown(bucket)}` puts things apart by it",
        confidence=confidence,
        fix=lasting_hash(call, kind),
    )


def _bucket(call: Call) -> ast.BinOp | None:
    """The remainder or mask that is taken of the hash."""
    file = call.module.file
    node: ast.AST = call.node
    parent = file.parent(node)
    while isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id in {"abs", "int"}:
        node, parent = parent, file.parent(parent)
    if isinstance(parent, ast.BinOp) and parent.left is node and isinstance(parent.op, ast.Mod | ast.BitAnd):
        return None if _seeds(call, parent) else parent
    return None


def _seeds(call: Call, bucket: ast.BinOp) -> bool:
    """Whether the number becomes a seed: that is another rule's."""
    file = call.module.file
    parent = file.parent(bucket)
    while isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id in {"abs", "int"}:
        parent = file.parent(parent)
    if isinstance(parent, ast.keyword):
        return "seed" in (parent.arg or "") or parent.arg == "random_state"
    if isinstance(parent, ast.Call):
        outer = call.module.call(parent)
        entry = outer.entry if outer is not None else None
        return entry is not None and not entry.roles.isdisjoint(
            {"seeder", "generator", "makes-key", "reseeds-generator"}
        )
    statement = file.statement(bucket)
    if isinstance(statement, ast.Assign):
        return any("seed" in shown(target).lower() for target in statement.targets)
    return False


@rule.on_project
def check_project(project: Project) -> Iterator[Match]:
    """Sets that cross from file to file."""
    yield from crossings(project)


rule.flags(
    """
    import numpy as np

    def encode_onehot(labels):
        classes = set(labels)  # expect: RNG018
        table = {c: np.identity(len(classes))[i, :] for i, c in enumerate(classes)}
        return np.array([table[label] for label in labels])
    """,
    title="Class indices",
    fixed="""
    import numpy as np

    def encode_onehot(labels):
        classes = set(labels)
        table = {c: np.identity(len(classes))[i, :] for i, c in enumerate(sorted(classes))}
        return np.array([table[label] for label in labels])
    """,
)
rule.flags(
    """
    import random
    from sklearn.model_selection import train_test_split

    words = set(text.split())  # expect: RNG018
    index = {}
    for word in words:
        index[word] = len(index)

    names = list({row["name"].strip() for row in rows})  # expect: RNG018
    random.shuffle(names)
    train = names[:80]
    files = list(set(paths) - {"readme.txt"})  # expect: RNG018
    first, rest = train_test_split(files)
    """,
    title="A vocabulary and splits",
    fixed="""
    import random
    from sklearn.model_selection import train_test_split

    words = set(text.split())
    index = {}
    for word in sorted(words):
        index[word] = len(index)

    names = sorted({row["name"].strip() for row in rows})
    random.shuffle(names)
    train = names[:80]
    files = sorted(set(paths) - {"readme.txt"})
    first, rest = train_test_split(files)
    """,
)
rule.flags(
    """
    class Value:
        def __init__(self, data, children=()):
            self.data = data
            self.grad = 0
            self._previous = set(children)  # expect: RNG018

        def backward(self):
            order = []
            visited = set()

            def visit(value):
                if value not in visited:
                    visited.add(value)
                    for child in value._previous:
                        visit(child)
                    order.append(value)

            visit(self)
            for value in reversed(order):
                value._backward()
    """,
    title="Objects hash by their address, and sums follow",
)
rule.flags(
    """
    import lightgbm as lgb

    params = {"objective": "regression", "metric": {"l2", "l1"}, "num_leaves": 31}  # expect: RNG018
    model = lgb.train(params, data, valid_sets=[held_out])
    """,
    title="A set of metrics",
)
rule.flags(
    """
    import torch
    from torch.utils.data import Dataset

    class Sounds(Dataset):
        def __init__(self, annotations):
            self.annotations = annotations
            self.class_names = list(set(a["category"] for a in annotations))  # expect: RNG018

        def __getitem__(self, index):
            return load(index), self.class_names.index(self.annotations[index]["category"])
    """,
    title="Classes of a data set",
    fixed="""
    import torch
    from torch.utils.data import Dataset

    class Sounds(Dataset):
        def __init__(self, annotations):
            self.annotations = annotations
            self.class_names = sorted(set(a["category"] for a in annotations))

        def __getitem__(self, index):
            return load(index), self.class_names.index(self.annotations[index]["category"])
    """,
)
rule.flags(
    """
    import numpy as np

    def bucket(word, size=1000):
        return abs(hash(word)) % size  # expect: RNG018

    def part(name):
        return "train" if hash(str(name)) % 10 < 8 else "test"  # expect: RNG018
    """,
    title="The hash of a text",
    fixed="""
    import zlib

    import numpy as np

    def bucket(word, size=1000):
        return abs(hash(word)) % size

    def part(name):
        return "train" if zlib.crc32(str(name).encode()) % 10 < 8 else "test"
    """,
)
rule.flags(
    {
        "labels.py": """
        def label_names(rows):
            return {row["label"] for row in rows}
        """,
        "train.py": """
        from labels import label_names

        index = {name: i for i, name in enumerate(label_names(rows))}  # expect: RNG018
        """,
    },
    title="A set made in another file",
)
rule.flags(
    {
        "encoding.py": """
        def numbered(names):
            return {name: i for i, name in enumerate(names)}
        """,
        "train.py": """
        from encoding import numbered

        index = numbered(set(labels))  # expect: RNG018
        """,
    },
    title="A set put in order in another file",
)
rule.allows(
    """
    import numpy as np

    classes = sorted(set(labels))
    index = {name: i for i, name in enumerate(classes)}
    count = len(set(labels))
    known = set(words)
    kept = [word for word in text.split() if word in known]
    missing = set(train) - set(test)
    if missing or set(a) & set(b):
        raise ValueError(f"not in both: {missing}")
    longest = max(len(word) for word in set(words))
    any_long = any(len(word) > 9 for word in set(words))
    """,
    title="Sorted, counted, tested, reduced",
)
rule.allows(
    """
    import numpy as np

    sizes = {1, 2, 3}
    table = {size: i for i, size in enumerate(sizes)}
    lengths = list({len(row) for row in rows})
    picked = list(set(range(100)) - set(range(10)))
    years = set(int(row["year"]) for row in rows)
    columns = list(years)
    places = torch.tensor(list(set(tokens.index(word) for word in query)))
    known = torch.tensor(list(set(tokenizer.encode(text))))

    def session_edges(items: list[int], weights: "dict[int, float] | None"):
        seen = set(items)
        known = list(set(weights))
        return torch.tensor([[left, right] for left in seen for right in neighbours[left]]), torch.tensor(known)
    """,
    title="Numbers hash to themselves",
)
rule.allows(
    """
    import numpy as np
    import torch

    names = list(set(words))
    names.sort()
    unique = list(dict.fromkeys(words))
    found = set()
    for word in text.split():
        found.add(word)
    for name in found:
        print(name)
    totals = {name: 0 for name in found}
    merged = found | {"other"}
    np.random.shuffle(sorted(merged))
    """,
    title="Sorted later, shown, used as keys",
)
rule.allows(
    """
    import numpy as np
    from sklearn.preprocessing import LabelEncoder, MultiLabelBinarizer

    encoder = LabelEncoder()
    encoder.fit(list(set(words)))
    binarizer = MultiLabelBinarizer()
    topics = binarizer.fit_transform([list(set(row.split())) for row in rows])
    """,
    title="Encoders that sort what they are given",
)
rule.flags(
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import LabelEncoder

    rows = TfidfVectorizer().fit_transform(list(set(text.split())))  # expect: RNG018
    codes = LabelEncoder().fit_transform(list(set(text.split())))  # expect: RNG018
    """,
    title="Rows in the order of a set",
)
rule.allows(
    """
    import lightgbm as lgb

    params = {"objective": "regression", "metric": ["l2", "l1"]}
    one = {"metric": {"l2"}}
    lgb.train(params, data)
    """,
    title="A list of metrics, or a single one",
)
rule.allows(
    """
    import numpy as np

    class Key:
        def __hash__(self):
            return hash(self.name) % 1024

    same = hash(left) == hash(right)
    slot = hash(3) % 8
    cache[hash(key)] = value
    """,
    title="Hashes that stay inside one process",
)
rule.allows(
    {
        "labels.py": """
        def label_names(rows):
            return {row["label"] for row in rows}

        def label_list(rows):
            return sorted(label_names(rows))
        """,
        "train.py": """
        from labels import label_list, label_names

        index = {name: i for i, name in enumerate(label_list(rows))}
        ordered = {name: i for i, name in enumerate(sorted(label_names(rows)))}
        print(len(label_names(rows)))
        """,
    },
    title="Sorted on the way",
)
rule.allows(
    """
    import random

    import numpy as np

    def divide(clients, shards=1200, size=30):
        rest = [i for i in range(shards)]
        parts = {}
        for client in range(clients):
            chosen = set(np.random.choice(rest, size, replace=False))
            rest = list(set(rest) - chosen)
            parts[client] = chosen
        return parts, np.random.permutation(rest)

    class Negatives:
        def __init__(self, users, items, seen):
            self.pools = {}
            for user in users:
                others = list(set(range(items)) - set(seen[user]))
                self.pools[user] = [random.choice(others) for _ in range(100)]

        def sample(self, user, seen):
            return random.sample(list(set(self.pools[user]) - set(seen)), 5)
    """,
    title="Numbers that are drawn and taken away",
)
rule.flags(
    """
    import numpy as np

    rest = open("speakers.txt").read().split()
    for part in range(3):
        chosen = set(np.random.choice(rest, 10))
        rest = list(set(rest) - chosen)  # expect: RNG018
        np.random.shuffle(rest)
    """,
    title="Texts that are drawn and taken away",
)
rule.allows(
    """
    import numpy as np
    import torch

    def reactants(found, counts):
        return torch.tensor(list(set(found)))

    def gathered(found):
        return torch.LongTensor(list(set(found)))
    """,
    title="Tensors hold numbers",
)
rule.flags(
    """
    import numpy as np
    from records import found

    names = np.array(list(set(found)))  # expect: RNG018
    order = np.random.permutation(names)
    """,
    title="Arrays may hold texts",
)
