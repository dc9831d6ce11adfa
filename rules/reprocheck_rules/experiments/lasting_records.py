"""What of a training run outlasts the terminal: trackers, logs, files of metrics, fuller checkpoints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import Project
from reprocheck.rulekit.artifacts import NodeKind, artifact_graph
from reprocheck.rulekit.execution import Run
from reprocheck.rulekit.facts import Call, FileFacts, Value, ValueKind
from reprocheck_rules.practice.observed import calls_in

_TRACKING = re.compile(
    r"^(wandb|mlflow|tensorboard|tensorboardX|comet_ml|neptune|clearml|trains|aim|dvclive|sacred|guild|swanlab|trackio"
    r"|visdom|polyaxon|determined|azureml|sagemaker|vertexai|google\.cloud\.aiplatform|zenml|metaflow|labml|hydra"
    r"|tensorboard_logger|clu|ray|optuna|keras_tuner|codecarbon|stable_baselines3|ultralytics|mmcv|mmengine|detectron2"
    r"|fairseq|dagshub|verta|valohai|kedro|prefect|torchmeter|logbook|fastai|allennlp|paddlex|catalyst|ignite|composer"
    r"|lightning|pytorch_lightning|tensorpack|dllogger|progressbar_logger|autogluon|flaml|pycaret|bentoml|torch\.utils"
    r"\.tensorboard|transformers\.(Trainer|TrainingArguments|Seq2Seq\w+)|flax\.metrics\.tensorboard|accelerate)(\.|$)"
)
"""Packages of which code that uses them for training keeps records, or that keep some by themselves."""
_KEEPS = re.compile(
    r"(^|[.@])(SummaryWriter|TensorBoard|CSVLogger|JSONLogger|create_file_writer|FileWriter|init_trackers|autolog"
    r"|log_metrics?|log_params?|log_hyperparams|add_scalars?|add_hparams|add_text|WandbLogger|MLFlowLogger|write_metrics"
    r"|save_metrics|FileHandler|RotatingFileHandler|savetxt|DictWriter|writerow|writerows|to_csv|to_json|to_excel"
    r"|to_parquet|logger_setup|setup_logger|get_logger|create_logger|init_logger|savez|savefig|write_summary|log_scalar"
    r"|export_savedmodel|train_and_evaluate|tee|Tee|log_to_file|save_history|save_results|save_log)$"
)
_LOG_FILE = re.compile(
    r"(metrics?|results?|history|scores?|logs?|experiments?|losses|runs?|accuracy|progress|record|stats|report|curve)"
    r"[\w.{}-]*\.(csv|json|jsonl|tsv|txt|log|ya?ml|pkl|npy|npz|db|png|pdf|html|md|h5)$|\.log$",
    re.IGNORECASE,
)
_LOG_FOLDER = re.compile(
    r"^(\.{0,2}/)?(results?|logs?|runs|metrics|experiments?|evaluations?|tensorboard)(/|$)", re.IGNORECASE
)
_LOG_NAME = re.compile(r"(^|_)(logs?|metrics?|results?|history|scores?|stats|records?|losses)(_|$)", re.IGNORECASE)
_CALLBACKS = re.compile(r"\.callbacks?(\.|$)")
_KNOWN_CALLBACKS = ("keras.", "tensorflow.", "tf_keras.", "xgboost.", "lightgbm.", "catboost.", "transformers.")
"""Libraries whose callbacks are known one by one."""
_LOG_MODULE = re.compile(r"(^|/)\w*(logger|logging|log_utils?|loggers|tracker|recorder|visualizer|monitor)\w*\.py$")
_SAYS_MORE = re.compile(
    r"(loss|metric|acc|score|best|config|args|opt|hparam|param|history|result|step|epoch)", re.IGNORECASE
)
_SAVES = frozenset(
    {"torch.save", "joblib.dump", "pickle.dump", "json.dump", "yaml.dump", "yaml.safe_dump", "numpy.save"}
)
_UPLOADS = frozenset({"put_object", "upload_file", "upload_fileobj", "upload_from_string", "upload_from_filename"})
"""Methods of clients of object stores."""
_TABLES = (".csv", ".json", ".jsonl", ".txt", ".yaml")
_SENDS = frozenset({"tee", "nohup", "sbatch"})
"""Commands that send output to a file."""
_RUN_ROLES = frozenset({"tracker", "logs-parameters", "logs-metrics", "logs-all-parameters", "writes-configuration"})


def keeps_record(project: Project, run: Run) -> bool:
    """Whether a run keeps something besides the weights, in what it does and in all code that it reaches."""
    if any(not happening.entry.roles.isdisjoint(_RUN_ROLES) for happening in run.happenings):
        return True
    reached = project.index.reached([run.entry.path])
    return any(any(project.of_file(_keeps_some, path)) for path in reached if path in project.index.files)


def _keeps_some(project: Project, path: str) -> Iterator[bool]:
    """Whether anything in a file keeps records."""
    facts = project.index.files[path]
    yield (
        _LOG_MODULE.search(path) is not None
        or any(_TRACKING.match(target) or _is_foreign(project, path, target) for target in _imported(facts))
        or any(_keeps(call) for call in calls_in(facts))
        or any(_LOG_FILE.search(text) or _LOG_FOLDER.search(text) for text in facts.strings)
    )


def _is_foreign(project: Project, path: str, target: str) -> bool:
    """Whether callbacks come from somebody else's package, where nothing tells what they keep."""
    known = target.startswith((".", *_KNOWN_CALLBACKS))
    return (
        not known and _CALLBACKS.search(target) is not None and project.index.symbols.modules.find(path, target) is None
    )


def _imported(facts: FileFacts) -> Iterator[str]:
    yield from facts.imports.values()
    for function in facts.functions:
        for event in function.events:
            if not isinstance(event, Call) and hasattr(event, "target"):
                yield event.target


def _keeps(call: Call) -> bool:
    if _KEEPS.search(call.callee):
        return True
    name = call.callee.rpartition(".")[2]
    if call.callee == "builtins.open":
        return _opens_log(call)
    if call.callee in _SAVES or name in {"save_checkpoint", "save_state"}:
        return any(_says_more(argument.name, argument.value) for argument in call.arguments)
    if name in _UPLOADS:
        texts = (str(argument.value.value) for argument in call.arguments if argument.value is not None)
        return any(text.lower().endswith(_TABLES) or text.startswith("json.dumps()") for text in texts)
    return name == "basicConfig" and any(a.name in {"filename", "handlers"} for a in call.arguments)


def _opens_log(call: Call) -> bool:
    """A file that goes on from run to run, `open(path, "a")`, or one that a setting called after results names."""
    values = [argument.value for argument in call.arguments if argument.name in {"", "file", "mode"}]
    mode = values[1] if len(values) > 1 else None
    if mode is not None and mode.value in {"a", "a+", "at"}:
        return True
    if mode is None or (path := values[0]) is None:
        return False
    named = path.kind in {ValueKind.NAME, ValueKind.PARAMETER, ValueKind.SELF}
    last = f"{path.value}{path.path}".rpartition(".")[2]
    return named and str(mode.value)[:1] in {"w", "x"} and _LOG_NAME.search(last) is not None


def _says_more(name: str, value: Value | None) -> bool:
    """Whether what is saved holds more than weights: metrics, settings, how far the run got."""
    if value is None:
        return False
    if value.kind is ValueKind.DISPLAY:
        keys = value.path.replace("state_dict", "").replace("optimizer", "")
        return bool(_SAYS_MORE.search(keys))
    return bool(name) and _SAYS_MORE.search(name) is not None


# What stands outside of the code that a run reaches


def kept_outside(project: Project, path: str) -> bool:
    """Whether something of a program's runs is kept by what starts it, or is among what the project declares."""
    return path in project.once(_writing) or _told_from_outside(project, path)


def _writing(project: Project) -> frozenset[str]:
    """Programs that write a result or table."""
    graph = artifact_graph(project)
    kinds = {node.id: node.kind for node in graph.nodes}
    return frozenset(
        edge.program
        for edge in graph.edges
        if edge.writes and (kinds[edge.artifact] is NodeKind.RESULT or edge.artifact.lower().endswith(_TABLES))
    )


def _told_from_outside(project: Project, path: str) -> bool:
    """Whether a command sends the output to a file, or a stage has outputs."""
    name = path.rpartition("/")[2]
    if any(kept.all or any(name in line for line in kept.lines) for kept in project.once(_outputs)):
        return True
    return any(name in str(stage.command) and stage.outs for _, stage in project.index.pipelines.stages)


class _Output(NamedTuple):
    """What a file that starts programs does with their output."""

    all: bool
    """Whether it keeps that of all."""
    lines: tuple[str, ...]
    """Commands whose output it keeps."""


def _outputs(project: Project) -> tuple[_Output, ...]:
    return tuple(project.of_documents(_output))


def _output(project: Project, path: str) -> Iterator[_Output]:
    document = project.index.documents[path]
    lines = tuple(" ".join(command.words) for command in document.commands if not _SENDS.isdisjoint(command.words))
    keeps_all = document.kind == "shell" and any(command.words[:1] == ("tee",) for command in document.commands)
    if keeps_all or lines:
        yield _Output(keeps_all, lines)
