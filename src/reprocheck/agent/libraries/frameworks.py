"""TensorFlow, Keras and JAX: their seeds and settings; and what else trains or watches beside torch."""

from __future__ import annotations

import sys

from ..encode import spell
from ..seeding import seeded
from ..watch import Watch
from ..wrapping import listen
from .torch_flags import changed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_UNTRACED = ("tensorflow", "keras", "jax", "flax", "deepspeed", "torch_xla", "catboost", "paddle", "mxnet")
_JAX_SETTINGS = (
    "jax_enable_x64",
    "jax_default_matmul_precision",
    "jax_threefry_partitionable",
    "jax_default_prng_impl",
)


def after_tensorflow_seed(watch: Watch, module: ModuleType) -> None:
    """Listen to `tf.random.set_seed`."""
    listen(module, "set_seed", lambda seed=None: seeded(watch, "tensorflow.random.set_seed", seed), watch)


def after_tensorflow_config(watch: Watch, module: ModuleType) -> None:
    """Listen to the switch for deterministic operations."""

    def listener() -> None:
        changed(watch, "tensorflow.config.experimental.enable_op_determinism", "True")

    listen(module, "enable_op_determinism", listener, watch)


def after_jax_random(watch: Watch, module: ModuleType) -> None:
    """Listen to the makers of keys."""
    for name in ("key", "PRNGKey"):
        listen(module, name, _key_listener(watch, "jax.random." + name), watch)


def _key_listener(watch: Watch, name: str) -> Any:
    def listener(seed: object = None, **_: object) -> None:
        seeded(watch, name, seed)

    return listener


def at_end(watch: Watch) -> None:
    """Say which libraries trained untraced, which watched the run, and how JAX was set."""
    modules = sys.modules
    if watch.options.trace == "steps":
        for name in _UNTRACED:
            if name in modules:
                watch.journal.gap("trace", f"what {name} trains is not traced")
    jax = modules.get("jax")
    if jax is not None and hasattr(jax, "config"):
        values: dict[str, object] = {name: spell(getattr(jax.config, name, None)) for name in _JAX_SETTINGS}
        watch.journal.emit("flags", {"moment": "end", "values": values})
    mlflow = modules.get("mlflow.utils.autologging_utils")
    if mlflow is not None:
        integrations = getattr(mlflow, "AUTOLOGGING_INTEGRATIONS", {})
        flavors = sorted(name for name, settings in integrations.items() if not settings.get("disable", False))
        if flavors:
            effect = f"its automatic logging was on for {', '.join(flavors)}, which changes models that are saved"
            watch.journal.emit("perturber", {"name": "mlflow", "effect": effect})
