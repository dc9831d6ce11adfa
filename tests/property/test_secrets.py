"""Whatever a credential looks like and wherever it is planted, it does not come out of the cleaning."""

from __future__ import annotations

import json
import shlex
import string

from hypothesis import given
from hypothesis import strategies as st

from reprocheck.capture.secrets import Secrets

_VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=6, max_size=30).filter(
    lambda value: value.strip() == value and len(set(value)) > 3
)
_PLAIN_VALUES = st.text(string.ascii_letters + string.digits, min_size=12, max_size=40).filter(
    lambda value: any(character.isdigit() for character in value)
)
_NAMES = st.sampled_from(
    ["HF_TOKEN", "WANDB_API_KEY", "db_password", "client-secret", "AWS_SECRET_ACCESS_KEY", "auth_token"]
)
_TEXTS = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=30)


@given(_NAMES, _VALUES, _TEXTS, _TEXTS)
def test_the_value_of_a_telling_variable_is_found_everywhere(name: str, value: str, before: str, after: str) -> None:
    secrets = Secrets({name: value})
    for text in (f"{before}{value}{after}", json.dumps({"x": f"{before}{value}{after}"}), shlex.join([before, value])):
        assert value not in secrets.clean(text)
    assert value not in str(secrets.clean_value({"a": [before, {"b": value + after}]}))


@given(
    _NAMES,
    _PLAIN_VALUES,
    st.sampled_from(["{0}={1}", "{0}: {1}", '{0} = "{1}"', "'{0}': '{1}'", "+  {0}='{1}'", "--{0}={1}"]),
)
def test_what_stands_behind_a_telling_name_is_taken_out(name: str, value: str, form: str) -> None:
    assert value not in Secrets({}).clean(form.format(name, value))


@given(_PLAIN_VALUES, st.sampled_from(["https", "http", "postgresql", "s3", "redis", "git+https"]), _PLAIN_VALUES)
def test_what_stands_before_a_host_is_taken_out(value: str, scheme: str, user: str) -> None:
    for text in (f"{scheme}://{user}:{value}@host/x", f"{scheme}://{value}@host/x"):
        assert value not in Secrets({}).clean(f"see {text} there")


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    secrets = Secrets({"DB_PASSWORD": "hunter22"})
    once = secrets.clean(text)
    assert secrets.clean(once) == once


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(_JSON)
def test_cleaned_values_can_be_written(value: object) -> None:
    json.dumps(Secrets({}).clean_value(value), ensure_ascii=False).encode("utf-8")


@given(st.binary(max_size=300))
def test_bytes_without_anything_telling_are_left_alone(data: bytes) -> None:
    cleaned = Secrets({}).clean_bytes(data)
    assert cleaned == data or b"<redacted>" in cleaned
