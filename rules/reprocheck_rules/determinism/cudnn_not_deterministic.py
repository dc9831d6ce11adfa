"""A run seeds PyTorch and trains on CUDA, but leaves cuDNN free to choose algorithms that don't repeat.

## Why
The seed fixes what is drawn, not how it is added up. Unless told otherwise, cuDNN may compute the gradients of
convolutions and recurrent layers with atomic additions, whose order is that in which threads happen to finish. Two runs
with one seed then differ in the last bits after the first step, and visibly after some epochs.

## Fix
Next to the seed:

    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False

or, to be told of every operation that can't repeat, `torch.use_deterministic_algorithms(True)`. With Lightning,
`Trainer(deterministic=True)`; with transformers, `enable_full_determinism(seed)`.

## Notes
One finding for each seeding call, whatever the number of programs that lead to it. Silent where a switch is set on the
way, where it comes from a value that can't be told, where nothing is trained, and where nothing shows that CUDA is
used. A model that is looked up by name may be any of those beside the program. Low confidence where no convolution,
recurrent layer or ready-made vision model is seen, since then little depends on cuDNN, and where an option turns the
seed or the switch on.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import AddImport, Confidence, Match, Project, Rule, Span, Where, is_test_path
from reprocheck.rulekit.execution import Happening, Run
from reprocheck.rulekit.facts import Call
from reprocheck_rules.determinism.switches import (
    CudaUse,
    Report,
    Stated,
    Switch,
    asked_seeds,
    by_default,
    cuda_use,
    merged,
    stated,
    statement_beside,
    story,
    switch,
    trains_networks,
)

rule = Rule("DET002", "cudnn-not-deterministic", __doc__)

_BY_CUDNN = re.compile(
    r"^torch\.nn\.(?:functional\.)?(?:Lazy)?(?:[Cc]onv|RNN|LSTM|GRU)|^torchvision\.models\.|^timm\.create_model$"
)
_FLAGS = "torch.backends.cudnn.deterministic = True\ntorch.backends.cudnn.benchmark = False"


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Seeding calls of runs that train on CUDA without a switch."""
    if Stated.DETERMINISTIC not in project.value_of(stated):
        yield from merged(project.of_runs(_of_run))


def _of_run(project: Project, run: Run) -> Iterator[Report]:
    seeds = asked_seeds(project, run, "torch")
    if not seeds or not trains_networks(run):
        return
    use = cuda_use(project, run)
    if use is None:
        return
    state = switch(project, run, "cudnn-deterministic")
    stricter = switch(project, run, "deterministic-algorithms")
    if state.on or stricter.on:
        return
    layer = _layer(run)
    if layer is None and not _builds_layers(run):
        layer = project.value_of(layer_below, run.entry.path.rpartition("/")[0])
    optional = (*state.optional, *stricter.optional)
    yield _report(project, run, seeds[0], use, layer, Switch((), optional, (*state.off, *stricter.off)))


class _Layer(NamedTuple):
    """A layer that cuDNN computes."""

    path: str
    span: Span


def _layer(run: Run) -> _Layer | None:
    """The first such layer of the run."""
    found = (_Layer(h.path, h.call.span) for h in run.happenings if h.active and _BY_CUDNN.search(h.name))
    return next(found, None)


def _builds_layers(run: Run) -> bool:
    """Whether a run is seen to build its model; one that is looked up by name is not."""
    return any(h.active and h.entry.family == "torch" and "initialises" in h.entry.roles for h in run.happenings)


def layer_below(project: Project, folder: str) -> _Layer | None:
    """The first such layer of a model in a folder or below it, tests left out."""
    start = f"{folder}/" if folder else ""
    return next((layer for layer in project.once(_layers) if layer.path.startswith(start)), None)


def _layers(project: Project) -> tuple[_Layer, ...]:
    return tuple(project.of_files(_of_file))


def _of_file(project: Project, path: str) -> Iterator[_Layer]:
    if is_test_path(path):
        return
    makers = (function for function in project.index.files[path].functions if function.method)
    events = (event for function in makers for event in function.events if isinstance(event, Call))
    layer = next((event for event in events if _BY_CUDNN.search(event.callee)), None)
    if layer is not None:
        yield _Layer(path, layer.span)


def _report(project: Project, run: Run, seed: Happening, use: CudaUse, layer: _Layer | None, state: Switch) -> Report:
    trail = [*story(project, run, seed, "seeds PyTorch")]
    trail.append(project.note(use.happening.path, use.happening.call.span, "computes on CUDA"))
    if layer is not None:
        trail.append(project.note(layer.path, layer.span, "is computed by cuDNN"))
    trail += [project.note(h.path, h.call.span, "is off") for h in state.off]
    trail += [project.note(h.path, h.call.span, "is on only when an option is given") for h in state.optional]
    name = seed.name.removeprefix("?.")
    where = "trains on CUDA" if use.certain else "trains on CUDA where there is a GPU"
    match_ = project.match(
        seed.path,
        seed.call.span,
        f"`{name}` seeds a run that {where}, but nothing sets `cudnn.deterministic`, so equal seeds can differ",
        confidence=_confidence(project, run, seed, use, state, has_layer=layer is not None),
        trail=trail,
        fix=None
        if state.off
        else statement_beside(seed, Where.AFTER, _FLAGS, AddImport("torch"), "make cuDNN deterministic"),
    )
    return Report(match_, run.entry.path)


def _confidence(
    project: Project, run: Run, seed: Happening, use: CudaUse, state: Switch, *, has_layer: bool
) -> Confidence:
    if not has_layer or not by_default(project, run, seed) or state.optional or not run.complete:
        return Confidence.LOW
    return Confidence.HIGH if use.certain and seed.certain and _layer(run) else Confidence.MEDIUM


rule.flags(
    {
        "train.py": """
        import torch
        from common import set_seed
        from model import Net

        def main():
            set_seed(1)
            net = Net().cuda()
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
            for x, y in batches():
                torch.nn.functional.cross_entropy(net(x.cuda()), y.cuda()).backward()
                optimizer.step()

        if __name__ == "__main__":
            main()
        """,
        "model.py": """
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)
        """,
        "common.py": """
        import random
        import numpy as np
        import torch

        def set_seed(seed):
            random.seed(seed)
            np.random.seed(seed)
            torch.manual_seed(seed)  # expect: DET002
            torch.cuda.manual_seed_all(seed)
        """,
    },
    title="The seed is in one file, the model in another, the switch nowhere",
    fixed={
        "common.py": """
        import random
        import numpy as np
        import torch

        def set_seed(seed):
            random.seed(seed)
            np.random.seed(seed)
            torch.manual_seed(seed)
            torch.backends.cudnn.deterministic = True
            torch.backends.cudnn.benchmark = False
            torch.cuda.manual_seed_all(seed)
        """,
    },
)
rule.flags(
    """
    import torch
    from torch import nn

    torch.manual_seed(0)  # expect: DET002
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = nn.Sequential(nn.Conv1d(1, 8, 3), nn.ReLU()).to(device)
    optimizer = torch.optim.Adam(model.parameters())
    for x, y in loader:
        loss = nn.functional.mse_loss(model(x.to(device)), y.to(device))
        loss.backward()
        optimizer.step()
    """,
    title="A script that takes the GPU when there is one",
    fixed="""
    import torch
    from torch import nn

    torch.manual_seed(0)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = nn.Sequential(nn.Conv1d(1, 8, 3), nn.ReLU()).to(device)
    optimizer = torch.optim.Adam(model.parameters())
    for x, y in loader:
        loss = nn.functional.mse_loss(model(x.to(device)), y.to(device))
        loss.backward()
        optimizer.step()
    """,
)
rule.flags(
    """
    import torch
    import torchvision
    import torch.backends.cudnn as cudnn

    torch.manual_seed(0)  # expect: DET002
    cudnn.deterministic = False
    model = torchvision.models.resnet18().to(torch.device("cuda"))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x, y in loader:
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    """,
    title="Turned off by hand",
)
rule.flags(
    """
    import pytorch_lightning as pl
    import torch

    class Model(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = torch.nn.LSTM(8, 8)

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters())

    def main():
        pl.seed_everything(1)  # expect: DET002
        model = Model()
        trainer = pl.Trainer(accelerator="gpu", devices=1)
        trainer.fit(model)

    main()
    """,
    title="Lightning without deterministic=True",
    fixed="""
    import pytorch_lightning as pl
    import torch

    class Model(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = torch.nn.LSTM(8, 8)

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters())

    def main():
        pl.seed_everything(1)
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
        model = Model()
        trainer = pl.Trainer(accelerator="gpu", devices=1)
        trainer.fit(model)

    main()
    """,
)
rule.flags(
    {
        "train.py": """
        import torch
        from helpers import make_deterministic  # never called

        torch.manual_seed(3)  # expect: DET002
        model = torch.nn.Conv2d(3, 8, 3).cuda()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x in loader:
            model(x.cuda()).sum().backward()
            optimizer.step()
        """,
        "helpers.py": """
        import torch

        def make_deterministic():
            torch.backends.cudnn.deterministic = True
        """,
    },
    title="The helper that would set the switch is never called",
)
rule.flags(
    """
    import argparse
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--deterministic", action="store_true")
    args = parser.parse_args()
    torch.manual_seed(args.seed)  # expect: DET002
    if args.deterministic:
        torch.backends.cudnn.deterministic = True
    model = torch.nn.GRU(8, 8).cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x in loader:
        model(x.cuda())[0].sum().backward()
        optimizer.step()
    """,
    title="Off unless asked for, with low confidence",
)
rule.allows(
    {
        "train.py": """
        import torch
        from common import set_seed

        set_seed(1)
        model = torch.nn.Conv2d(3, 8, 3).cuda()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x in loader:
            model(x.cuda()).sum().backward()
            optimizer.step()
        """,
        "common.py": """
        import torch
        from torch.backends import cudnn

        def set_seed(seed):
            torch.manual_seed(seed)
            cudnn.deterministic = True
            cudnn.benchmark = False
        """,
    },
    title="Set in the helper that seeds",
)
rule.allows(
    """
    import torch

    torch.manual_seed(1)
    torch.use_deterministic_algorithms(True, warn_only=True)
    model = torch.nn.Conv2d(3, 8, 3).cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(x).sum().backward()
    optimizer.step()
    """,
    title="Deterministic algorithms include cuDNN's",
)
rule.allows(
    """
    import torch

    torch.manual_seed(1)
    model = torch.nn.Conv2d(3, 8, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(x).sum().backward()
    optimizer.step()
    """,
    title="On the CPU",
)
rule.allows(
    """
    import torch

    torch.manual_seed(1)
    model = torch.load("model.pt").cuda().eval()
    with torch.no_grad():
        print(model(torch.randn(1, 3, 8, 8).cuda()))
    """,
    title="Nothing is trained",
)
rule.allows(
    """
    import lightning as L
    import torch

    L.seed_everything(1)
    model = build(torch.nn.Conv2d(3, 8, 3))
    trainer = L.Trainer(accelerator="gpu", deterministic=True)
    trainer.fit(model)
    """,
    title="Lightning's switch",
)
rule.allows(
    """
    import argparse
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--torch-deterministic", type=bool, default=True)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.backends.cudnn.deterministic = args.torch_deterministic
    model = torch.nn.Conv2d(3, 8, 3).cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(x).sum().backward()
    optimizer.step()
    """,
    title="An option that is on by default",
)
rule.allows(
    """
    import torch

    model = torch.nn.Conv2d(3, 8, 3).cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(x).sum().backward()
    optimizer.step()
    """,
    title="Without a seed nobody asked for equal numbers: the missing seed is another finding",
)
_SAMPLER = """
    import torch

    class Shuffled(torch.utils.data.Sampler):
        def __iter__(self):
            torch.manual_seed(self.%s)%s
            yield from torch.randperm(self.size).tolist()

    order = list(iter(Shuffled(rows)))
    for index in Shuffled(rows).__iter__():
        print(index)
    model = torch.nn.Conv2d(3, 8, 3).cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(x).sum().backward()
    optimizer.step()
"""
rule.allows(_SAMPLER % ("epoch", ""), title="The number of the epoch, so that processes shuffle alike")
rule.flags(_SAMPLER % ("seed", "  # expect: DET002"), title="A sampler that seeds all that follows")
