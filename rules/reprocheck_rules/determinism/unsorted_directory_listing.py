"""Files are taken in the order in which the file system happens to list them.

## Why
`os.listdir`, `glob`, `Path.iterdir` and `os.walk` promise no order: it differs between file systems, between a fresh
copy and the original, and after files come and go. When that order decides which sample is number seven, which files
are in the validation part or which class gets which index, another machine trains on another data set. Seeding and
shuffling afterwards doesn't help: the same shuffle of another order is another order.

## Fix
Wrap the listing: `sorted(os.listdir(folder))`, `sorted(folder.glob("*.png"))`; with `os.walk`, `dirs.sort()` and
`sorted(files)`.

## Notes
Silent where the order can't matter: sorted or counted, tested for membership, made a set or a dictionary, searched
for a maximum, deleted, copied, or each file handled alone. Taking one entry by a fixed index and handing the listing
to code that can't be seen have medium confidence. Listings in tests have low confidence.
"""

import ast
from collections.abc import Iterator

from reprocheck.rulekit import Call, Confidence, Fix, Match, Module, Rule
from reprocheck_rules.determinism.listing_fixes import sorting, sorting_walk
from reprocheck_rules.determinism.order_effects import Effect, shown, strongest
from reprocheck_rules.determinism.order_in_loops import LoopReader
from reprocheck_rules.determinism.order_of_use import OrderOfUse

rule = Rule("DET008", "unsorted-directory-listing", __doc__)

_PATH_METHODS = frozenset({"iterdir", "rglob", "glob"})


_LISTINGS = """
    listdir scandir walk glob iglob glob1 rglob iterdir list_images list_files ListDirectory Glob Walk
"""


@rule.on_module(mentions=tuple(_LISTINGS.split()))
def check(module: Module) -> Iterator[Match]:
    """Listings of libraries, and methods that only paths have."""
    order: OrderOfUse | None = None
    known = set()
    for call in module.calls:
        entry = call.entry
        if entry is not None or not call.name.startswith("builtins."):
            known.add(
                call.node
            )  # a method of what a builtin returns may be that of a path: `for folder in sorted(...)`
        roles = entry.roles if entry is not None else frozenset()
        if roles.isdisjoint(("lists-directory", "walks-directory")):
            continue
        order = order or OrderOfUse(module)
        effect = _walk_effect(call, order) if "walks-directory" in roles else order.effect(call.node)
        if effect is not None:
            fix = sorting_walk(call) if "walks-directory" in roles else sorting(module, call.node, call.name)
            yield _match(module, call.node, _display(call), effect, fix)
    for site in module.file.calls:
        function = site.node.func
        if isinstance(function, ast.Attribute) and function.attr in _PATH_METHODS and site.node not in known:
            if not _like_path(function, site.node):
                continue
            order = order or OrderOfUse(module)
            effect = order.effect(site.node)
            if effect is not None:
                yield _match(module, site.node, shown(function), effect, sorting(module, site.node, ""))


def _like_path(function: ast.Attribute, call: ast.Call) -> bool:
    return len(call.args) == (0 if function.attr == "iterdir" else 1)


def _display(call: Call) -> str:
    function = call.node.func
    if call.name.startswith("pathlib.Path."):
        return "Path." + call.name.rpartition(".")[2]
    return call.name if isinstance(function, ast.Name) else shown(function)


def _match(module: Module, node: ast.Call, callee: str, effect: Effect, fix: Fix | None) -> Match:
    confidence = Confidence.LOW if module.is_test or _names_one(node, module) else effect.confidence
    return module.match(
        node,
        f"`{callee}` lists in the file system's own order, and {effect.clause}",
        confidence=confidence,
        trail=[module.note(effect.node, "the order matters here")] if effect.node is not node else (),
        fix=fix,
    )


def _names_one(node: ast.Call, module: Module) -> bool:
    """Whether a pattern has no wildcard, so that it finds one file of that name."""
    if not node.args or not isinstance(node.func, ast.Attribute) or node.func.attr != "rglob":
        return False
    pattern = module.text(node.args[0])
    return pattern is not None and pattern != "{}" and not any(sign in pattern for sign in "*?[")


def _walk_effect(call: Call, order: OrderOfUse) -> Effect | None:
    """`os.walk`: its folders and files, in a loop, a comprehension or through `next`."""
    file = call.module.file
    node: ast.expr = call.node
    parent = file.parent(node)
    if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id in {"tqdm", "enumerate"}:
        node, parent = parent, file.parent(parent)
    match parent:
        case ast.For(target=ast.Tuple(elts=[_, folders, files])):
            if _sorted_in(parent, folders) or _sorted_in(parent, files):
                return None
            return strongest(LoopReader(order, parent).effects())
        case ast.comprehension():
            owner = file.parent(parent)
            if "sorted(" in ast.unparse(owner or parent):
                return None
            return order.effect(node)
        case ast.Call(func=ast.Name(id="next")):
            return _first_of_walk(parent, order)
    return order.effect(node)


def _sorted_in(loop: ast.For, target: ast.expr) -> bool:
    """Whether the body sorts one of the loop's lists."""
    if not isinstance(target, ast.Name):
        return False
    for node in ast.walk(loop):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="sort")) if name == target.id:
                return True
            case ast.Call(func=ast.Name(id=function), args=[argument, *_]) if "sort" in function:
                if any(isinstance(part, ast.Name) and part.id == target.id for part in ast.walk(argument)):
                    return True
    return False


def _first_of_walk(call: ast.Call, order: OrderOfUse) -> Effect | None:
    """`next(os.walk(folder))[1]` and `_, folders, files = next(os.walk(folder))`."""
    match order.file.parent(call):
        case ast.Subscript(slice=ast.Constant(value=1 | 2)) as chosen:
            return order.effect(chosen)
        case ast.Assign(targets=[ast.Tuple(elts=[_, *lists])]):
            return strongest(order.name_effect(name) for name in lists if isinstance(name, ast.Name))
    return None


rule.flags(
    """
    import os
    import glob
    import random
    from pathlib import Path
    import cv2
    import pandas as pd
    from sklearn.model_selection import train_test_split

    def load(folder):
        images, labels = [], []
        for name in os.listdir(folder):  # expect: DET008
            images.append(cv2.imread(os.path.join(folder, name)))
            labels.append(name.split("_")[0])
        return images, labels

    frame = pd.concat([pd.read_csv(path) for path in glob.glob("data/*.csv")])  # expect: DET008
    frame.to_csv("all.csv")
    train, test = train_test_split(list(Path("data").glob("*.png")))  # expect: DET008
    files = os.listdir("data/images")  # expect: DET008
    random.shuffle(files)
    train_files = files[:800]
    classes = {name: index for index, name in enumerate(next(os.walk("data"))[1])}  # expect: DET008
    """,
    title="samples, tables and splits",
    fixed="""
    import os
    import glob
    import random
    from pathlib import Path
    import cv2
    import pandas as pd
    from sklearn.model_selection import train_test_split

    def load(folder):
        images, labels = [], []
        for name in sorted(os.listdir(folder)):
            images.append(cv2.imread(os.path.join(folder, name)))
            labels.append(name.split("_")[0])
        return images, labels

    frame = pd.concat([pd.read_csv(path) for path in sorted(glob.glob("data/*.csv"))])
    frame.to_csv("all.csv")
    train, test = train_test_split(sorted(Path("data").glob("*.png")))
    files = sorted(os.listdir("data/images"))
    random.shuffle(files)
    train_files = files[:800]
    classes = {name: index for index, name in enumerate(next(os.walk("data"))[1])}
    """,
)
rule.flags(
    """
    from pathlib import Path
    import numpy as np

    def load(root):
        samples = []
        for folder in sorted(path for path in root.iterdir() if path.is_dir()):
            for path in folder.rglob("*.npy"):  # expect: DET008
                samples.append((path, folder.name))
        return np.stack([np.load(path) for path, _ in samples])

    def load_classes(root):
        arrays = []
        for label, folder in enumerate(sorted(root.iterdir())):
            for path in folder.glob("*.npy"):  # expect: DET008
                arrays.append(np.load(path))
        return np.stack(arrays)

    def load_sorted(root):
        arrays = []
        for folder in sorted(root.iterdir()):
            for path in sorted(folder.glob("*.npy")):
                arrays.append(np.load(path))
        return np.stack(arrays)
    """,
    title="sorted folders with files that are not",
)
rule.flags(
    """
    import os

    folders = [folder for folder, _, _ in os.walk("runs")][1:]  # expect: DET008
    train, test = folders[:80], folders[80:]
    files = os.listdir("data")  # expect: DET008
    first = files[names.index("a.png")]
    """,
    title="folders below the top, and a place that is looked up",
)
rule.flags(
    """
    import os
    import numpy as np

    parts = []
    for folder in sorted(os.listdir("data")):
        parts.append(os.listdir(folder))  # expect: DET008
    first = np.stack([read(name) for name in parts[0]])
    """,
    title="listings kept in a list",
)
rule.flags(
    """
    import os
    from glob import glob
    from torch.utils.data import Dataset

    class Images(Dataset):
        def __init__(self, root):
            self.files = glob(root + "/*.jpg")  # expect: DET008
            self.classes = [entry.name for entry in os.scandir(root) if entry.is_dir()]  # expect: DET008
            self.class_to_idx = {name: i for i, name in enumerate(self.classes)}

        def __len__(self):
            return len(self.files)

        def __getitem__(self, index):
            return self.files[index], self.classes[0]
    """,
    title="indices of a data set",
)
rule.flags(
    """
    import os
    import random

    def paths(root):
        found = []
        for folder, _, files in os.walk(root):  # expect: DET008
            for name in files:
                found.append(os.path.join(folder, name))
        return found

    def write_list(root, target):
        with open(target, "w") as out:
            for name in os.listdir(root):  # expect: DET008
                out.write(name)

    def first(root):
        return os.listdir(root)[0]  # expect: DET008

    def vocabulary(root):
        index = {}
        for name in os.listdir(root):  # expect: DET008
            index[name] = len(index)
        return index

    def rename(root):
        for i, name in enumerate(os.listdir(root)):  # expect: DET008
            os.rename(os.path.join(root, name), os.path.join(root, f"{i}.png"))

    def manifest(folder, train, valid):
        for path in folder.rglob("*.wav"):  # expect: DET008
            out = train if random.random() > 0.1 else valid
            print(path, file=out)

    def stream(folder):
        for path in folder.rglob("*.json"):  # expect: DET008
            yield path
    """,
    title="lists, manifests, numbers",
    fixed="""
    import os
    import random

    def paths(root):
        found = []
        for folder, dirs, files in os.walk(root):
            dirs.sort()
            files.sort()
            for name in files:
                found.append(os.path.join(folder, name))
        return found

    def write_list(root, target):
        with open(target, "w") as out:
            for name in sorted(os.listdir(root)):
                out.write(name)

    def first(root):
        return sorted(os.listdir(root))[0]

    def vocabulary(root):
        index = {}
        for name in sorted(os.listdir(root)):
            index[name] = len(index)
        return index

    def rename(root):
        for i, name in enumerate(sorted(os.listdir(root))):
            os.rename(os.path.join(root, name), os.path.join(root, f"{i}.png"))

    def manifest(folder, train, valid):
        for path in sorted(folder.rglob("*.wav")):
            out = train if random.random() > 0.1 else valid
            print(path, file=out)

    def stream(folder):
        for path in sorted(folder.rglob("*.json")):
            yield path
    """,
)
rule.allows(
    """
    import os
    import glob
    from pathlib import Path
    from natsort import natsorted

    files = sorted(os.listdir("data"))
    names = natsorted(glob.glob("data/*.png"))
    paths = list(Path("data").rglob("*.txt"))
    paths.sort()
    images = [p for p in Path("data").iterdir() if p.suffix == ".png"]
    images = sorted(images)
    train = images[:100]
    count = len(os.listdir("data"))
    latest = max(glob.glob("checkpoints/*.pt"), key=os.path.getctime)
    if "model.pt" in os.listdir("checkpoints"):
        print("found")
    done = set(os.listdir("out"))
    print(os.listdir("data"))
    checkpoints = os.listdir("checkpoints")
    steps = [int(name.split("-")[1]) for name in checkpoints]
    resume(checkpoints[steps.index(max(steps))], checkpoints[int(np.argmin(steps))])
    for folder in [folder for folder, _, _ in os.walk("runs")][1:]:
        os.rmdir(folder)
    """,
    title="sorted, counted, tested, searched",
)
rule.allows(
    """
    import os
    import glob
    import shutil

    for name in os.listdir("out"):
        os.remove(os.path.join("out", name))
    for path in glob.glob("*.log"):
        shutil.move(path, "logs")
    for folder, _, files in os.walk("data"):
        for name in sorted(files):
            index.append(os.path.join(folder, name))
    total = 0
    for name in os.listdir("data"):
        total += os.path.getsize(name)
    by_name = {name: os.path.getsize(name) for name in os.listdir("data")}
    for name in os.listdir("data"):
        image = load(name)
        save(resize(image), os.path.join("resized", name))
    scores = []
    for _ in os.listdir("data/folds"):
        scores.append(evaluate(model))
    parts = []
    for folder in sorted(os.listdir("data")):
        parts.append(os.listdir(folder))
    print(len(parts[0]), scores[0])
    """,
    title="deleted, moved, handled alone, counted",
)
rule.allows(
    """
    import os

    def entries(root):
        return [name for name in os.listdir(root) if name.endswith(".npz")]

    def load(root):
        files, count = os.listdir(root), 0
        files.sort()
        return files

    def both(root):
        return entries(root), root

    def use(root):
        names, root = both(root)
        names = sorted(names)
        return names[0]

    def newest(root):
        steps = [int(name.split("-")[1]) for name in os.listdir(root)]
        return max(steps)

    def collect(root):
        found = []
        for name in os.listdir(root):
            found.append(name)
        return sorted(found)
    """,
    title="sorted by everyone who takes it",
)
rule.allows(
    """
    import glob
    import os
    from multiprocessing import Pool

    import cv2
    import numpy as np
    from scipy.io import wavfile
    from tqdm import tqdm

    def shrink(folder, target):
        names = [name for name in os.listdir(folder) if name.endswith(".jpg")]
        total = len(names)
        for i in range(total):
            print("{} of {}: {}".format(i, total, names[i]))
            image = cv2.imread(os.path.join(folder, names[i]))
            image = np.concatenate([image, image], axis=2)
            cv2.imwrite(os.path.join(target, names[i]), image)

    def cut(folder):
        for path in glob.glob(folder + "/*.wav"):
            rate, sound = wavfile.read(path)
            wavfile.write(path.replace("/whole/", "/cut/"), rate, sound[:rate])

    def extract(folder):
        videos = glob.glob(folder + "/*")
        with Pool(5) as pool:
            for _ in tqdm(pool.imap_unordered(frames_of, videos), total=len(videos)):
                pass
    """,
    title="each handled alone, by its position, in files of their own, by other processes",
)
rule.flags(
    """
    import os
    from multiprocessing import Pool

    import numpy as np

    def table(folder):
        names = os.listdir(folder)  # expect: DET008
        rows = []
        for i in range(len(names)):
            rows.append(np.load(names[i]))
        return np.stack(rows)

    def rename(folder):
        names = os.listdir(folder)  # expect: DET008
        for i in range(len(names)):
            os.rename(names[i], "{}.png".format(i))

    def first(folder, i):
        names = os.listdir(folder)  # expect: DET008
        return np.load(names[i])

    def join(folder):
        for name in os.listdir(folder):  # expect: DET008
            part = np.load(name)
            if name.startswith("0"):
                whole = part
            else:
                whole = np.concatenate([whole, part])
        return whole

    def batches(folder):
        batch = []
        for name in os.listdir(folder):  # expect: DET008
            batch.append(np.load(name))
            if len(batch) == 8:
                np.save("batch_" + name, np.stack(batch))
                batch = []

    def features(folder):
        with Pool(5) as pool:
            return np.stack(list(pool.imap(np.load, os.listdir(folder))))  # expect: DET008
    """,
    title="by position, joined, in batches, from other processes",
)
rule.allows(
    """
    from pathlib import Path

    from tabulate import tabulate

    def show(folder):
        rows = []
        for path in Path(folder).glob("*"):
            rows.append([path.name, path.stat().st_size])
        print(tabulate(rows, headers=["Path", "Size"]))
    """,
    title="Shown as a table",
)
rule.flags(
    """
    import os

    import pandas as pd

    table = pd.read_csv("ids.csv")
    for name in os.listdir("columns"):  # expect: DET008
        table = table.merge(pd.read_csv("columns/" + name), on="id")
    table.to_csv("table.csv")
    """,
    title="Columns in that order",
)
rule.allows(
    """
    import os

    import pandas as pd

    for name in os.listdir("rides"):
        table = pd.read_csv("rides/" + name)
        table = table.merge(stations, on="station")
        table.to_csv("out/" + name)
    """,
    title="A table of its own for each",
)
