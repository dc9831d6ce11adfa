"""Which seed a fix writes: the one that the code at hand knows, else zero."""

import ast

from reprocheck.rulekit import Kind, Module, Scope

DEFAULT = "0"
"""What is written where the code has no seed of its own: any number does."""
_NAMES = ("seed", "SEED", "random_state", "RANDOM_STATE", "random_seed", "RANDOM_SEED", "manual_seed", "rng_seed")


def seed_for(module: Module, scope: Scope, order: int) -> str:
    """Source of the seed at a place: a parameter or a constant that is called one, bound by then."""
    for name in _NAMES:
        bindings = scope.lookup(name) or ()
        if len(bindings) == 1:
            binding = bindings[0]
            if binding.kind is Kind.PARAMETER and _never_none(binding.value):
                return name
            is_number = isinstance(binding.value, ast.Constant) and type(binding.value.value) is int
            elsewhere = binding.scope is module.file.module and scope.kind != "module"
            settled = binding.kind is Kind.ASSIGN and is_number and binding.branch is None
            if settled and (elsewhere or binding.order < order):
                return name
    return DEFAULT


def _never_none(default: ast.expr | None) -> bool:
    return not (isinstance(default, ast.Constant) and default.value is None)
