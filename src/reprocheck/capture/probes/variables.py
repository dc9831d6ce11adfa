"""Environment variables by allow-list: what decides about results is kept, everything else by name only."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reprocheck.capture.secrets import Secrets, is_secret_name

_PREFIXES = (
    "PYTHON OMP_ MKL_ OPENBLAS_ GOTO_ BLIS_ KMP_ VECLIB_ NUMEXPR_ NUMBA_ TBB_ RAYON_ POLARS_ ARROW_ GOMP_ "
    "CUDA_ CUDNN_ CUBLAS_ NCCL_ GLOO_ NVIDIA_ NVTE_ HIP_ ROCR_ HSA_ MIOPEN_ "
    "TORCH PYTORCH_ ATEN_ ONEDNN_ DNNL_ XLA_ TF_ JAX_ TRITON_ KERAS_ LIGHTNING_ PL_ FLAX_ "
    "LD_ LC_ MALLOC_ GLIBC_ CONDA_ SLURM_ PBS_ LSB_ RAY_ DASK_ JOBLIB_ LOKY_ HYDRA_ ACCELERATE_ DEEPSPEED_"
)
_NAMES = (
    "PATH HOME TMPDIR TZ LANG LANGUAGE VIRTUAL_ENV SOURCE_DATE_EPOCH PATHEXT SHELL "
    "RANK LOCAL_RANK WORLD_SIZE LOCAL_WORLD_SIZE MASTER_ADDR MASTER_PORT GROUP_RANK NODE_RANK "
    "TOKENIZERS_PARALLELISM TRANSFORMERS_OFFLINE TRANSFORMERS_CACHE HF_HOME HF_HUB_OFFLINE HF_HUB_CACHE "
    "HF_DATASETS_CACHE HF_DATASETS_OFFLINE SKLEARN_SEED SCIKIT_LEARN_DATA WANDB_MODE WANDB_DISABLED MPLBACKEND "
    "DISPLAY COLUMNS LINES TERM NO_COLOR CI"
)
_OTHERS = "TF_VAR_|TF_CLI_|TF_LOG|TF_TOKEN_|TF_HTTP_"
"""Terraform's, which has taken the same first letters as TensorFlow; its variables hold credentials."""
_PREFIX = "|".join(f"{prefix}.*" for prefix in _PREFIXES.split())
_ALLOWED = re.compile(f"(?!{_OTHERS})(?:{_PREFIX}|{'|'.join(_NAMES.split())})")


def variables(environment: Mapping[str, str], secrets: Secrets) -> tuple[dict[str, str], tuple[str, ...]]:
    """Values of the allowed variables, and the names of all others; both sorted."""
    kept = {
        name: secrets.clean(value)
        for name, value in environment.items()
        if _ALLOWED.fullmatch(name) and not is_secret_name(name)
    }
    return dict(sorted(kept.items())), tuple(sorted(environment.keys() - kept.keys()))
