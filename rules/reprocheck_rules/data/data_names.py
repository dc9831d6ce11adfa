"""What names of files, functions and modules say about data: whether it is data, and whether it is fitted on."""

from __future__ import annotations

import re

_TABLE = re.compile(
    r"\.(csv|tsv|jsonl|ndjson|parquet|feather|arrow|orc|avro|npy|npz|mat|h5|hdf5|tfrecords?|lmdb|xlsx?|sqlite3?|arff|libsvm)"
    r"(\.gz|\.bz2|\.xz|\.zip)?$",
    re.IGNORECASE,
)
_RESULTS = re.compile(r"^(\./)?(results?|outputs?|figures?|plots?|logs?|runs?|predictions?)/", re.IGNORECASE)
"""Where a program of the project put what it made."""
_FITTED = re.compile(
    r"(model|weights|classifier|vectori[sz]er|encoder|scaler|tokenizer)[^/]*\.(pkl|pickle|h5|hdf5)$", re.IGNORECASE
)
"""What a training left rather than what it reads."""
_FORM = re.compile(
    r"(?:sample|example|template|dummy|blank)[_-]?(?:sub|answer|solution|pred)\w*|(?:^|[/_-])submissions?[/_.-]",
    re.IGNORECASE,
)
"""What a competition gives for answers to be filled in, or was handed in."""
_PLACEHOLDER = re.compile(
    r"(?:^|/)path[/_-]?to[/_-]|(?:^|[/_-])(?:your|placeholder|dummy|foo|some)[/_-]|(?:^|[/_-])(?:x{3,}|placeholder|foo)[/._-]",
    re.IGNORECASE,
)
"""What stands for a name that a reader fills in."""
_OUTCOME = re.compile(
    r"(?:^|[/_-])(?:results?|metrics|preds?|predictions?|predicted|oof|(?:feature_)?importances?)[/_.-]"
    r"|(?:^|/)(?:logs?|reports?|leaderboards?)/|(?:^|/)(?:train(?:ing)?[_-])?(?:history|loss(?:es)?|log|summary)\.",
    re.IGNORECASE,
)
"""What a run leaves, wherever it lies."""
_TESTING = re.compile(
    r"(?:^|[/_-])(?:tests?|testing|x_test|y_test|holdout|hold_out|eval(?:uation)?|infer(?:ence)?)[/_.-]"
    r"|(?-i:[a-z]Test[_.\d-])",
    re.IGNORECASE,
)
"""Data that nothing is fitted on."""
_SHOWS = re.compile(
    r"(?:^|[/_.])(?:plot\w*|draw\w*|visuali[sz]\w*|show\w*|figures?|eval\w*|test\w*|predict\w*|infer\w*|report\w*"
    r"|analy[sz]\w*|eda|explor\w*|compar\w*|demo\w*|serv\w*|app|dashboard\w*|submi\w*|metrics|score\w*|post_?process\w*)"
    r"(?=[/_.]|$)",
    re.IGNORECASE,
)
_PREPARED = re.compile(
    r"(?:^|/)(?:processed|interim|clean(?:ed)?|prepared|generated|features?|derived|intermediate|splits?)/",
    re.IGNORECASE,
)
"""Folders of what a project makes of its data."""
_FITTING = re.compile(r"train|fit|learn", re.IGNORECASE)
_IN_DATA = re.compile(
    r"(^|/)(data|datasets?|inputs?|raw|corpus|corpora)/.*\.(json|txt|xml|zip|tar|tar\.gz|tgz|pkl|pickle|db)$"
)


def is_data(name: str) -> bool:
    """Whether a file is data that a program gets from elsewhere: no result, no form of an answer, no placeholder."""
    if any(pattern.search(name) for pattern in (_RESULTS, _FITTED, _FORM, _PLACEHOLDER)):
        return False
    return (_TABLE.search(name) or _IN_DATA.search(name)) is not None


def is_fitted_on(name: str) -> bool:
    """Whether data may be fitted on: neither what a run left nor what only tests."""
    last = name.replace("\\", "/").rpartition("/")[2].lower()
    return _OUTCOME.search(name) is None and (_TESTING.search(name) is None or "train" in last)


def shows(name: str) -> bool:
    """Whether a function, or a module by its path, draws, evaluates or predicts."""
    return _SHOWS.search(name) is not None


def fits(name: str) -> bool:
    """Whether a function fits something, whatever it does besides."""
    return _FITTING.search(name) is not None


def is_prepared(name: str) -> bool:
    """Whether a file lies where projects keep what they make of their data."""
    return _PREPARED.search(name) is not None
