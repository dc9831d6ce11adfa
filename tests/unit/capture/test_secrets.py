"""Credentials are taken out; what only resembles one stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.capture.secrets import REDACTED, Secrets, is_credential_file, is_secret_name

_NOTHING = Secrets({})


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("https://t0kenabc@github.com/a/b", "t0kenabc"),
        ("https://me:p%40ss@host/x", "p%40ss"),
        ("postgresql+psycopg://me:open_it@db:5432/x", "open_it"),
        ("https://bucket/a?X-Amz-Signature=0f0f&b=1", "0f0f"),
        ("https://blob/a?sv=2020&sig=abc%3D", "abc%3D"),
        ("Authorization: Bearer abcdefghijkl", "abcdefghijkl"),
        ("-H 'authorization: Basic dXNlcjpwYXNz'", "dXNlcjpwYXNz"),
        ("requests.get(u, headers={'Authorization': 'token abcdefgh'})", "abcdefgh"),
        ("use Bearer 0a1b2c3d4e5f to ask", "0a1b2c3d4e5f"),
        ("password = 'open it'", "open it"),
        ('{"api_key": "abc123def"}', "abc123def"),
        ("secret_key: 12ab34cd", "12ab34cd"),
        ("+export HF_TOKEN=hf_abcdefghijklmnopqrst", "abcdefghijklmnopqrst"),
        ("-DB_PASSWORD=correcthorsebattery", "correcthorsebattery"),
        ("login('ghp_0123456789abcdefghij')", "0123456789abcdefghij"),
        ("AKIAIOSFODNN7ABCDEFG", "IOSFODNN7"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEabc\nMIIEdef\n-----END PRIVATE KEY-----", "MIIEdef"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-def_123", "eyJzdWIiOiIxMjM0In0"),
    ],
)
def test_what_opens_something_is_taken_out(text: str, secret: str) -> None:
    cleaned = _NOTHING.clean(text)
    assert secret not in cleaned
    assert REDACTED in cleaned


@pytest.mark.parametrize(
    "text",
    [
        "git@github.com:a/b.git",
        'names = ["token", "length"]',
        "a basic distribution, a token representing a pool",
        "ssh://git@github.com/a/b",
        "https://github.com/a/b",
        "max_tokens=1000000",
        "pad_token_id=50256123",
        "token = tokenizer.encode2(x)",
        "tokenizer = AutoTokenizer.from_pretrained('bert-base')",
        "author = 'Jane Doe 99'",
        "sorted(x, key=lambda y: y)",
        "data/auth/users.csv",
        "learning_rate=0.001",
        "",
    ],
)
def test_what_only_resembles_one_stays(text: str) -> None:
    assert _NOTHING.clean(text) == text


def test_values_behind_telling_names_are_found_everywhere() -> None:
    secrets = Secrets(
        {"SERVICE_PASSWORD": "plainword", "HOME": "/home/me"}, ["--api-key", "anotherword", "--lr", "0.1"]
    )
    assert secrets.clean("x plainword y anotherword z /home/me") == f"x {REDACTED} y {REDACTED} z /home/me"


def test_values_of_env_files_are_found_everywhere(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("export DB_PASSWORD='horsestaple'\nDATA=/data/set\nURL=https://u:innerword@h/\n")
    secrets = Secrets({}, folders=[tmp_path])
    assert secrets.clean("horsestaple innerword /data/set") == f"{REDACTED} {REDACTED} /data/set"


def test_short_values_do_not_blot_out_innocent_text() -> None:
    assert Secrets({"TOKEN": "1"}).clean("step 1 of 10") == "step 1 of 10"


def test_a_command_line_keeps_its_form() -> None:
    line = [
        "python",
        "t.py",
        "--password",
        "x",
        "--api-key=q",
        "wandb.api_key=zz",
        "--tokenizer",
        "bert",
        "--token",
        "-v",
    ]
    assert _NOTHING.clean_arguments(line) == (
        "python",
        "t.py",
        "--password",
        REDACTED,
        f"--api-key={REDACTED}",
        f"wandb.api_key={REDACTED}",
        "--tokenizer",
        "bert",
        "--token",
        "-v",
    )


def test_values_are_cleaned_through_and_through() -> None:
    value = {"variables": {"MY_SECRET": "abcdefgh", "TZ": "UTC"}, "list": ["https://a:bcdefg@h", 1, None, "\udcff"]}
    assert _NOTHING.clean_value(value) == {
        "variables": {"MY_SECRET": REDACTED, "TZ": "UTC"},
        "list": [f"https://{REDACTED}@h", 1, None, "\\xff"],
    }


def test_bytes_that_are_no_text_survive() -> None:
    data = bytes(range(256))
    assert _NOTHING.clean_bytes(data) == data
    assert b"open_it_now" not in _NOTHING.clean_bytes(b"\xff\xfe API_KEY='open_it_now' \xff")


@pytest.mark.parametrize(
    "name", ["HF_TOKEN", "apiKey", "wandb.api_key", "AWS_SECRET_ACCESS_KEY", "db-password", "SENTRY_DSN"]
)
def test_telling_names(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["PWD", "TOKENIZERS_PARALLELISM", "max_tokens", "pad_token_id", "author", "keyboard", "SSH_AUTH_SOCK"]
)
def test_names_that_tell_nothing(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "path",
    ["a/.env", ".env.local", "prod.env", "x/id_rsa", "k.pem", ".netrc", "gcp-service-account.json", "kaggle.json"],
)
def test_files_with_credentials_are_known_by_name(path: str) -> None:
    assert is_credential_file(path)


def test_other_files_are_not_taken_for_them() -> None:
    assert not any(map(is_credential_file, ["train.py", "environment.yml", "data/keys.csv", "tokenizer.json"]))


def test_a_value_named_by_its_neighbour_is_taken_out() -> None:
    value = {"name": "HF_TOKEN", "value": "x1", "arguments": ["a", "--password", "y2"]}
    assert _NOTHING.clean_value(value) == {
        "name": "HF_TOKEN",
        "value": REDACTED,
        "arguments": ["a", "--password", REDACTED],
    }


def test_known_values_are_found_in_json_and_in_addresses() -> None:
    secrets = Secrets({"DB_PASSWORD": 'pä"ss/wörd'})
    for form in (r'{"x":"p\u00e4\"ss/w\u00f6rd"}', r'{"x":"pä\"ss/wörd"}', "http://h/p%C3%A4%22ss%2Fw%C3%B6rd"):
        assert REDACTED in secrets.clean(form), form


def test_long_texts_are_cleaned_as_short_ones_are() -> None:
    filling = "x = 1  # nothing to see\n" * 5000
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\nMIIEdef\n-----END RSA PRIVATE KEY-----\n"
    secrets = Secrets({"DB_PASSWORD": "plainword"})
    text = f"{filling}+api_key = 'abc123def'\n{key}{filling}y plainword\r\nlast"
    cleaned = secrets.clean_bytes(text.encode()).decode()
    assert not any(secret in cleaned for secret in ("abc123def", "MIIEabc", "MIIEdef", "plainword"))
    assert cleaned.startswith(filling)
    assert cleaned.endswith(f"{filling}y {REDACTED}\r\nlast")
    assert secrets.clean_bytes(filling.encode()) == filling.encode()
