"""An operation that can't repeat on CUDA runs while deterministic algorithms are off.

## Why
These operations add into the same memory from many threads at once, and floating-point sums depend on their order. A
program that seeds everything and sets `cudnn.deterministic` looks repeatable and is not: that flag reaches cuDNN only.

## Fix
`torch.use_deterministic_algorithms(True)` takes a deterministic version where there is one and raises where there is
none. Where it raises, replace the operation, or compute that one step on the CPU.

## Notes
The list is that of `torch.use_deterministic_algorithms` in PyTorch 2.13. The trail shows how the program gets there and
where its switches stand. A program that doesn't ask for determinism beyond a seed gets low confidence, and so does an
operation whose trouble depends on values or shapes that the code doesn't show (`cumsum`, `gather`, `NLLLoss`), or
whose tensor may lie on the CPU.
"""

import re
from collections.abc import Iterator

from reprocheck.rulekit import ABSENT, Confidence, Match, Project, Rule
from reprocheck.rulekit.execution import Happening, Run
from reprocheck.rulekit.facts import Call, Function
from reprocheck_rules.determinism.switches import (
    CudaUse,
    Report,
    Switch,
    asked_seeds,
    by_default,
    cuda_use,
    merged,
    story,
    switch,
    trains_networks,
)

rule = Rule("DET003", "nondeterministic-cuda-op", __doc__)

_FORWARD = re.compile(r"(?:^|[._])(?:forward|call|loss|message|aggregate|pool|attention|training_step)\w*$")
_ASIDE = re.compile(
    r"(^|[._])(pos|position|load|resize|checkpoint|pretrained|state|preprocess|collate|visuali[sz]e|plot|show|draw|save|"
    r"eval|evaluate|valid|validate|test|infer|predict)([._]|$)"
)
"""Words in names of functions that compute what no gradient passes through."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Such operations in runs that are seeded, train, and compute on CUDA."""
    yield from merged(project.of_runs(_of_run))


def _of_run(project: Project, run: Run) -> Iterator[Report]:
    operations = [h for h in run.happenings if h.active and _repeats_not(project, h)]
    if not operations or not trains_networks(run) or not _seeded(project, run):
        return
    use = cuda_use(project, run)
    algorithms = switch(project, run, "deterministic-algorithms")
    if use is None or algorithms.on:
        return
    cudnn = switch(project, run, "cudnn-deterministic")
    for operation in operations:
        yield _report(project, run, operation, use, cudnn, algorithms)


def _function(project: Project, operation: Happening) -> Function | None:
    """The function that an operation stands in."""
    for function in project.index.files[operation.path].functions:
        if any(event is operation.call for event in function.events):
            return function
    return None


def _prepares(operation: Happening, function: Function | None) -> bool:
    """Whether an operation is done beside the training, such as on the weights that a checkpoint brings."""
    if function is None or _FORWARD.search(function.name):
        return False
    name = operation.name.rpartition(".")[2]
    if name[0].isupper():
        # A cell of a notebook makes a layer of its own to show what it does.
        in_cell = operation.path.endswith(".ipynb") and not function.name and bool(operation.call.result)
        return in_cell and not name.endswith("Loss")
    if function.name and _ASIDE.search(function.name):
        return True
    backward = [event for event in function.events if isinstance(event, Call) and event.callee.endswith(".backward")]
    if not backward:
        return not function.name
    return not operation.call.loop and all(call.loop for call in backward)


def _seeded(project: Project, run: Run) -> bool:
    return any(by_default(project, run, seed) for seed in asked_seeds(project, run, "torch"))


def _repeats_not(project: Project, happening: Happening) -> bool:
    if happening.name.endswith(".bincount"):
        return "nondeterministic-cuda" in happening.entry.roles and project.value(happening, "weights") is not ABSENT
    if happening.name == "torch.nn.AdaptiveAvgPool2d" and project.value(happening, "output_size") == 1:
        return False
    return project.holds(happening, "nondeterministic-cuda") is True


def _report(
    project: Project, run: Run, operation: Happening, use: CudaUse, cudnn: Switch, algorithms: Switch
) -> Report:
    short = operation.name.removeprefix("?.").removeprefix("torch.")
    trail = [*story(project, run, operation, f"`{short}` runs here")]
    trail.append(project.note(use.happening.path, use.happening.call.span, "computes on CUDA"))
    trail += [project.note(h.path, h.call.span, "reaches cuDNN only") for h in cudnn.on]
    trail += [project.note(h.path, h.call.span, "deterministic algorithms are off") for h in algorithms.off]
    trail += [project.note(h.path, h.call.span, "on only when an option is given") for h in algorithms.optional]
    claim = "though `cudnn.deterministic` is set, " if cudnn.on else ""
    match_ = project.match(
        operation.path,
        operation.call.span,
        f"{claim}`{short}` does not repeat on CUDA while deterministic algorithms are off",
        confidence=_confidence(operation, use, cudnn, algorithms, _function(project, operation)),
        trail=trail,
    )
    return Report(match_, run.entry.path)


def _confidence(
    operation: Happening, use: CudaUse, cudnn: Switch, algorithms: Switch, function: Function | None
) -> Confidence:
    guessed = operation.name.startswith("?.")
    # An operation on an unknown tensor counts in a forward pass or a loss, which run where the model is.
    aside = guessed and (function is None or not _FORWARD.search(function.name))
    if not cudnn.on or algorithms.optional or use.only_seeded or "depends" in operation.entry.roles:
        return Confidence.LOW
    if aside or _prepares(operation, function):
        return Confidence.LOW
    return Confidence.HIGH if use.certain and operation.certain and not guessed else Confidence.MEDIUM


rule.flags(
    {
        "train.py": """
        import torch
        from model import Pool
        from setup import fix_seeds

        def main():
            fix_seeds(0)
            net = Pool().cuda()
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
            for x, index in batches():
                net(x.cuda(), index.cuda()).sum().backward()
                optimizer.step()

        if __name__ == "__main__":
            main()
        """,
        "model.py": """
        import torch

        class Pool(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Linear(4, 4)

            def forward(self, x, index):
                out = torch.zeros(10, 4, device=x.device)
                return out.scatter_add_(0, index, self.layer(x))  # expect: DET003
        """,
        "setup.py": """
        import torch

        def fix_seeds(seed):
            torch.manual_seed(seed)
            torch.backends.cudnn.deterministic = True
            torch.backends.cudnn.benchmark = False
        """,
    },
    title="The flag in one file, the operation in another",
)
rule.flags(
    """
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
    from torch.backends import cudnn

    torch.manual_seed(0)
    cudnn.deterministic = True

    class Decoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.pad = nn.ReflectionPad2d(1)  # expect: DET003
            self.up = nn.Upsample(scale_factor=2, mode="bilinear")  # expect: DET003
            self.loss = nn.CTCLoss()  # expect: DET003

        def forward(self, x, grid):
            x = F.interpolate(self.up(x), scale_factor=2, mode="bicubic")  # expect: DET003
            return F.grid_sample(x, grid)  # expect: DET003

    model = Decoder().cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(x.cuda(), grid.cuda()).sum().backward()
    optimizer.step()
    """,
    title="Layers and functions",
)
rule.flags(
    """
    import torch

    torch.manual_seed(0)
    torch.backends.cudnn.deterministic = True
    torch.use_deterministic_algorithms(False)
    model = torch.nn.Sequential(torch.nn.Conv3d(1, 2, 3), torch.nn.MaxPool3d(2)).cuda()  # expect: DET003
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    counts = torch.bincount(labels.cuda(), weights=amounts)  # expect: DET003
    model(x.cuda()).sum().backward()
    optimizer.step()
    """,
    title="Turned off by hand",
)
rule.flags(
    """
    import torch

    torch.manual_seed(0)
    model = torch.nn.Linear(8, 8).cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    total = torch.zeros(8).cuda()
    total.index_add_(0, index, model(x.cuda()))  # expect: DET003
    total.sum().backward()
    optimizer.step()
    """,
    title="A seed alone, with low confidence",
)
rule.allows(
    """
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    torch.backends.cudnn.deterministic = True
    torch.use_deterministic_algorithms(True)
    model = torch.nn.Linear(8, 8).cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    F.grid_sample(model(x), grid).sum().backward()
    optimizer.step()
    """,
    title="Deterministic algorithms are on: such an operation raises",
)
rule.allows(
    """
    import torch
    import torch.nn as nn
    import torch.nn.functional as F

    torch.manual_seed(0)
    torch.backends.cudnn.deterministic = True
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Upsample(scale_factor=2), nn.AdaptiveAvgPool2d(1)).cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    y = F.interpolate(model(x), scale_factor=2, mode="nearest")
    y = F.pad(y, (1, 1, 1, 1))
    counts = torch.bincount(labels)
    y.sum().backward()
    optimizer.step()
    """,
    title="Modes and shapes of the same operations that repeat",
)
rule.allows(
    """
    import torch

    torch.manual_seed(0)
    torch.backends.cudnn.deterministic = True
    model = torch.nn.Linear(8, 8)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    out = torch.zeros(8).scatter_add_(0, index, model(x))
    out.sum().backward()
    optimizer.step()
    """,
    title="On the CPU",
)
rule.allows(
    """
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    torch.backends.cudnn.deterministic = True
    image = F.interpolate(load().cuda(), size=(64, 64), mode="bilinear")
    show(image)
    """,
    title="Nothing is trained",
)
rule.allows(
    """
    import torch
    import torch.nn.functional as F

    model = torch.nn.Conv2d(3, 3, 3).cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    F.grid_sample(model(x), grid).sum().backward()
    optimizer.step()
    """,
    title="Nothing is seeded: that is another finding",
)
rule.allows(
    {
        "train.py": """
        import torch
        from layers import Plain

        torch.manual_seed(0)
        torch.backends.cudnn.deterministic = True
        model = Plain().cuda()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        model(x).sum().backward()
        optimizer.step()
        """,
        "layers.py": """
        import torch

        class Plain(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Linear(4, 4)

            def forward(self, x):
                return self.layer(x)

        class Scattered(torch.nn.Module):
            def forward(self, x, index):
                return torch.zeros(3).scatter_add_(0, index, x)
        """,
    },
    title="The operation is in a class that this run never builds",
)
rule.flags(
    """
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    torch.backends.cudnn.deterministic = True
    model = torch.nn.Conv2d(3, 3, 3).cuda()
    grid = F.interpolate(model.weight, size=(7, 7), mode="bilinear")  # expect: DET003
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x in batches():
        F.interpolate(model(x), size=(64, 64), mode="bilinear").sum().backward()  # expect: DET003
        optimizer.step()
    """,
    title="Once before the training, with low confidence, and in it",
)
