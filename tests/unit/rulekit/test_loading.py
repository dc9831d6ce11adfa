"""Where rules, catalog and packs come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.model.rule_info import FAMILIES
from reprocheck.rulekit.loading import CatalogError, KnowledgeSources, RuleError, load_knowledge

RULE = 'code = "ACME001"\nname = "a-thing"\nsummary = "A thing."\n[[match]]\ncall = "os.remove"\n'


def load(*rules: Path, catalog: tuple[Path, ...] = ()) -> tuple[set[str], str]:
    knowledge = load_knowledge(KnowledgeSources(tuple(map(str, rules)), tuple(map(str, catalog))))
    return set(knowledge.rules), knowledge.digest


def test_installed_rules_have_known_families_and_packs() -> None:
    knowledge = load_knowledge(KnowledgeSources())
    assert {rule.info.family for rule in knowledge.rules.values()} <= set(FAMILIES)
    assert set(knowledge.packs) >= {"default", "strict"}
    assert all(code == rule.code for code, rule in knowledge.rules.items())


def test_digest_changes_with_everything_that_was_read(tmp_path: Path) -> None:
    rule, catalog = tmp_path / "rule.toml", tmp_path / "catalog.toml"
    rule.write_text(RULE, "utf-8")
    catalog.write_text('["lib.f"]\nroles = ["reads"]\n', "utf-8")
    codes, first = load(rule, catalog=(catalog,))
    assert "ACME001" in codes
    assert load(rule, catalog=(catalog,))[1] == first
    rule.write_text(RULE + "# changed\n", "utf-8")
    second = load(rule, catalog=(catalog,))[1]
    catalog.write_text('["lib.g"]\nroles = ["reads"]\n', "utf-8")
    assert len({first, second, load(rule, catalog=(catalog,))[1], load()[1]}) == 4


def test_folder_of_rules_is_read_in_order_and_without_other_files(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text(RULE.replace("ACME001", "ACME002"), "utf-8")
    (tmp_path / "a.toml").write_text(RULE, "utf-8")
    (tmp_path / "c.py").write_text("raise SystemExit", "utf-8")
    (tmp_path / "README.md").write_text("not a rule", "utf-8")
    assert {"ACME001", "ACME002"} <= load(tmp_path)[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RULE.replace("ACME001", "RNG901"), "is reprocheck's own"),
        (b"\xff", "cannot be read"),
    ],
)
def test_file_that_cannot_be_a_rule_is_named(tmp_path: Path, text: str | bytes, message: str) -> None:
    path = tmp_path / "rule.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RuleError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_same_code_twice_is_refused(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(RULE, "utf-8")
    with pytest.raises(RuleError, match="defined twice"):
        load(tmp_path)


def test_bad_catalog_is_named(tmp_path: Path) -> None:
    path = tmp_path / "catalog.toml"
    path.write_text('["lib.f"]\nrols = []\n', "utf-8")
    with pytest.raises(CatalogError, match="rols"):
        load(catalog=(path,))
