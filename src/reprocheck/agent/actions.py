"""Which module of which library is listened to by which part of the agent."""

from __future__ import annotations

SOURCES = ("datetime", "uuid", "random", "torch")
"""Modules with sources of entropy or time, each with a function `after_MODULE` in `entropy`."""
ACTIONS = (
    ("random", "python_random", "after_random"),
    ("numpy.random._mt19937", "numpy_random", "after_mt19937"),
    ("numpy.random.bit_generator", "numpy_random", "after_bit_generator"),
    ("numpy.random.mtrand", "numpy_random", "after_mtrand"),
    ("torch", "torch_random", "after_torch"),
    ("torch", "torch_flags", "after_torch"),
    ("torch", "torch_steps", "after_torch"),
    ("torch", "torch_compiler", "after_torch"),
    ("numpy", "thread_pools", "after_numpy"),
    ("sklearn.base", "sklearn_fit", "after_base"),
    ("xgboost.training", "boosters", "after_xgboost"),
    ("lightgbm.engine", "boosters", "after_lightgbm"),
    ("tensorflow.python.framework.random_seed", "frameworks", "after_tensorflow_seed"),
    ("tensorflow.python.framework.config", "frameworks", "after_tensorflow_config"),
    ("jax._src.random", "frameworks", "after_jax_random"),
    ("multiprocessing.util", "multiprocessing_util", "after_util"),
    ("torch.cuda.random", "torch_random", "after_torch_cuda_random"),
)
"""Module, part of `libraries`, function called with the watch and the module."""
NATIVE = (
    "torch.serialization",
    "torch.jit._serialization",
    "safetensors.torch",
    "safetensors.numpy",
    "pyarrow",
    "pyarrow.parquet.core",
    "pyarrow.csv",
    "pyarrow.feather",
    "pyarrow.dataset",
    "pandas.io.parquet",
    "h5py._hl.files",
    "cv2",
    "soundfile",
    "torchvision.io.image",
    "polars.io.csv.functions",
    "polars.io.parquet.functions",
    "polars.io.ipc.functions",
    "polars.dataframe.frame",
    "xgboost.core",
    "lightgbm.basic",
)
"""Modules with readers and writers of `libraries.native_files`."""
