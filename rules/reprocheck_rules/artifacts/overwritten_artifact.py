"""Several programs write the same file, or one writes over the data that it read.

## Why
Whoever runs last wins: `model.pt` is that of the other script, and nothing says so. A script that cleans `data.csv` in
place can be run once; the second run cleans what is clean already, and the raw data is gone.

## Fix
Give each program, and each run, a path of its own (`runs/{name}/model.pt`), or an option without a default. Write what
was cleaned beside what was read.

## Notes
Only names that are known in full count, of data, models and results; where they come from the default of an option, the
confidence is low. Logs, caches and downloads are passed over, and so
are notebooks that are versions of one another, tables of results that a program reads to add to them, checkpoints that
the same program goes on from, and copies of files that git has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Project, Rule
from reprocheck.rulekit.artifacts import ArtifactGraph, Edge, Node, NodeKind, Use, artifact_graph

rule = Rule("ART006", "overwritten-artifact", __doc__, confidence="medium")

_KINDS = frozenset({NodeKind.DATA, NodeKind.MODEL, NodeKind.RESULT, NodeKind.TABLE})
_PASSING = re.compile(
    r"(^|/)(tmp|temp|cache|\.cache|logs?|runs|wandb|mlruns|lightning_logs|tests?|\.pytest_cache)(/|$)|\.(log|lock|tmp|html)$"
    r"|(^|/)(tmp|temp|test|debug|dummy|foo|cache|nohup)[^/]*$",
    re.IGNORECASE,
)
_TABLE = re.compile(r"\.(csv|tsv|parquet|feather|xlsx?|arrow)$", re.IGNORECASE)
_GROWS = re.compile(
    r"(log|history|result|record|state|progress|score|metric|registry|leaderboard|feedback|queue)", re.IGNORECASE
)
_TESTS = re.compile(r"(^|/)(tests?|testing|docs?|examples?_?tests?)/|(^|/)(test_[^/]*|[^/]*_test|conftest)\.py$")
_FORM = re.compile(
    r"\.(py|ipynb)$|^\d+|exercises?|solutions?|solved|assign\w*|student|starter|complete|final|answers?|copy|original"
    r"|explore|[\W_]"
)
"""What names of versions of one program differ in."""
_SHOWN = 4


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Every artifact that is written under a name known in full."""
    graph = artifact_graph(project)
    edges: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        edges.setdefault(edge.artifact, []).append(edge)
    for node in graph.nodes:
        if node.kind in _KINDS and node.exact and not _PASSING.search(node.id):
            writers = [edge for edge in edges.get(node.id, ()) if edge.writes and _counts(edge)]
            yield from _by_several(project, node, writers)
            yield from _in_place(project, graph, node, edges[node.id])


def _counts(edge: Edge) -> bool:
    return edge.certain and not _TESTS.search(edge.program) and any(_is_code(use) for use in edge.uses)


def _is_code(use: Use) -> bool:
    """Whether code makes what it writes; a copy is what its source is, and who appends keeps what is there."""
    return use.path.endswith((".py", ".ipynb")) and not use.via.startswith("shutil.") and not use.appends


def _by_several(project: Project, node: Node, writers: list[Edge]) -> Iterator[Match]:
    """Programs that write the same artifact from different lines."""
    by_place: dict[tuple[str, int], Edge] = {}
    for edge in writers:
        use = next(use for use in edge.uses if _is_code(use))
        by_place.setdefault((use.path, use.span.line), edge)
    found = list({edge.program: edge for edge in by_place.values()}.values())
    if len(found) < 2 or _are_versions([edge.program for edge in found]):  # noqa: PLR2004 — one program may write again
        return
    if node.kind is NodeKind.TABLE or any(_reads_first(project, edge, node) for edge in found):
        return
    first, second = found[0], found[1]
    use = next(use for use in second.uses if _is_code(use))
    others = len(found) - 2
    more = f" and {others} more programs do" if others > 1 else " and another program do" if others else " does"
    kind = "model" if node.kind is NodeKind.MODEL and not node.name.endswith((".pkl", ".pickle")) else "file"
    message = f"`{node.name}` is written here, and `{first.program}`{more} too: whichever runs last leaves its {kind}"
    trail = [
        project.note(other.path, other.span, f"`{edge.program}` writes it")
        for edge in (first, *found[2:_SHOWN])
        for other in edge.uses[:1]
    ]
    readers = any(edge.artifact == node.id and not edge.writes for edge in artifact_graph(project).edges)
    fixed = not any(use.by_option for edge in (first, second) for use in edge.uses[:1])
    sure = (readers or node.kind is not NodeKind.RESULT) and fixed
    yield project.match(
        use.path, use.span, message, confidence=Confidence.MEDIUM if sure else Confidence.LOW, trail=trail
    )


def _are_versions(programs: list[str]) -> bool:
    """Whether programs differ in nothing but form: a notebook and its export, an exercise and its solution."""
    return len({re.sub(_FORM, "", path.rpartition("/")[2].lower()) for path in programs}) == 1


def _reads_first(project: Project, edge: Edge, node: Node) -> bool:
    """Whether a program takes up what is there, to add to it or to go on."""
    return any(
        other.program == edge.program and other.artifact == node.id and not other.writes
        for other in artifact_graph(project).edges
    )


def _in_place(project: Project, graph: ArtifactGraph, node: Node, edges: list[Edge]) -> Iterator[Match]:
    """Tables that a program reads and then writes over."""
    if not _TABLE.search(node.id) or _GROWS.search(node.id):
        return
    for written in edges:
        read = next((edge for edge in edges if not edge.writes and edge.program == written.program), None)
        if not written.writes or not _counts(written) or read is None or not read.certain:
            continue
        made = [edge for edge in graph.edges if edge.artifact == node.id and edge.writes]
        pair = next(_pairs(read, written), None)
        if pair is None or len(made) > 1 or (node.kept == "git" and not node.path):
            continue
        before, after = pair
        message = f"`{node.name}` is read and then written over: a second run starts from what the first one left"
        trail = [project.note(before.path, before.span, "read here")]
        yield project.match(after.path, after.span, message, trail=trail)


def _pairs(read: Edge, written: Edge) -> Iterator[tuple[Use, Use]]:
    """A place that reads before one that writes, in the same file, where nothing was written before."""
    for after in written.uses:
        for before in read.uses:
            first = min(use.order for use in written.uses)
            if before.path == after.path and 0 < before.order < first <= after.order:
                yield before, after


_TRAIN = """
import torch
from net import {name}

model = {name}()
torch.save(model.state_dict(), "model.pt"){mark}
"""
_MARK = "  # expect: ART006"
_NET = "import torch\n\nclass Small(torch.nn.Module):\n    pass\n\nclass Large(torch.nn.Module):\n    pass\n"

rule.flags(
    {
        "train_large.py": _TRAIN.format(name="Large", mark=""),
        "train_small.py": _TRAIN.format(name="Small", mark=_MARK),
        "net.py": _NET,
    },
    title="Two scripts, one model",
)
rule.flags(
    {
        "forest.py": """
        import joblib
        from paths import MODEL
        from sklearn.ensemble import RandomForestClassifier

        joblib.dump(RandomForestClassifier(random_state=0), MODEL)
        """,
        "svm.py": """
        import pickle

        import paths
        from sklearn.svm import SVC

        with open(paths.MODEL, "wb") as file:  # expect: ART006
            pickle.dump(SVC(), file)
        """,
        "paths.py": 'import os\n\nMODEL = os.path.join("models", "best.pkl")\n',
    },
    title="Through a constant of another file",
)
rule.flags(
    {
        "a_features.py": 'import pandas as pd\n\npd.DataFrame({"x": [1]}).to_csv("data/features.csv")\n',
        "b_features.py": """
        from pathlib import Path

        import numpy as np
        import pandas as pd

        OUT = Path("data")
        frame = pd.DataFrame(np.ones((3, 2)))
        frame.to_csv(OUT / "features.csv")  # expect: ART006
        """,
        "train.py": 'import pandas as pd\n\ntable = pd.read_csv("data/features.csv")\n',
    },
    title="Features by two ways",
)
rule.flags(
    """
    import pandas as pd

    table = pd.read_csv("data/customers.csv")
    table = table.dropna()
    table.to_csv("data/customers.csv", index=False)  # expect: ART006
    """,
    title="Cleaned in place",
)
rule.flags(
    """
    import argparse
    import pandas as pd

    parser = argparse.ArgumentParser()
    parser.add_argument("--table", default="data/orders.parquet")
    args = parser.parse_args()
    orders = pd.read_parquet(args.table)
    orders["total"] = orders["price"] * orders["count"]
    orders.to_parquet(args.table)  # expect: ART006
    """,
    title="The same option for both",
)
rule.flags(
    {
        "clean.py": """
        import pandas as pd

        NAME = "raw/visits.csv"

        def load():
            return pd.read_csv(NAME)

        def main():
            visits = load()
            visits = visits[visits["seconds"] > 0]
            visits.to_csv(NAME)  # expect: ART006

        if __name__ == "__main__":
            main()
        """
    },
    title="Behind functions",
)
rule.allows(
    {
        "train_large.py": _TRAIN.format(name="Large", mark="").replace("model.pt", "large.pt"),
        "train_small.py": _TRAIN.format(name="Small", mark="").replace("model.pt", "small.pt"),
        "net.py": _NET,
    },
    title="A name each",
)
rule.allows(
    """
    import os
    import torch

    model = torch.nn.Linear(2, 1)
    if os.path.exists("last.pt"):
        model.load_state_dict(torch.load("last.pt", weights_only=True))
    torch.save(model.state_dict(), "last.pt")
    """,
    title="Goes on from a checkpoint",
)
rule.allows(
    {
        "a/train.py": _TRAIN.format(name="Large", mark=""),
        "a/README.md": "One project",
        "b/train.py": _TRAIN.format(name="Small", mark=""),
        "b/README.md": "Another one",
    },
    title="Two projects",
)
rule.allows(
    {
        "train.py": """
        import argparse
        import torch

        parser = argparse.ArgumentParser()
        parser.add_argument("--out", required=True)
        args = parser.parse_args()
        torch.save({}, args.out + "/model.pt")
        """,
        "finetune.py": """
        import sys
        import torch

        torch.save({}, f"{sys.argv[1]}/model.pt")
        """,
    },
    title="Where the user says",
)
rule.allows(
    """
    import pandas as pd

    results = pd.read_csv("results.csv")
    results.loc[len(results)] = [1, 2]
    results.to_csv("results.csv", index=False)
    """,
    title="A table of results grows",
)
rule.allows(
    """
    import pandas as pd

    table = pd.read_csv("data/customers.csv")
    table.dropna().to_csv("data/customers_clean.csv")
    """,
    title="Written beside",
)
rule.allows(
    {
        "explore.ipynb.py": "print(1)\n",
        "train.py": _TRAIN.format(name="Small", mark="").replace("model.pt", "scratch/tmp/model.pt"),
        "other.py": _TRAIN.format(name="Large", mark="").replace("model.pt", "scratch/tmp/model.pt"),
        "net.py": _NET,
    },
    title="A scratch file",
)
rule.allows(
    {
        "main.py": """
        import pandas as pd
        import typer

        app = typer.Typer()

        @app.command()
        def fit():
            print(pd.read_csv("data/clean.csv").mean())

        @app.command()
        def prepare():
            pd.read_csv("data/raw.csv").dropna().to_csv("data/clean.csv", index=False)

        if __name__ == "__main__":
            app()
        """
    },
    title="One command reads what another one wrote before",
)
