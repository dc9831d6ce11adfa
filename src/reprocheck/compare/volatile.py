"""What changes from run to run and is no content: parts of texts, and keys of structured data."""

from __future__ import annotations

import math
import re

_LONGEST = 20_000
"""Characters of a line that is looked at: longer ones are data."""
_NUMBER = r"[-+]?(?<!\d)\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_DAY = r"\d{4}[-/.]\d{2}[-/.]\d{2}"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_WEEKDAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*"
_ZONE = r"(?:\s?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})(?![\w]))?"
_UNIT = r"(?:ns|us|µs|μs|ms|s|secs?|seconds?|mins?|minutes?|hrs?|hours?|h|d|days?)"
_THING = (
    r"(?:it|its|iter|iters|iterations?|steps?|samples?|tokens?|toks?|img|imgs|images?|batch|batches|ex|examples?|"
    r"frames?|rows?|records?|words?|episodes?|updates?|events?|[kKMG]?i?B|bytes|[TGM]?FLOPS?)"
)
_VALUE = rf"(?:[_ ]?\(?{_UNIT}\)?)?(?:\s*[:=]\s*|(?i:(?<=took)) +)(?:\d+(?::\d{{2}})+(?:\.\d+)?|{_NUMBER})(?!\w)(?!-)"
"""What stands behind a word for a duration."""
_NO_LABEL = r"(?!(?:(?<=\smin)|(?<=\s[dhm]))(?:\s*[:=]\s*|\s+)[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?(?![\w.:]))"
"""Behind a unit that stands apart: in `std 0.1 min 0.2` and `n 5, d=3` it names the number that follows."""
_PATTERNS = (
    ("terminal codes", r"\x1b\[[0-9;?]*[A-Za-z]"),
    ("ids", r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"),
    ("timestamps", rf"\b{_DAY}[T _,-]+\d{{1,2}}[:h-]\d{{2}}(?:[:-]\d{{2}}(?:[.,]\d+)?)?{_ZONE}(?![\w:])"),
    (
        "timestamps",
        rf"\b{_WEEKDAY},? (?:{_MONTH} +\d+|\d+ {_MONTH} \d{{4}}),? {_CLOCK}(?: [A-Z]{{3,4}})?(?: \d{{4}})?\b",
    ),
    ("timestamps", rf"\b{_MONTH} +\d{{1,2}},? (?:\d{{4}},? )?{_CLOCK}\b"),
    ("timestamps", rf"\b\d{{2}}/{_MONTH}/\d{{4}}:{_CLOCK}{_ZONE}"),
    ("timestamps", r"(?m:^)[IWEF]\d{4} \d{2}:\d{2}:\d+(?:\.\d+)? +\d+(?= )"),
    ("timestamps", r"\b(?:19|20)\d{6}[-_T]\d{4,6}(?:[-_.]\d+)?(?!\w)"),
    ("timestamps", rf"\b{_DAY}(?![\w.-])"),
    # behind a digit and a point, or behind the sign of a number, it would be a value
    ("timestamps", r"(?:(?<=[_/])|(?<=[A-Za-z_)\]][.-])|(?<=\d-))1[4-9]\d{8}(?:\.\d+)?(?!\w)"),
    ("addresses", r"\bat 0x[0-9a-fA-F]+\b|\b0x[0-9a-fA-F]{8,16}\b"),
    ("speeds", rf"{_NUMBER}\s?{_THING}\s?(?:/|per )\s?(?:{_UNIT})\b"),
    ("speeds", rf"{_NUMBER}\s?{_UNIT}\s?(?:/|per )\s?{_THING}\b"),
    ("speeds", rf"(?<![A-Za-z])(?i:fps|sps|it/s|throughput|steps[_ ]per[_ ]sec(?:ond)?)\s*[:= ]\s*{_NUMBER}"),
    ("speeds", rf"(?<![\w.]){_NUMBER}\s?(?i:fps)\b|\?(?:{_THING})/s\b"),
    (
        "durations",
        rf"(?<![A-Za-z])(?i:eta|took|elapsed|duration|runtime|run_time|wall[_ ]?time|(?:[a-z]+[_ ])?time|dt){_VALUE}",
    ),
    (
        "durations",
        r"(?<![\w.])(?:\d+ days?, )?\d+:\d{2}:\d{2}(?:[.,]\d+)?(?![\w:])|(?<![\w.:])\d{2}:\d{2}(?![\w:])",
    ),
    ("durations", rf"(?<![\w.])(?:\d+\s?(?:d|h|m|min)\s?)*{_NUMBER}\s?{_UNIT}(?![\w/]){_NO_LABEL}"),
    ("durations", rf'(?<=\s)(?:time|duration|elapsed)="{_NUMBER}"'),
    ("hosts", r'(?<=\s)hostname="[^"]*"'),
    ("process ids", r"\b(?i:pid|process(?: id)?|worker pid|ppid|tid)[ =:#]+\d+\b"),
    ("ports", r"\b(?:127\.0\.0\.1|0\.0\.0\.0|localhost|\[::1?\]):\d+\b"),
    ("folders", r"(?<![\w/.:~-])~?/(?:[\w.+@~=-]+/)+"),
)
_KINDS = tuple(kind for kind, _ in _PATTERNS)
_ANY = re.compile("|".join(f"(?P<p{index}>{pattern})" for index, (_, pattern) in enumerate(_PATTERNS)))
_ROW = re.compile(r"((?:[^\s,;]+[\s,;]+){3})(?:[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?:[\s,;]+|$)){8,}$")
"""A row of a table: a few words, then many numbers, of which none but the first can belong to a word."""
_OVERWRITTEN = re.compile(r".*[\r\x08](?=[^\r\n])")
_BAR = re.compile(r"^[^|]*\d%\|[^|]*\|[^\[]*\[[^\]]*\]\s*$")


def mask(text: str) -> tuple[str, frozenset[str]]:
    """One line with its volatile parts replaced by their kinds, and those kinds.

    What a carriage return has overwritten was a progress bar and is left out.
    """
    kinds: set[str] = set()
    line = text.rstrip("\r\n")
    if "\r" in line or "\x08" in line:
        kept = _OVERWRITTEN.sub("", line)
        if kept != line:
            kinds.add("progress bars")
            text = kept + text[len(line) :]
    if len(text) > _LONGEST:
        return text, frozenset(kinds)

    def replace(match: re.Match[str]) -> str:
        assert match.lastgroup is not None
        kind = _KINDS[int(match.lastgroup[1:])]
        kinds.add(kind)
        return f"<{kind}>"

    row = _ROW.match(text)
    start = row.end(1) if row else len(text)
    return _ANY.sub(replace, text[:start]) + text[start:], frozenset(kinds)


def is_progress(line: str) -> bool:
    """Whether a line shows nothing but how far something is."""
    return len(line) < _LONGEST and _BAR.match(line) is not None


_ALWAYS = frozenset(
    """
    _timestamp wall_time walltime created_at updated_at modified_at last_modified start_time
    end_time started_at finished_at startedat heartbeatat utc_time_created creation_time creationdate moddate
    elapsed elapsed_time _runtime runtime train_runtime eval_runtime test_runtime predict_runtime
    fit_time score_time mean_fit_time std_fit_time mean_score_time std_score_time refit_time_ training_time total_time
    train_time time_elapsed time_total_s time_this_iter_s iter_time epoch_time step_time data_time batch_time
    date_time load_time eta eta_seconds
    fps sps it/s time/fps iterations_per_second steps_per_second samples_per_second tokens_per_second
    pid ppid process_id host hostname node_ip
    run_id run_uuid model_uuid session_id uuid artifact_uri artifact_location
    mlflow.runname mlflow.user mlflow.source.name mlflow.log-model.history
    """.split()  # noqa: SIM905 — two hundred quotes would hide the names
)
"""Names that are never a result."""
_ENDINGS = ("_per_second", "_per_sec", "_runtime", "_samples_per_sec", "/fps", "/sps", "/time_elapsed", "_wall_time")
_WHEN = frozenset(
    [
        "time",
        "timestamp",
        "timestamps",
        "date",
        "date_saved",
        "datetime",
        "created",
        "modified",
        "updated",
        "ts",
        "now",
        "start",
        "end",
        "run_name",
        "name_time",
    ]
)
"""Names that are volatile where the value is a point in time."""
_POINT = re.compile(
    rf"^\s*(?:{_DAY}(?:[T _-]+\d{{1,2}}[:-]\d{{2}}.*)?|{_WEEKDAY}.*\d{{2}}:\d{{2}}.*|\d{{8}}[-_T]\d{{4,6}}.*)\s*$"
)
_EPOCH = (1.3e9, 2.5e9)
"""Seconds since 1970 of the years 2011 to 2049."""


def volatile_key(name: str, left: object, right: object) -> bool:
    """Whether a key names something that changes from run to run; `left` and `right` are what stands under it."""
    plain = name.lower()
    if plain in _ALWAYS or plain.endswith(_ENDINGS):
        return True
    last = plain.replace("/", ".").rpartition(".")[2]
    if last != plain and last in {"fps", "sps", "time_elapsed", "timestamp", "wall_time", "eta"}:
        return True
    return last in _WHEN and _is_point(left) and _is_point(right)


def _is_point(value: object) -> bool:
    match value:
        case str():
            return _POINT.match(value) is not None
        case bool():
            return False
        case int() | float() if math.isfinite(value):
            return any(low <= abs(value) / scale <= high for low, high in (_EPOCH,) for scale in (1, 1e3, 1e6, 1e9))
        case _:
            return False


_VALUE_KINDS = frozenset({"addresses", "ids", "folders", "ports", "process ids"})


def same_but_for_place(left: str, right: str) -> str:
    """What alone tells two values apart (ids, folders, addresses), or nothing when there is more to it.

    Times are content here: in data they are values like any other.
    """
    (a, kinds_left), (b, kinds_right) = mask(left), mask(right)
    kinds = kinds_left | kinds_right
    if a != b or not kinds:
        return ""
    if kinds <= _VALUE_KINDS or ("/" in left and "/" in right and kinds <= _VALUE_KINDS | {"timestamps"}):
        return ", ".join(sorted(kinds))
    return ""
