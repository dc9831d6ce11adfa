"""A draw from NumPy's global random state, which every library in the process shares.

## Why
`np.random.*` draws from one hidden state. Any library that draws from it too, another order of calls, or a thread moves
the numbers of everything behind, even where the state is seeded.

## Fix
Make one generator from a recorded seed and hand it to whatever draws:

    rng = np.random.default_rng(seed)
    order = rng.permutation(len(rows))

## Notes
A note, off by default: whether a seed is missing at all is what *unseeded-entry-point* looks at. Draws from a
`Generator` or `RandomState` of the program's own are fine, and so is test code.
"""

from collections.abc import Iterator

from reprocheck.rulekit import (
    AddImport,
    Call,
    Edit,
    Fix,
    InsertStatements,
    Match,
    ReplaceExpression,
    Rule,
    Safety,
    Severity,
    Where,
)
from reprocheck_rules.randomness.seed_values import DEFAULT

rule = Rule("RNG010", "numpy-global-random", __doc__, severity=Severity.NOTE)
_PREFIX = "numpy.random."
_RENAMED = {
    "rand": "random",
    "random_sample": "random",
    "ranf": "random",
    "sample": "random",
    "randn": "standard_normal",
    "randint": "integers",
    "random_integers": "integers",
}
"""What a `Generator` calls them."""


@rule.on_call("numpy.random.*")
def check(call: Call) -> Iterator[Match]:
    """Draws from the global state."""
    entry = call.entry
    name = call.name.removeprefix(_PREFIX)
    if entry is None or "draw" not in entry.roles or entry.family != "numpy" or "." in name or call.module.is_test:
        return
    yield call.match(
        f"`np.random.{name}` draws from NumPy's global state; draw from a generator of your own: "
        f"`rng.{_RENAMED.get(name, name)}(...)`",
        fix=_fix(call, name),
    )


_SAME = frozenset(
    [
        "beta", "binomial", "bytes", "chisquare", "choice", "dirichlet", "exponential", "gamma", "geometric", "gumbel",
        "laplace", "logistic", "lognormal", "multinomial", "multivariate_normal", "normal", "pareto", "permutation",
        "poisson", "power", "rayleigh", "shuffle", "standard_exponential", "standard_normal", "triangular", "uniform",
        "vonmises", "weibull", "randint", "random", "random_sample", "ranf", "sample",
    ]
)  # fmt: skip
"""Functions that take the same arguments as the method of a `Generator`."""
_SHAPES = frozenset({"rand", "randn"})
"""Functions that take each length of the shape as an argument of its own."""


def _fix(call: Call, name: str) -> Fix | None:
    """A generator of the module's own; not where the module seeds the global state, which the numbers came from."""
    module = call.module
    if any("numpy" in seeder.entry.families for seeder in module.calls_with_role("seeder") if seeder.entry is not None):
        return None
    if module.notebook or any("rng" in scope.bindings for scope in module.file.scopes):
        return None
    function = ReplaceExpression(module.span(call.node.func), f"rng.{_RENAMED.get(name, name)}")
    edits: list[Edit] = [
        AddImport("numpy", alias="np"),
        InsertStatements(module.span(call.node), Where.MODULE_TOP, f"rng = np.random.default_rng({DEFAULT})"),
    ]
    if name in _SAME:
        edits.append(function)
    elif name in _SHAPES and not call.open_ended and not call.node.keywords:
        lengths = ", ".join(module.source.slice(module.span(length)) for length in call.node.args)
        several = len(call.node.args) > 1
        shape = f"({lengths})" if several else lengths
        text = f"rng.{_RENAMED[name]}({shape})"
        edits.append(ReplaceExpression(module.span(call.node), text))
    else:
        return None
    return Fix("draw from a generator of the module's own", Safety.UNSAFE, tuple(edits))


rule.flags(
    """
    import numpy as np
    import numpy.random as npr
    from numpy import random
    from numpy.random import permutation

    np.random.seed(0)
    order = np.random.permutation(100)  # expect: RNG010
    noise = np.random.randn(3, 4)  # expect: RNG010
    picked = npr.choice(order, 10)  # expect: RNG010
    shift = random.uniform(-1, 1)  # expect: RNG010
    second = permutation(10)  # expect: RNG010

    def augment(image):
        if np.random.rand() < 0.5:  # expect: RNG010
            return image[::-1]
        return image

    class Sampler:
        def __init__(self, rows):
            np.random.shuffle(rows)  # expect: RNG010
    """,
    title="Draws from the hidden state",
)
rule.flags(
    """
    import numpy as np

    order = np.random.permutation(100)  # expect: RNG010
    noise = np.random.randn(3, 4)  # expect: RNG010

    def augment(image):
        if np.random.rand() < 0.5:  # expect: RNG010
            return image + np.random.normal(0, 1, image.shape)  # expect: RNG010
        return image
    """,
    title="A module that nothing seeds",
    fixed="""
    import numpy as np

    rng = np.random.default_rng(0)

    order = rng.permutation(100)
    noise = rng.standard_normal((3, 4))

    def augment(image):
        if rng.random() < 0.5:
            return image + rng.normal(0, 1, image.shape)
        return image
    """,
)
rule.allows(
    """
    import random
    import numpy as np
    import torch
    from numpy.random import RandomState, default_rng

    rng = np.random.default_rng(3)
    order = rng.permutation(100)
    state = RandomState(3)
    noise = state.randn(3, 4)
    default_rng(1).normal()
    np.random.seed(3)
    torch.randn(3)
    random.shuffle(rows)
    saved = np.random.get_state()

    class Sampler:
        def __init__(self, seed):
            self.rng = np.random.RandomState(seed)

        def draw(self):
            return self.rng.choice(10)
    """,
    title="Generators of the program's own",
)
rule.allows(
    {
        "tests/test_model.py": """
        import numpy as np

        def test_shape():
            assert model(np.random.rand(3, 4)).shape == (3, 1)
        """
    },
    title="Test code",
)
