"""Deterministic algorithms are on, but nothing gives cuBLAS the workspace that it needs to repeat.

## Why
With several streams, cuBLAS may pick another workspace, and with it another order of additions, in each run. Most
releases of PyTorch therefore refuse matrix products on CUDA in deterministic mode with a `RuntimeError` (with
`warn_only=True`, a warning) until `CUBLAS_WORKSPACE_CONFIG` is set. The program works on the author's machine, whose
shell sets it, and stops on the next one.

## Fix
Set it before the first use of CUDA, where the run is defined: `ENV CUBLAS_WORKSPACE_CONFIG=:4096:8` in the
Dockerfile, in the job's script, or in the code beside the switch:

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)

## Notes
Looked for in code, shell scripts, Makefiles, Dockerfiles, compose files and CI. Lightning's `deterministic=True` and
transformers' `enable_full_determinism` set it themselves. PyTorch 2.13 allocates workspaces of its own and no longer
asks for the variable; a project that requires at least that release gets no finding.
"""

from collections.abc import Iterator

from reprocheck.rulekit import AddImport, Confidence, Match, Project, Rule, Where
from reprocheck.rulekit.execution import Happening, Run
from reprocheck_rules.determinism.switches import (
    CudaUse,
    Report,
    Stated,
    cuda_use,
    merged,
    naming,
    stated,
    statement_beside,
    story,
    switch,
)

rule = Rule("DET004", "missing-cublas-workspace", __doc__, confidence="medium")

_VARIABLE = "CUBLAS_WORKSPACE_CONFIG"
_SETTING = f'os.environ.setdefault("{_VARIABLE}", ":4096:8")'
_NO_LONGER_NEEDED = "2.13"
"""Release of PyTorch that has no such check any more: the message is gone from its library and its documentation."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Places that turn deterministic algorithms on in runs that use CUDA, where nothing sets the variable."""
    set_outside = _VARIABLE in project.index.variables or Stated.CUBLAS_WORKSPACE in project.value_of(stated)
    if not set_outside and not project.versions.at_least("torch", _NO_LONGER_NEEDED):
        yield from merged(project.of_runs(_of_run))


def _of_run(project: Project, run: Run) -> Iterator[Report]:
    state = switch(project, run, "deterministic-algorithms")
    workspace = switch(project, run, "cublas-workspace")
    asks = [h for h in (*state.on, *state.optional) if "cublas-workspace" not in h.entry.roles]
    if not asks or workspace.on or workspace.optional:
        return
    use = cuda_use(project, run)
    if use is None:
        return
    reached = {run.entry.path} | {h.path for h in run.happenings}
    in_code = project.value_of(naming, _VARIABLE)
    if reached.isdisjoint(in_code):  # else it is named in a way that can't be followed: a dictionary of variables
        yield _report(project, run, asks[0], use, elsewhere=bool(in_code))


def _report(project: Project, run: Run, switched: Happening, use: CudaUse, *, elsewhere: bool) -> Report:
    trail = [*story(project, run, switched, "deterministic algorithms are turned on here")]
    sign = "seeds CUDA" if use.only_seeded else "computes on CUDA"
    trail.append(project.note(use.happening.path, use.happening.call.span, sign))
    if not switched.active and switched.guard is not None:
        trail.append(project.note(switched.guard_path or switched.path, switched.guard, "only under this condition"))
    match_ = project.match(
        switched.path,
        switched.call.span,
        f"deterministic algorithms are on, but nothing sets `{_VARIABLE}`, so matrix products on CUDA raise or differ",
        confidence=_confidence(project, run, switched, use, elsewhere=elsewhere),
        trail=trail,
        fix=statement_beside(switched, Where.BEFORE, _SETTING, AddImport("os"), f"set `{_VARIABLE}`"),
    )
    return Report(match_, run.entry.path)


def _confidence(project: Project, run: Run, switched: Happening, use: CudaUse, *, elsewhere: bool) -> Confidence:
    if elsewhere or use.only_seeded or not switched.active or not run.complete:
        return Confidence.LOW
    needed = project.versions.at_least("torch", _NO_LONGER_NEEDED) is False
    return Confidence.HIGH if needed and use.certain and switched.certain else Confidence.MEDIUM


rule.flags(
    {
        "train.py": """
        import torch
        from reproducibility import make_deterministic

        def main():
            make_deterministic(1)
            model = torch.nn.Linear(4, 4).cuda()
            model(torch.randn(2, 4).cuda()).sum().backward()

        if __name__ == "__main__":
            main()
        """,
        "reproducibility.py": """
        import torch

        def make_deterministic(seed):
            torch.manual_seed(seed)
            torch.use_deterministic_algorithms(True)  # expect: DET004
        """,
    },
    title="In a helper",
    fixed={
        "reproducibility.py": """
        import os

        import torch

        def make_deterministic(seed):
            torch.manual_seed(seed)
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.use_deterministic_algorithms(True)
        """,
    },
)
rule.flags(
    """
    import torch

    torch.set_deterministic_debug_mode("error")  # expect: DET004
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print(torch.ones(2, 2, device=device) @ torch.ones(2, 2, device=device))
    """
)
rule.flags(
    """
    import torch
    from accelerate.utils import set_seed

    set_seed(3, deterministic=True)  # expect: DET004
    model = torch.nn.Linear(4, 4).to(torch.device("cuda"))
    """,
    title="Through accelerate",
)
rule.flags(
    {
        "train.py": """
        import torch

        torch.use_deterministic_algorithms(True, warn_only=True)  # expect: DET004
        model = torch.nn.Linear(4, 4).cuda()
        """,
        "Dockerfile": """
        FROM pytorch/pytorch:2.3.0-cuda12.1-cudnn8-runtime
        ENV PYTHONHASHSEED=0
        CMD ["python", "train.py"]
        """,
        "run.sh": """
        export OMP_NUM_THREADS=4
        python train.py
        """,
    },
    title="The image and the script set other variables",
)
rule.flags(
    {
        "train.py": """
        import torch

        torch.use_deterministic_algorithms(True)  # expect: DET004
        model = torch.nn.Linear(4, 4).cuda()
        """,
        "setup_environment.py": """
        import os

        def prepare():
            os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
        """,
    },
    title="Set by a function that nobody calls, with low confidence",
)
rule.flags(
    """
    import argparse
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--deterministic", action="store_true")
    args = parser.parse_args()
    if args.deterministic:
        torch.use_deterministic_algorithms(True)  # expect: DET004
    model = torch.nn.Linear(4, 4).cuda()
    """,
    title="Under an option, with low confidence",
    fixed="""
    import argparse
    import os
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--deterministic", action="store_true")
    args = parser.parse_args()
    if args.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    model = torch.nn.Linear(4, 4).cuda()
    """,
)
rule.allows(
    """
    import os
    import torch

    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    torch.use_deterministic_algorithms(True)
    model = torch.nn.Linear(4, 4).cuda()
    """
)
rule.allows(
    {
        "train.py": """
        import torch
        import settings

        settings.apply()
        torch.use_deterministic_algorithms(True)
        model = torch.nn.Linear(4, 4).cuda()
        """,
        "settings.py": """
        import os

        def apply():
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":16:8")
        """,
    },
    title="In a helper of another file",
)
rule.allows(
    {
        "train.py": """
        import torch

        torch.use_deterministic_algorithms(True)
        model = torch.nn.Linear(4, 4).cuda()
        """,
        "Dockerfile": """
        FROM pytorch/pytorch:2.3.0-cuda12.1-cudnn8-runtime
        ENV CUBLAS_WORKSPACE_CONFIG=:4096:8
        CMD ["python", "train.py"]
        """,
    },
    title="In the image",
)
rule.allows(
    {
        "train.py": """
        import torch

        torch.use_deterministic_algorithms(True)
        model = torch.nn.Linear(4, 4).cuda()
        """,
        "run.sh": """
        CUBLAS_WORKSPACE_CONFIG=:4096:8 python train.py
        """,
    },
    title="In the command",
)
rule.allows(
    {
        "train.py": """
        import torch

        torch.use_deterministic_algorithms(True)
        model = torch.nn.Linear(4, 4).cuda()
        """,
        "compose.yaml": """
        services:
          train:
            build: .
            environment:
              CUBLAS_WORKSPACE_CONFIG: ":4096:8"
        """,
    },
    title="In the compose file",
)
rule.allows(
    """
    import lightning.pytorch as pl

    trainer = pl.Trainer(accelerator="gpu", deterministic=True)
    trainer.fit(model)
    """,
    title="Lightning sets it",
)
rule.allows(
    """
    import torch

    torch.use_deterministic_algorithms(True)
    print(torch.ones(2, 2) @ torch.ones(2, 2))
    """,
    title="On the CPU",
)
rule.allows(
    """
    import torch

    torch.use_deterministic_algorithms(False)
    model = torch.nn.Linear(4, 4).cuda()
    """
)
rule.flags(
    """
    import torch

    DEVICE = "cpu"
    torch.manual_seed(0)
    torch.cuda.manual_seed_all(0)
    torch.use_deterministic_algorithms(True)  # expect: DET004
    model = torch.nn.Linear(4, 4).to(DEVICE)
    """,
    title="CUDA is seeded and never used, with low confidence",
)
