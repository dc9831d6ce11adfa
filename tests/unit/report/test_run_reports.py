"""Records as people read them."""

from __future__ import annotations

import msgspec
import pytest

from reprocheck.model.record import (
    Code,
    CodeFile,
    CodePlace,
    Command,
    Connection,
    Container,
    DeterminismFlag,
    Environment,
    Execution,
    FailedOpen,
    FileRole,
    FileTree,
    FileUse,
    FileUses,
    FlagChange,
    Gap,
    Gpu,
    GpuStack,
    Interpreter,
    Listing,
    Lock,
    Memory,
    Observations,
    OperatingSystem,
    Package,
    Perturber,
    Processor,
    RandomState,
    Record,
    Repository,
    RunState,
    RunSummary,
    SeederCall,
    Status,
    TraceSummary,
)
from reprocheck.model.run_report import (
    Check,
    Collection,
    Difference,
    Problem,
    RunDifferences,
    Transparency,
    Verification,
)
from reprocheck.report.paint import Paint
from reprocheck.report.run_checks import (
    check_lines,
    collection_lines,
    difference_lines,
    transparency_lines,
    verification_lines,
)
from reprocheck.report.run_line import closing_line
from reprocheck.report.run_list import list_lines
from reprocheck.report.run_show import show_lines
from reprocheck.report.run_words import duration_text, ending, size_text

PLAIN = Paint(color=False)
PLACE = CodePlace("train.py", 7, "main")
RECORD = Record(
    id="01ARZ3NDEKTSV4RRFFQ69G5FAV",
    sequence=1,
    name="base",
    tags=("paper",),
    tool_version="0.1.0",
    started="2026-01-01T00:00:00.000000Z",
    ended="2026-01-01T00:00:01.000000Z",
    command=Command(arguments=("python", "a b.py"), cwd="sub", root="/x"),
    execution=Execution(status=Status.EXITED, code=0, duration=90_000_000_000, user_time=2.0, max_memory=1_500_000),
    files=FileUses(
        uses=(
            FileUse(path="in.csv", role=FileRole.INPUT, before="a" * 64, size_before=10),
            FileUse(path="model.pt", role=FileRole.RENAMED, after="b" * 64, size=2_000_000),
            FileUse(path="state", role=FileRole.READ_THEN_WRITTEN, before="c" * 64, after="d" * 64, size=1),
            FileUse(path="gone", role=FileRole.TEMPORARY),
            *(FileUse(path=f"z{i}", role=FileRole.OUTPUT, after="e" * 64, size=1) for i in range(10)),
        ),
        trees=(FileTree(path="data", role=FileRole.INPUT, files=5000, size=3, digest="f" * 64),),
        listings=(Listing(path="data", entries=-1),),
        failed_opens=(FailedOpen(path="settings.ini", error="ENOENT"),),
        connections=(
            Connection(family="inet", address="192.0.2.7", port=443),
            Connection(family="unix", address="/run/x"),
        ),
    ),
    observations=Observations(
        seeders=(SeederCall(name="torch.manual_seed", value="3", pid=1, time=0, place=PLACE, by="lightning"),),
        flags=(
            DeterminismFlag(
                name="OMP_NUM_THREADS", value="1", changes=(FlagChange(value="1", pid=1, time=0, by="joblib"),)
            ),
            DeterminismFlag(name="torch.quiet", value="x"),
        ),
        trace=TraceSummary(level="steps", steps=30, frameworks=("torch",), last_loss=0.25),
        perturbers=(Perturber(name="clearml", effect="reseeds the generators"),),
    ),
    environment=Environment(
        interpreter=Interpreter(
            executable="/v/bin/python",
            version="3.12.1",
            implementation="CPython",
            build="",
            prefix="/v",
            base_prefix="/",
        ),
        packages=(
            Package(name="torch", version="2.0", location="/v", used=True, checked=2, modified=("torch/a.py",)),
            Package(name="mine", version="1", location="/v", editable=True),
        ),
        lock=Lock(format="pylock.toml", tool="uv", digest="1" * 64, packages=2, hashed=2),
        system=OperatingSystem(name="Debian 12", kernel="6.1", machine="x86_64", libc="glibc 2.36"),
        processor=Processor(model="EPYC", vendor="AMD", flags=("avx2",), logical=64, usable=8),
        memory=Memory(total=64_000_000_000, available=1, swap=0),
        gpu=GpuStack(driver="550", cuda="12.4", gpus=(Gpu(index=0, name="H100"),)),
        container=Container(kind="docker", image="trainer:1"),
        variables={"TZ": "UTC"},
    ),
    code=Code(
        repository=Repository(
            root="/x", commit="9" * 40, branch="main", dirty=True, diff="2" * 64, diff_size=100, changed=("a b.py",)
        ),
        files=(CodeFile(path="a b.py", digest="3" * 64, size=1, tracked=False, stored=True),),
    ),
    configuration=(CodeFile(path="out/.hydra/config.yaml", digest="4" * 64, size=1),),
    gaps=(Gap("files", "one file was not seen", "It is missing"),),
)


def text(record: Record = RECORD, *, verbose: bool = False, width: int = 100) -> str:
    return "\n".join(show_lines(record, PLAIN, width=width, verbose=verbose))


def test_seeds_of_one_line_are_one_line_unless_all_is_asked_for() -> None:
    calls = tuple(SeederCall(name="numpy.seed", value=value, pid=1, time=0, place=PLACE) for value in ("1", "1", "5"))
    record = msgspec.structs.replace(RECORD, observations=msgspec.structs.replace(RECORD.observations, seeders=calls))
    assert "numpy.seed(1), and 1 other seed  train.py:7" in text(record)
    assert text(record).count("numpy.seed") == 1
    assert text(record, verbose=True).count("numpy.seed") == 3


def test_where_standard_input_came_from_is_shown_with_the_command() -> None:
    command = msgspec.structs.replace(RECORD.command, stdin="data/in.txt")
    assert "$ python 'a b.py' < data/in.txt" in text(msgspec.structs.replace(RECORD, command=command))


def test_generators_that_were_drawn_from_and_never_seeded_are_named() -> None:
    states = [
        RandomState(generator=generator, moment=moment, digest=digest, pid=1)
        for generator, first, end in (("random", "a", "b"), ("numpy", "c", "c"), ("torch", "d", "e"))
        for moment, digest in (("first-use", first), ("end", end))
    ]
    seen = msgspec.structs.replace(RECORD.observations, random_states=tuple(states))
    shown = text(msgspec.structs.replace(RECORD, observations=seen))
    assert "random: drawn from, and never seeded" in shown
    assert "numpy: drawn" not in shown
    assert "torch: drawn" not in shown
    alone = text(msgspec.structs.replace(RECORD, observations=msgspec.structs.replace(seen, seeders=())))
    assert "torch: drawn from, and never seeded" in alone


@pytest.mark.parametrize(
    "part",
    [
        "01ARZ3NDEKTSV4RRFFQ69G5FAV  exit 0 after 1 min 30 s  base #paper",
        "$ python 'a b.py'",
        "in sub of /x, 2.0 s of processor time, up to 1.5 MB of memory",
        "Code         999999999999 on main with changes",
        "1 changed file (difference kept, 100 B)",
        "1 source file used, 1 not in git, 1 kept",
        "resolved configuration out/.hydra/config.yaml",
        "CPython 3.12.1, 2 packages (1 used), locked (2 with hashes)",
        "torch 2.0: 1 file edited after installation",
        "Debian 12, Linux 6.1, glibc 2.36, 8 of 64 \N{MULTIPLICATION SIGN} EPYC, 64.0 GB",
        "H100, driver 550, CUDA 12.4",
        "in a docker container trainer:1",
        "torch.manual_seed(3) by lightning  train.py:7",
        "OMP_NUM_THREADS = 1 changed by joblib",
        "1 setting never changed",
        "30 steps (torch), last loss 0.25",
        "Inputs       data/",
        "5,000 files",
        "ffffffffffff",
        "in.csv",
        "state",
        "read-then-written",
        "and 4 more (-v lists all)",
        "1 temporary, 1 folder listed, 1 looked for and not found",
        "Network      192.0.2.7:443",
        "Watchers     clearml: reseeds the generators",
        "What could not be seen",
        "- files: one file was not seen. It is missing.",
    ],
)
def test_a_record_says(part: str) -> None:
    assert part in text()


def test_everything_is_listed_on_request() -> None:
    for part in ("z9", "torch.quiet", "/run/x", "mine 1 (editable)", "TZ=UTC", "333333333333"):
        assert part in text(verbose=True)
        assert part not in text()


def test_sections_without_content_are_left_out() -> None:
    bare = Record(
        id="0",
        sequence=1,
        tool_version="0",
        started="",
        ended="",
        command=RECORD.command,
        execution=Execution(status=Status.KILLED, signal=9),
    )
    assert "killed by SIGKILL" in text(bare)
    for word in ("Code", "Environment", "Seeds", "Inputs", "Network", "not be seen"):
        assert word not in text(bare)


def test_names_cannot_steer_the_terminal() -> None:
    evil = "\x1b[2Jx\n"
    record = msgspec.structs.replace(
        RECORD,
        name=evil,
        command=msgspec.structs.replace(RECORD.command, arguments=(evil,)),
        files=FileUses(uses=(FileUse(path=evil, role=FileRole.OUTPUT),)),
        gaps=(Gap(evil, evil, evil),),
    )
    assert "\x1b" not in text(record, verbose=True)
    assert "\x1b" not in closing_line(record, PLAIN)


def test_the_closing_line_counts() -> None:
    line = closing_line(RECORD, PLAIN)
    assert line.endswith("exit 0 · 1 min 30 s · 5,002 in, 12 out · 1 seed · 1 gap")
    assert "gap" not in closing_line(msgspec.structs.replace(RECORD, gaps=()), PLAIN)


def test_runs_are_a_table() -> None:
    rows = [
        RunSummary(
            id="A" * 26, sequence=1, state=RunState.FINISHED, status=Status.EXITED, exit_code=3, duration=1_000_000
        ),
        RunSummary(
            id="B" * 26, sequence=2, state=RunState.FINISHED, status=Status.KILLED, exit_code=137, name="n", tags=("t",)
        ),
        RunSummary(id="C" * 26, sequence=3, state=RunState.RUNNING, command=("python", "x" * 200)),
        RunSummary(id="D" * 26, sequence=4, state=RunState.DAMAGED, problem="it is damaged"),
        RunSummary(id="E" * 26, sequence=5, state=RunState.FINISHED, status=Status.ABANDONED),
    ]
    head, *lines = list_lines(rows, PLAIN, width=120)
    assert head.split() == ["id", "started", "took", "end", "in", "out", "gaps", "command"]
    for line, part in zip(lines, ("exit 3", "SIGKILL", "running", "it is damaged", "abandoned"), strict=True):
        assert part in line
        assert len(line) <= 120
    assert "n #t" in lines[1]
    assert lines[2].endswith("…")


@pytest.mark.parametrize(
    ("nanoseconds", "words"),
    [
        (0, "0.00 s"),
        (1_234_000_000, "1.23 s"),
        (59_900_000_000, "59.9 s"),
        (192e9, "3 min 12 s"),
        (7500e9, "2 h 5 min"),
    ],
)
def test_durations(nanoseconds: float, words: str) -> None:
    assert duration_text(int(nanoseconds)) == words


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_400_000, "1.4 MB"), (5 * 10**18, "5000.0 PB")]
)
def test_sizes(size: int, words: str) -> None:
    assert size_text(size) == words


def test_how_a_run_ended() -> None:
    assert ending(Execution(status=Status.KILLED, signal=200)) == ("killed by signal 200", "error")
    assert ending(Execution(status=Status.EXITED, code=2)) == ("exit 2", "error")
    assert ending(Execution(status=Status.NOT_STARTED))[0] == "did not start"


def test_what_verify_found() -> None:
    whole = list(verification_lines(Verification(runs=1, objects=2), PLAIN))
    assert whole == ["Whole: 1 run and 2 objects are what was written"]
    result = Verification(
        runs=1,
        objects=1,
        problems=(Problem("A", "record", "damaged"),),
        unfinished=("B",),
        changed=(Problem("A", "f", "missing"),),
    )
    assert list(verification_lines(result, PLAIN)) == [
        "A  record: damaged",
        "A  f: missing since",
        "1 problem in 1 run and 1 object",
        "1 run without a record: B",
    ]


def test_differences_are_shown_by_section() -> None:
    many = tuple(Difference("environment", f"package {i:02}", "1", "") for i in range(20))
    lines = list(
        difference_lines(RunDifferences(first="A", second="B", differences=many, same_inputs=1), PLAIN, verbose=False)
    )
    assert lines[2:6] == ["Environment", "  package 00", "    - 1", "    + nothing"]
    assert "  and 8 more (-v lists all)" in lines
    assert lines[-1] == "20 differences; 1 input and 0 outputs are the same"
    none = list(difference_lines(RunDifferences(first="A", second="B"), PLAIN, verbose=True))
    assert none[-1].startswith("No differences")


def test_what_gc_removed() -> None:
    assert list(collection_lines(Collection(runs=("A",), objects=2, size=1000, dry=True), PLAIN)) == [
        "would remove run A",
        "Would remove 1 run, 2 objects, 0 leftovers (1.0 kB)",
    ]


def test_checks_come_with_advice() -> None:
    lines = list(check_lines([Check("git", "missing", "not found", "install it")], PLAIN, width=80))
    assert lines[0] == "missing  git         not found"
    assert lines[1].strip() == "install it"


def test_what_the_proof_says() -> None:
    def last(**outputs: tuple[str, ...]) -> str:
        return "\n".join(transparency_lines(Transparency(run="R", plain_runs=2, exit_code=0, **outputs), PLAIN))

    assert "Transparent: 1 output the same in 2 plain runs and run R" in last(same=("a",))
    assert "not transparent for this command: 1 output changed" in last(same=("a",), changed=("b",))
    assert "Nothing can be said" in last(unstable=("b",))
