"""A run keeps its metrics and models, and nothing says which code made them.

## Why
The configuration is there, the model is there; which of forty commits trained it is anybody's guess. TensorBoard, CSV
files and checkpoints keep what they are given and nothing more.

## Fix
Write the commit beside the configuration:

    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip()
    writer.add_text("commit", commit)

or use a tracker that notes it, such as MLflow, Weights & Biases, ClearML, Aim or DVC.

## Notes
Trackers that note the commit by themselves settle it, and so does anything in the project that asks git. Where the run
doesn't record its configuration either, the confidence is low: the missing commit is then the least of it.
"""

import re
from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Project, Rule
from reprocheck.rulekit.execution import Happening, Run
from reprocheck_rules.experiments.recorded_configuration import recorded
from reprocheck_rules.randomness.seeding import story, trains

rule = Rule("EXP005", "code-version-not-recorded", __doc__, confidence="medium")

_ASKS_GIT = re.compile(
    r"rev-parse|git (?:describe|log|status|diff|show)\b"
    r"|^\W*[\w-]*(?:commit|git[_-]?(?:hash|sha|rev)|code_version)[\w-]*\W*$"
    r"|\bGIT_(?:COMMIT|SHA|HASH|REV)|GITHUB_SHA|CI_COMMIT",
    re.IGNORECASE,
)
_GIT_LIBRARIES = ("git", "pygit2", "dulwich", "versioneer", "setuptools_scm", "git_python", "dvc", "dvclive", "guild")


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Training runs with a tracker that keeps no commit, in projects that never ask for one."""
    if _asks_for_commit(project):
        return
    done = set()
    for match in project.of_runs(_of_run):
        if (match.path, match.span) not in done:
            done.add((match.path, match.span))
            yield match


def _of_run(project: Project, run: Run) -> Iterator[Match]:
    trackers = [h for h in run.happenings if "tracker" in h.entry.roles]
    if not trackers or not trains(run) or any("records-code" in h.entry.roles for h in trackers):
        return
    tracker = next((h for h in trackers if h.active), None)
    if tracker is not None:
        yield _match(project, run, tracker)


def _asks_for_commit(project: Project) -> bool:
    if any(path.rpartition("/")[2] in {"dvc.lock", "dvc.yaml", "MLproject"} for path in project.index.paths):
        return True
    return any(project.of_files(_asks)) or any(_ASKS_GIT.search(name) for name in project.index.variables)


def _asks(project: Project, path: str) -> Iterator[bool]:
    """True for a file that asks git for something."""
    facts = project.index.files[path]
    if any(target.partition(".")[0] in _GIT_LIBRARIES for target in facts.imports.values()) or any(
        _ASKS_GIT.search(text) for text in facts.strings
    ):
        yield True


def _match(project: Project, run: Run, tracker: Happening) -> Match:
    name = ".".join(tracker.name.removeprefix("?.").split(".")[-2:])
    configured = next(recorded(project, run), None)
    saved = next((h for h in run.happenings if h.active and "saves-checkpoint" in h.entry.roles), None)
    sure = configured is not None and saved is not None and run.complete and tracker.certain
    trail = [*story(project, run, tracker, "keeps what it is given, and no commit")]
    if configured is not None:
        span = configured.happening.call.span
        trail.append(project.note(configured.happening.path, span, "records the configuration"))
    if saved is not None:
        trail.append(project.note(saved.path, saved.call.span, "saves the model"))
    return project.match(
        tracker.path,
        tracker.call.span,
        f"`{name}` keeps this run without the commit that made it, and nothing else in the project asks git for one",
        confidence=Confidence.MEDIUM if sure else Confidence.LOW,
        trail=trail,
    )


rule.flags(
    """
    import argparse
    import torch
    from torch.utils.tensorboard import SummaryWriter

    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    args = parser.parse_args()
    writer = SummaryWriter("runs/first")  # expect: EXP005
    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr)
    model(x).sum().backward()
    optimizer.step()
    writer.add_hparams(vars(args), {"loss": 0.1})
    torch.save(model.state_dict(), "model.pt")
    """
)
rule.flags(
    {
        "train.py": """
        import json
        import torch
        from logs import open_log

        def main(args):
            writer = open_log(args.out)
            with open("config.json", "w") as file:
                json.dump(vars(args), file)
            model = torch.nn.Linear(4, 1)
            model(x).sum().backward()
            torch.save(model.state_dict(), "model.pt")

        if __name__ == "__main__":
            main(parse())
        """,
        "logs.py": """
        from tensorboardX import SummaryWriter

        def open_log(folder):
            return SummaryWriter(folder)  # expect: EXP005
        """,
    },
    title="The log is opened in another file",
)
rule.flags(
    """
    import keras

    logger = keras.callbacks.CSVLogger("log.csv")  # expect: EXP005
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    model.fit(x, y, callbacks=[logger])
    """,
    title="A CSV file, with low confidence",
)
rule.flags(
    """
    from lightning.pytorch import Trainer
    from lightning.pytorch.loggers import TensorBoardLogger

    logger = TensorBoardLogger("logs")  # expect: EXP005
    trainer = Trainer(logger=logger)
    trainer.fit(model)
    """,
    title="Lightning with TensorBoard",
)
rule.flags(
    """
    import tensorflow as tf
    import yaml

    writer = tf.summary.create_file_writer("logs")  # expect: EXP005
    with open("config.yaml", "w") as file:
        yaml.safe_dump(config, file)
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.fit(x, y)
    model.save("model.keras")
    """
)
rule.flags(
    """
    import torch
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter()  # expect: EXP005
    model = torch.nn.Linear(4, 1)
    model(x).sum().backward()
    """,
    title="Metrics alone, with low confidence",
)
rule.allows(
    """
    import torch
    import wandb

    wandb.init(project="digits", config={"lr": 0.1})
    model = torch.nn.Linear(4, 1)
    model(x).sum().backward()
    torch.save(model.state_dict(), "model.pt")
    """,
    title="A tracker that notes the commit",
)
rule.allows(
    {
        "train.py": """
        import torch
        from torch.utils.tensorboard import SummaryWriter
        from version import commit

        writer = SummaryWriter()
        writer.add_text("version", commit())
        model = torch.nn.Linear(4, 1)
        model(x).sum().backward()
        torch.save(model.state_dict(), "model.pt")
        """,
        "version.py": """
        import subprocess

        def commit():
            return subprocess.check_output(["git", "rev-parse", "HEAD"]).decode()
        """,
    },
    title="The project asks git",
)
rule.allows(
    """
    import git
    import torch
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(git.Repo(".").head.object.hexsha)
    model = torch.nn.Linear(4, 1)
    model(x).sum().backward()
    """,
    title="Through a library",
)
rule.allows(
    """
    import torch
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter()
    writer.add_image("sample", load())
    """,
    title="Nothing is trained",
)
rule.allows(
    """
    import mlflow
    import torch
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter()
    mlflow.start_run()
    model = torch.nn.Linear(4, 1)
    model(x).sum().backward()
    """,
    title="TensorBoard beside MLflow",
)
rule.allows(
    {
        "train.py": """
        import torch
        from torch.utils.tensorboard import SummaryWriter

        writer = SummaryWriter()
        model = torch.nn.Linear(4, 1)
        model(x).sum().backward()
        """,
        "dvc.yaml": """
        stages:
          train:
            cmd: python train.py
        """,
    },
    title="A pipeline that ties results to commits",
)
