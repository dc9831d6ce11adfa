"""The number of threads, workers or chunks is taken from the machine, and numbers depend on it.

## Why
Sums that are divided among threads are added in another order for another number of them, and data loaders draw their
random augmentations in workers that each have a stream of their own. With `os.cpu_count()` the number is another one
on each machine, in each container and on each cluster node, so that equal seeds give other results there.

## Fix
A fixed number from the configuration, recorded with the run.

## Notes
Low confidence: many uses gain speed alone. Pools whose results are put together in the order of the tasks are silent.
"""

import ast
from collections.abc import Iterator

from reprocheck.rulekit import Call, Match, Module, Rule, reaching

rule = Rule("DET010", "thread-count-dependent", __doc__, confidence="low")

_COUNTS = frozenset(
    {"os.cpu_count", "os.process_cpu_count", "multiprocessing.cpu_count", "psutil.cpu_count", "joblib.cpu_count"}
    | {"os.sched_getaffinity", "torch.multiprocessing.cpu_count", "torch.get_num_threads"}
)
_THREADS = {
    "torch.set_num_threads": ("int", 0),
    "torch.set_num_interop_threads": ("int", 0),
    "tensorflow.config.threading.set_intra_op_parallelism_threads": ("num_threads", 0),
    "tensorflow.config.threading.set_inter_op_parallelism_threads": ("num_threads", 0),
    "numba.set_num_threads": ("n", 0),
    "threadpoolctl.threadpool_limits": ("limits", 0),
    "mkl.set_num_threads": ("n", 0),
    "cv2.setNumThreads": ("nthreads", 0),
    "numexpr.set_num_threads": ("nthreads", 0),
    "faiss.omp_set_num_threads": ("num_threads", 0),
}
_LOADERS = frozenset({"torch.utils.data.DataLoader", "torch_geometric.loader.DataLoader"})
_SPLITS = frozenset({"numpy.array_split", "numpy.split", "torch.chunk", "torch.tensor_split"})
_VARIABLES = frozenset({"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"})
_DEPTH = 4


@rule.on_module(mentions=("cpu_count", "process_cpu_count", "sched_getaffinity"))
def check(module: Module) -> Iterator[Match]:
    """Every place that sets a number of threads, workers or chunks from the machine's."""
    if module.is_test:
        return
    for call in module.calls:
        given, what = _number(call)
        if given is not None and _from_machine(module, given, call.site.order):
            yield call.match(f"{what} follows the number of processors of the machine that this runs on", at=given)
    for site in module.file.sets:
        target = site.target
        if (
            isinstance(target, ast.Subscript)
            and isinstance(target.slice, ast.Constant)
            and target.slice.value in _VARIABLES
            and site.value is not None
            and _from_machine(module, site.value, site.order)
        ):
            yield module.match(
                target, f"`{target.slice.value}` follows the number of processors of the machine that this runs on"
            )


def _number(call: Call) -> tuple[ast.expr | None, str]:
    """The argument that states a number of threads, workers or chunks."""
    if call.name in _THREADS:
        return call.argument(*_THREADS[call.name]), "the number of threads"
    if call.name in _LOADERS:
        return call.argument("num_workers", 5), "the number of workers, each with a random stream of its own,"
    if call.name in _SPLITS:
        return (call.node.args[1] if len(call.node.args) > 1 else None), "the number of chunks"
    return None, ""


def _from_machine(module: Module, node: ast.expr, order: int, depth: int = _DEPTH) -> bool:
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            name = module.file.resolve(part.func, module.file.scope_of(part), order)
            if name in _COUNTS:
                return True
        elif isinstance(part, ast.Name) and depth > 0:
            bindings = module.file.scope_of(part).lookup(part.id)
            binding = reaching(bindings, module.file.scope_of(part), order) if bindings else None
            value = binding.value if binding is not None else None
            if binding is not None and value is not None and value is not node:
                found = _from_machine(module, value, binding.order, depth - 1)
                if found:
                    return True
    return False


rule.flags(
    """
    import os
    import multiprocessing
    import numpy as np
    import torch
    from torch.utils.data import DataLoader

    torch.set_num_threads(os.cpu_count())  # expect: DET010
    workers = min(multiprocessing.cpu_count(), 16)
    loader = DataLoader(data, batch_size=32, num_workers=workers)  # expect: DET010
    os.environ["OMP_NUM_THREADS"] = str(os.cpu_count())  # expect: DET010
    parts = np.array_split(values, multiprocessing.cpu_count())  # expect: DET010
    """,
    title="Threads, workers, chunks",
)
rule.flags(
    """
    import os
    import psutil
    import numba
    import tensorflow as tf

    cores = psutil.cpu_count(logical=False)
    numba.set_num_threads(cores)  # expect: DET010
    tf.config.threading.set_intra_op_parallelism_threads(len(os.sched_getaffinity(0)))  # expect: DET010
    """,
    title="Of the process",
)
rule.allows(
    """
    import os
    import multiprocessing
    import torch
    from concurrent.futures import ProcessPoolExecutor
    from torch.utils.data import DataLoader

    torch.set_num_threads(4)
    loader = DataLoader(data, num_workers=8)
    print(os.cpu_count())
    with multiprocessing.Pool(os.cpu_count()) as pool:
        rows = pool.map(parse, files)
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as executor:
        rows = list(executor.map(parse, files))
    os.environ["OMP_NUM_THREADS"] = "8"
    assert os.cpu_count() >= 4
    """,
    title="Fixed numbers; pools in order; only shown",
)
