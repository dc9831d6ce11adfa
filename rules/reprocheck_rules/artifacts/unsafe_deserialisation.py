"""Loading a file in a format that can run code while it is read.

## Why
A pickle is a program: whoever can replace the file decides what runs on your machine.

## Fix
Load weights with `torch.load(path, weights_only=True)` or from safetensors.
"""

from collections.abc import Iterator

from reprocheck.rulekit import Call, Match, Rule

rule = Rule("ART003", "unsafe-deserialisation", __doc__)


@rule.on_call("pickle.load", "pickle.loads")
def check(call: Call) -> Iterator[Match]:
    """Every load."""
    yield call.match("`pickle.load` runs whatever code the file holds")


rule.flags(
    """
    import pickle
    model = pickle.load(open("model.pkl", "rb"))
    """
)
rule.allows(
    """
    import json
    model = json.load(open("model.json"))
    """
)
