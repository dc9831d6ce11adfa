"""torch's settings that decide whether equal inputs give equal bits: what they are, and who changes them."""

from __future__ import annotations

from ..encode import spell
from ..watch import Watch
from ..wrapping import listen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from ..wrapping import Listener

_SETTERS = {
    "_set_deterministic_algorithms": "torch.use_deterministic_algorithms",
    "_set_deterministic_fill_uninitialized_memory": "torch.utils.deterministic.fill_uninitialized_memory",
    "_set_float32_matmul_precision": "torch.float32_matmul_precision",
    "_set_cublas_allow_tf32": "torch.backends.cuda.matmul.allow_tf32",
    "_set_cublas_allow_fp16_reduced_precision_reduction": (
        "torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction"
    ),
    "_set_cublas_allow_bf16_reduced_precision_reduction": (
        "torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction"
    ),
    "_set_cublas_allow_fp16_accumulation": "torch.backends.cuda.matmul.allow_fp16_accumulation",
    "_set_cudnn_enabled": "torch.backends.cudnn.enabled",
    "_set_cudnn_benchmark": "torch.backends.cudnn.benchmark",
    "_set_cudnn_deterministic": "torch.backends.cudnn.deterministic",
    "_set_cudnn_allow_tf32": "torch.backends.cudnn.allow_tf32",
    "_set_mkldnn_enabled": "torch.backends.mkldnn.enabled",
    "_set_mkldnn_deterministic": "torch.backends.mkldnn.deterministic",
    "_set_onednn_allow_tf32": "torch.backends.mkldnn.allow_tf32",
    "_set_nnpack_enabled": "torch.backends.nnpack.enabled",
    "_set_sdp_use_flash": "torch.backends.cuda.enable_flash_sdp",
    "_set_sdp_use_mem_efficient": "torch.backends.cuda.enable_mem_efficient_sdp",
    "_set_sdp_use_math": "torch.backends.cuda.enable_math_sdp",
    "_set_sdp_use_cudnn": "torch.backends.cuda.enable_cudnn_sdp",
    "_set_default_dtype": "torch.default_dtype",
    "set_num_threads": "torch.num_threads",
    "set_num_interop_threads": "torch.num_interop_threads",
}
"""Function of `torch._C` and the setting it is for."""
_GETTERS = {
    "_get_deterministic_algorithms": "torch.use_deterministic_algorithms",
    "_get_deterministic_algorithms_warn_only": "torch.use_deterministic_algorithms.warn_only",
    "_get_deterministic_fill_uninitialized_memory": "torch.utils.deterministic.fill_uninitialized_memory",
    "_get_cudnn_enabled": "torch.backends.cudnn.enabled",
    "_get_cudnn_benchmark": "torch.backends.cudnn.benchmark",
    "_get_cudnn_deterministic": "torch.backends.cudnn.deterministic",
    "_get_mkldnn_enabled": "torch.backends.mkldnn.enabled",
    "_get_mkldnn_deterministic": "torch.backends.mkldnn.deterministic",
    "_get_cublas_allow_fp16_reduced_precision_reduction": (
        "torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction"
    ),
    "_get_cublas_allow_bf16_reduced_precision_reduction": (
        "torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction"
    ),
    "_get_flash_sdp_enabled": "torch.backends.cuda.enable_flash_sdp",
    "_get_mem_efficient_sdp_enabled": "torch.backends.cuda.enable_mem_efficient_sdp",
    "_get_math_sdp_enabled": "torch.backends.cuda.enable_math_sdp",
    "_get_cudnn_sdp_enabled": "torch.backends.cuda.enable_cudnn_sdp",
}
_OLD_GETTERS = {
    "_get_cublas_allow_tf32": "torch.backends.cuda.matmul.allow_tf32",
    "_get_cudnn_allow_tf32": "torch.backends.cudnn.allow_tf32",
    "_get_float32_matmul_precision": "torch.float32_matmul_precision",
}
"""Asked only where the getter below is missing: versions that have both may warn about these."""
_PRECISIONS = (
    ("generic", "all", "torch.backends.fp32_precision"),
    ("cuda", "matmul", "torch.backends.cuda.matmul.fp32_precision"),
    ("cuda", "conv", "torch.backends.cudnn.conv.fp32_precision"),
    ("cuda", "rnn", "torch.backends.cudnn.rnn.fp32_precision"),
    ("mkldnn", "matmul", "torch.backends.mkldnn.matmul.fp32_precision"),
    ("mkldnn", "conv", "torch.backends.mkldnn.conv.fp32_precision"),
)
_THREADS = (("get_num_threads", "torch.num_threads"), ("get_num_interop_threads", "torch.num_interop_threads"))


def after_torch(watch: Watch, module: ModuleType) -> None:
    """Listen to the setters, and write what the settings are before anybody changed them."""
    binary = module._C
    for name, setting in _SETTERS.items():
        listen(binary, name, _listener(watch, setting), watch)
        if not name.startswith("_"):
            module.__dict__[name] = binary.__dict__[name]
    listen(binary, "_set_fp32_precision_setter", _precision_listener(watch), watch)
    listen(module.backends.ContextProp, "__set__", _property_listener(watch), watch)
    watch.journal.emit("flags", {"moment": "import", "values": settings(module)})
    watch.at_end(lambda: watch.journal.emit("flags", {"moment": "end", "values": at_end(module)}))


def _listener(watch: Watch, setting: str) -> Listener:
    def listener(value: object = None, **named: object) -> None:
        text = spell(value)
        if named.get("warn_only"):
            text += ", warn_only"
        changed(watch, setting, text)

    return listener


def _precision_listener(watch: Watch) -> Listener:
    names = {(backend, operation): name for backend, operation, name in _PRECISIONS}

    def listener(backend: str, operation: str, value: object) -> None:
        name = names.get((backend, operation), f"torch.backends.{backend}.{operation}.fp32_precision")
        changed(watch, name, str(value))

    return listener


def _property_listener(watch: Watch) -> Listener:
    """For settings that are attributes of modules: they hold the setters themselves."""

    def listener(prop: object, _module: object, value: object) -> None:
        setting = _SETTERS.get(getattr(getattr(prop, "setter", None), "__name__", ""))
        if setting is not None:
            changed(watch, setting, spell(value))

    return listener


def changed(watch: Watch, setting: str, value: str) -> None:
    """Write that a setting was given a value, and where."""
    place, through = watch.places.here()
    if watch.times("flag", setting, value, tuple(place) if place else None):
        watch.journal.emit("flag", {"name": setting, "value": value, "place": place, "through": through})


def settings(module: ModuleType) -> dict[str, object]:
    """All settings that can be asked for without deciding anything."""
    binary = module._C
    values: dict[str, object] = {"torch.version": str(module.__version__)}
    getters = dict(_GETTERS)
    precision = getattr(binary, "_get_fp32_precision_getter", None)
    if precision is None:
        getters.update(_OLD_GETTERS)
    for name, setting in getters.items():
        getter = getattr(binary, name, None)
        if getter is not None:
            values[setting] = spell(getter())
    for backend, operation, name in _PRECISIONS if precision is not None else ():
        values[name] = str(precision(backend, operation))  # type: ignore[misc]
    values["torch.default_dtype"] = str(module.get_default_dtype())
    return values


def at_end(module: ModuleType) -> dict[str, object]:
    """All settings, and those that are decided when they are first asked for: threads and instruction sets."""
    values = settings(module)
    for name, setting in _THREADS:
        values[setting] = spell(getattr(module, name)())
    values["torch.cpu_capability"] = str(module.backends.cpu.get_cpu_capability())
    values["torch.version.cuda"] = str(module.version.cuda)
    if module.cuda.is_initialized():
        values["torch.version.cudnn"] = spell(module.backends.cudnn.version())
        values["torch.cuda.device_count"] = spell(module.cuda.device_count())
    distributed = getattr(module, "distributed", None)
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        values["torch.distributed.backend"] = str(distributed.get_backend())
        values["torch.distributed.world_size"] = spell(distributed.get_world_size())
    return values
