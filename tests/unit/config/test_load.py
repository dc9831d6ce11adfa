"""Which settings win, where they say they came from, and what a wrong one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.config import KEYS, Config, ConfigError, FailOn, Output, Source, load
from reprocheck.config.settings import Require, Where
from reprocheck.model.finding import Confidence, Severity


def write(folder: Path, name: str, text: str) -> Path:
    """Put a file into `folder`."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_without_any_setting_everything_is_a_default(tmp_path: Path) -> None:
    config = load(tmp_path)
    assert config == Config(root=tmp_path)
    assert {origin.source for _, _, origin in config.entries()} == {Source.DEFAULT}


def test_entries_show_every_key_in_order(tmp_path: Path) -> None:
    assert {key for key, _, _ in load(tmp_path).entries()} == set(KEYS)


def test_reprocheck_toml_sets_every_key(tmp_path: Path) -> None:
    write(
        tmp_path,
        "reprocheck.toml",
        """
select = ["RNG", "DET001"]
extend-select = ["unsorted-directory-listing"]
ignore = ["RNG010"]
pack = "strict"
min-confidence = "high"
fail-on = "never"
exclude = ["old/", "*.bak"]
include = ["generated/"]
rules = ["lint/rules"]
catalog = ["lint/catalog.toml"]
baseline = "baseline.json"
output = ["console", "sarif:out/scan.sarif"]
jobs = 3
cache = false
cache-dir = ".cache"
rule-set = "0.1"
respect-gitignore = false

[per-file-ignores]
"tests/*" = ["RNG", "DET"]

[severity]
RNG004 = "error"

[replay]
in = "venv"
require = "identical"
tolerance = ["metrics.json:loss=rel:1e-6"]
output = ["out/"]
times = 3
""",
    )
    config = load(tmp_path)
    assert config == Config(
        root=tmp_path,
        select=("RNG", "DET001"),
        extend_select=("unsorted-directory-listing",),
        ignore=("RNG010",),
        pack="strict",
        min_confidence=Confidence.HIGH,
        fail_on=FailOn.NEVER,
        exclude=("old/", "*.bak"),
        include=("generated/",),
        rules=(tmp_path / "lint/rules",),
        catalog=(tmp_path / "lint/catalog.toml",),
        baseline=tmp_path / "baseline.json",
        output=(Output("console"), Output("sarif", tmp_path / "out/scan.sarif")),
        jobs=3,
        cache=False,
        cache_dir=tmp_path / ".cache",
        rule_set="0.1",
        respect_gitignore=False,
        per_file_ignores={"tests/*": ("RNG", "DET")},
        severity={"RNG004": Severity.ERROR},
        replay_in=Where.VENV,
        replay_require=Require.IDENTICAL,
        replay_tolerance=("metrics.json:loss=rel:1e-6",),
        replay_output=("out/",),
        replay_times=3,
        origins=config.origins,
    )
    assert {key for key, _, origin in config.entries() if origin.source is Source.PROJECT_FILE} == set(KEYS)


def test_origin_names_file_and_line(tmp_path: Path) -> None:
    path = write(tmp_path, "reprocheck.toml", '# ours\npack = "strict"\n\nselect = [\n  "RNG",\n]\njobs = 1\n')
    config = load(tmp_path)
    assert str(config.origin("pack")) == f"{path}:2"
    assert str(config.origin("jobs")) == f"{path}:7"
    assert str(config.origin("cache")) == "default"


def test_each_place_beats_the_weaker_ones_key_by_key(tmp_path: Path) -> None:
    user = write(
        tmp_path, "home/reprocheck.toml", 'pack = "u"\nrule-set = "u"\njobs = 1\nselect = ["U"]\nignore = ["U"]\n'
    )
    project = tmp_path / "project"
    write(project, "pyproject.toml", '[tool.reprocheck]\npack = "p"\nrule-set = "p"\njobs = 2\nselect = ["P"]\n')
    write(project, "reprocheck.toml", 'pack = "r"\nrule-set = "r"\njobs = 3\n')
    environment = {"REPROCHECK_PACK": "v", "REPROCHECK_RULE_SET": "v"}
    config = load(project, overrides={"pack": "f"}, environment=environment, user_file=user)
    assert (config.pack, config.rule_set, config.jobs, config.select, config.ignore) == ("f", "v", 3, ("P",), ("U",))
    assert [config.origin(key).source for key in ("pack", "rule-set", "jobs", "select", "ignore")] == [
        Source.FLAG,
        Source.VARIABLE,
        Source.PROJECT_FILE,
        Source.PYPROJECT,
        Source.USER_FILE,
    ]
    assert str(config.origin("pack")) == "--pack"
    assert str(config.origin("rule-set")) == "REPROCHECK_RULE_SET"


def test_isolated_looks_at_flags_only(tmp_path: Path) -> None:
    user = write(tmp_path, "home/reprocheck.toml", 'pack = "u"\n')
    write(tmp_path, "reprocheck.toml", "broken =\n")
    environment = {"REPROCHECK_JOBS": "many", "REPROCHECK_PAKC": "x"}
    config = load(tmp_path, overrides={"fail_on": "error"}, environment=environment, user_file=user, isolated=True)
    assert config == Config(root=tmp_path, fail_on=FailOn.ERROR, origins=config.origins)


def test_flag_that_was_not_given_leaves_the_file_alone(tmp_path: Path) -> None:
    write(tmp_path, "reprocheck.toml", 'fail-on = "error"\n')
    assert load(tmp_path, overrides={"fail_on": None}).fail_on is FailOn.ERROR


def test_lists_replace_and_do_not_add_up(tmp_path: Path) -> None:
    write(tmp_path, "reprocheck.toml", 'ignore = ["RNG", "DET"]\n')
    assert load(tmp_path, environment={"REPROCHECK_IGNORE": "ENV"}).ignore == ("ENV",)


def test_settings_of_replays_stand_in_a_table_and_win_key_by_key(tmp_path: Path) -> None:
    path = write(tmp_path, "pyproject.toml", '[tool.reprocheck.replay]\ntimes = 2\nin = "venv"\noutput = ["a"]\n')
    write(tmp_path, "reprocheck.toml", "replay.times = 3\n")
    environment = {"REPROCHECK_REPLAY_OUTPUT": "b"}
    config = load(tmp_path, environment=environment, overrides={"replay.in": "docker"})
    assert (config.replay_times, config.replay_in, config.replay_output) == (3, Where.DOCKER, ("b",))
    assert str(config.origin("replay.in")) == "--in"
    assert str(load(tmp_path).origin("replay.in")) == f"{path}:3"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[replay]\ntolerence = []\n", "2: unknown key of `replay` `tolerence`; did you mean `tolerance`?"),
        ("[replay]\ntimes = 0\n", "2: `replay.times`: expected a whole number from 1 to 10,000, found `0`"),
        ("replay = 1\n", "1: `replay` must be a table"),
        ("[repaly]\ntimes = 2\n", "1: unknown key `repaly`; did you mean `replay`?"),
    ],
)
def test_mistakes_about_replays_are_told_with_their_line(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, "reprocheck.toml", text)
    with pytest.raises(ConfigError) as error:
        load(tmp_path)
    assert str(error.value) == f"{path}:{said}"


def test_variables_are_read_as_text(tmp_path: Path) -> None:
    environment = {
        "REPROCHECK_SELECT": "RNG, DET,",
        "REPROCHECK_CACHE": "Off",
        "REPROCHECK_JOBS": "4",
        "REPROCHECK_MIN_CONFIDENCE": "LOW",
        "REPROCHECK_SEVERITY": '{RNG010 = "note"}',
        "REPROCHECK_OUTPUT": "json:a.json,console",
        "REPROCHECK_CACHE_DIR": "/elsewhere",
        "REPROCHECK_PACK": "  ",
    }
    config = load(tmp_path, environment=environment)
    assert config.select == ("RNG", "DET")
    assert config.cache is False
    assert config.jobs == 4
    assert config.min_confidence is Confidence.LOW
    assert config.severity == {"RNG010": Severity.NOTE}
    assert config.output == (Output("json", Path("a.json")), Output("console"))
    assert config.cache_dir == Path("/elsewhere")
    assert config.origin("pack").source is Source.DEFAULT


def test_repeated_flags_and_commas_both_make_lists(tmp_path: Path) -> None:
    overrides = {"select": ("RNG,DET", "ENV"), "exclude": ("a,b/",), "output": ("json",), "jobs": 2, "cache": False}
    config = load(tmp_path, overrides=overrides)
    assert config.select == ("RNG", "DET", "ENV")
    assert config.exclude == ("a,b/",)
    assert (config.output, config.jobs, config.cache) == ((Output("json"),), 2, False)


def test_paths_start_at_their_file(tmp_path: Path) -> None:
    user = write(tmp_path, "home/reprocheck.toml", 'rules = ["mine"]\n')
    write(tmp_path, "project/pyproject.toml", '[tool.reprocheck]\ncatalog = ["../shared/catalog.toml"]\n')
    config = load(tmp_path / "project", user_file=user, overrides={"baseline": "here.json"})
    assert config.rules == (tmp_path / "home/mine",)
    assert config.catalog == (tmp_path / "project/../shared/catalog.toml",)
    assert config.baseline == Path("here.json")


def test_home_is_spelt_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load(tmp_path, overrides={"cache_dir": "~/cache"}).cache_dir == tmp_path / "cache"


def test_project_without_our_table_in_pyproject_has_no_settings(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", '[project]\nname = "reprocheck-user"\n[tool.other]\npack = "x"\n')
    assert load(tmp_path) == Config(root=tmp_path)


def test_broken_pyproject_that_never_names_us_is_left_to_the_scan(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", "[project\n")
    assert load(tmp_path) == Config(root=tmp_path)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('pack = "a"\nselct = ["RNG"]\n', 2, "unknown key `selct`; did you mean `select`?"),
        ("\n[severty]\nRNG001 = 'note'\n", 2, "unknown key `severty`; did you mean `severity`?"),
        ("zzz = 1\n", 1, "unknown key `zzz`"),
        ('fail_on = "error"\n', 1, "unknown key `fail_on`; did you mean `fail-on`?"),
        ('fail-on = "errors"\n', 1, "`fail-on`: expected one of `error`, `warning`, `note`, `never`, found `errors`"),
        ('fail-on = "Error"\n', 1, "found `Error`"),
        ("select = 'RNG'\n", 1, "`select`: expected a list of texts, found `RNG`"),
        ("# a\nselect = [\n 'RNG',\n 3,\n]\n", 2, "expected a text in the list, found `3`"),
        ("ignore = ['']\n", 1, "a text that isn't empty in the list"),
        ("pack = ''\n", 1, "a text that isn't empty"),
        ("jobs = 0\n", 1, "`auto` or a whole number from 1 to 1024, found `0`"),
        ("jobs = 1025\n", 1, "from 1 to 1024"),
        ("jobs = true\n", 1, "found `true`"),
        ("jobs = '4'\n", 1, "found `4`"),
        ("cache = 'yes'\n", 1, "expected `true` or `false`"),
        ("cache = 1979-05-27\n", 1, "a value of type date"),
        ("cache = [1]\n", 1, "found a list"),
        ("output = [':a.json']\n", 1, "FORMAT or FORMAT:FILE"),
        ("output = ['json:']\n", 1, "FORMAT or FORMAT:FILE"),
        ("severity = 'error'\n", 1, "expected a table such as"),
        ("[severity]\nRNG001 = 'note'\nRNG002 = 'bad'\n", 3, "`severity.RNG002`: expected one of `error`"),
        ("severity = {A = 'note', B = 'bad'}\n", 1, "`severity.B`"),
        ("cache = {}\n", 1, "found a table"),
        ("[per-file-ignores]\n\n'tests/*' = 'RNG'\n", 3, "`per-file-ignores.tests/*`: expected a list"),
        ("pack = \n", 1, "not valid TOML"),
        ('a = 1\npack = """\n', 3, "not valid TOML"),
        ("a = " + "[" * 200_000, 1, "nested too deeply"),
    ],
)
def test_wrong_setting_is_told_with_place(tmp_path: Path, text: str, line: int, says: str) -> None:
    path = write(tmp_path, "reprocheck.toml", text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    assert says in caught.value.message
    if "deeply" not in says:
        assert str(caught.value).startswith(f"{path}:{line}: ")


def test_wrong_setting_in_pyproject_is_told_with_its_line(tmp_path: Path) -> None:
    text = '[project]\npack = 1\n\n[tool.reprocheck]\njobs = 2\n[tool.reprocheck.severity]\n"RNG001" = "bad"\n'
    path = write(tmp_path, "pyproject.toml", text)
    with pytest.raises(ConfigError, match=r"severity\.RNG001") as caught:
        load(tmp_path)
    assert str(caught.value).startswith(f"{path}:7: ")


def test_our_table_in_pyproject_must_be_a_table(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", "[tool]\nreprocheck = 3\n")
    with pytest.raises(ConfigError, match=r"pyproject.toml:2: `tool.reprocheck` must be a table"):
        load(tmp_path)


def test_broken_pyproject_that_names_us_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", "[tool.reprocheck]\npack = \n")
    with pytest.raises(ConfigError, match=r"pyproject.toml:2: not valid TOML"):
        load(tmp_path)


def test_bytes_that_are_not_utf8_are_an_error_with_line(tmp_path: Path) -> None:
    (tmp_path / "reprocheck.toml").write_bytes(b'pack = "a"\n# \xff\n')
    with pytest.raises(ConfigError, match=r"reprocheck.toml:2: not UTF-8"):
        load(tmp_path)


def test_file_beyond_the_bound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "reprocheck.toml").write_bytes(b"#" * (1 << 20) + b"\n")
    with pytest.raises(ConfigError, match="larger than"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("REPROCHECK_JOBS", "many", "REPROCHECK_JOBS: expected `auto`"),
        ("REPROCHECK_JOBS", "9" * 5000, "from 1 to 1024"),
        ("REPROCHECK_CACHE", "maybe", "expected `true` or `false`"),
        ("REPROCHECK_SEVERITY", "RNG010=note", "expected a table such as"),
    ],
)
def test_wrong_variable_is_told_by_name(tmp_path: Path, variable: str, value: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load(tmp_path, environment={variable: value})


def test_wrong_flag_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^--fail-on: expected one of"):
        load(tmp_path, overrides={"fail_on": "sometimes"})


def test_unknown_flag_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean `select`"):
        load(tmp_path, overrides={"selects": "RNG"})


def test_misspelt_variable_is_noticed_and_others_are_not(tmp_path: Path) -> None:
    environment = {"REPROCHECK_PAKC": "strict", "REPROCHECK_STORE_FORMAT": "1", "XREPROCHECK_JOBS": "2"}
    assert load(tmp_path, environment=environment).notices == (
        "`REPROCHECK_PAKC` is not a setting; did you mean `REPROCHECK_PACK`?",
    )


@pytest.mark.parametrize("key", ["cache-dir", "output"])
@pytest.mark.parametrize("place", ["/etc/elsewhere", "../elsewhere", "link/elsewhere"])
def test_project_file_may_not_have_files_written_outside(tmp_path: Path, key: str, place: str) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "link").symlink_to(tmp_path)
    value = f'["json:{place}"]' if key == "output" else f'"{place}"'
    write(project, "reprocheck.toml", f"{key} = {value}\n")
    with pytest.raises(ConfigError, match=f"`{key}`: `{place}` is outside"):
        load(project)


def test_user_file_may_have_files_written_anywhere(tmp_path: Path) -> None:
    user = write(tmp_path, "home/reprocheck.toml", 'cache-dir = "/var/cache/reprocheck"\n')
    assert load(tmp_path, user_file=user).cache_dir == Path("/var/cache/reprocheck")


def test_missing_user_file_is_no_error(tmp_path: Path) -> None:
    assert load(tmp_path, user_file=tmp_path / "absent.toml") == Config(root=tmp_path)
