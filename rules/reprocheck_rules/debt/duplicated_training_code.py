"""Training scripts are copies of one another with a few lines changed.

## Why
A repair in one copy doesn't reach the others: the seed that is set in one, the fixed metric, the new library version.
Results of the copies are compared with each other although their loops have drifted apart.

## Fix
Put the loop into one function, and what differs (model, data, settings) into its arguments, a configuration or a
registry. Where single files are wanted on purpose, generate them, or test that their common part stays equal.

## Notes
Compared are the calls of training programs in their order, with the names of their arguments, not the text: renamed
variables don't hide a copy. The message says how much of the smaller script stands in the other. Scripts of fewer than
forty calls, notebooks, tests and programs in folders called `examples` are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Project, Rule, Span
from reprocheck.rulekit.facts import Call
from reprocheck_rules.practice.observed import training_scripts

rule = Rule("DBT006", "duplicated-training-code", __doc__, confidence="medium")

_LEAST = 40
"""Calls from which a script says enough about itself."""
_WINDOW = 4
"""Calls in a row that must agree."""
_SHARE = 0.65
_MOST = 400
"""Scripts of one project that are compared at most."""
_SHOWN = 6
_WHOLE = Span(1, 1, 1, 1)
_SKIPPED = re.compile(
    r"(^|/)(tests?|testing|docs?|examples?|tutorials?|third_party|vendor|external|legacy|archive|old|starters?|solutions?|exercises?)/"
)
_SAME_EVERYWHERE = re.compile(r"\.add_argument$|^argparse\.|\.append$|\.format$|\.join$")


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Groups of training programs that resemble one another."""
    yield from project.of_project(_copies)


def _copies(project: Project) -> Iterator[Match]:
    windows: dict[str, frozenset[tuple[str, ...]]] = {}
    for path in project.value_of(scripts):
        calls = project.value_of(calls_of, path)
        if len(calls) >= _LEAST:
            windows[path] = frozenset(calls[i : i + _WINDOW] for i in range(len(calls) - _WINDOW + 1))
    for group in _groups(windows):
        yield _match(project, group, windows)


def scripts(project: Project) -> tuple[str, ...]:
    """Training programs that are compared."""
    paths = sorted({entry.path for entry in training_scripts(project)})[:_MOST]
    return tuple(path for path in paths if not _SKIPPED.search(path))


def calls_of(project: Project, path: str) -> tuple[str, ...]:
    """Calls of a module, see `_calls`."""
    return project.of_file(_calls, path)


def _calls(project: Project, path: str) -> Iterator[str]:
    """Calls of a module in order, each with the names of its arguments; names of its own without their first part."""
    for function in project.index.files[path].functions:
        for event in function.events:
            if isinstance(event, Call) and not _SAME_EVERYWHERE.search(event.callee):
                names = ",".join(sorted(argument.name for argument in event.arguments if argument.name))
                yield f"{event.callee.rpartition('.')[2]}({len(event.arguments)}:{names})"


def _groups(windows: dict[str, frozenset[tuple[str, ...]]]) -> list[list[str]]:
    """Scripts joined by enough that they have in common, the largest group first."""
    leader: dict[str, str] = {path: path for path in windows}

    def find(path: str) -> str:
        while leader[path] != path:
            path = leader[path]
        return path

    paths = sorted(windows)
    for position, one in enumerate(paths):
        for other in paths[position + 1 :]:
            if find(one) != find(other) and _share(windows[one], windows[other]) >= _SHARE:
                leader[find(other)] = find(one)
    groups: dict[str, list[str]] = {}
    for path in paths:
        groups.setdefault(find(path), []).append(path)
    return sorted((group for group in groups.values() if len(group) > 1), key=lambda group: (-len(group), group))


def _share(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """How much of the smaller stands in the other; nothing where one is more than three times as long."""
    small, large = sorted((one, other), key=len)
    return len(small & large) / len(small) if len(large) <= 3 * len(small) else 0.0


def _match(project: Project, group: list[str], windows: dict[str, frozenset[tuple[str, ...]]]) -> Match:
    second = group[1]
    shares = {path: _share(windows[second], windows[path]) for path in group if path != second}
    first = max(shares, key=lambda path: (shares[path], path))
    share = shares[first]
    rest = len(group) - 2
    more = f" and {rest} more training script{'s' * (rest > 1)}" if rest else ""
    message = f"{share:.0%} of this training code stands in `{first}`{more} too: a repair must be made in each copy"
    trail = [
        project.note(path, _WHOLE, f"a copy, {shares[path]:.0%} alike")
        for path in sorted(shares, key=lambda path: (-shares[path], path))
    ]
    return project.match(second, _WHOLE, message, confidence=Confidence.MEDIUM, trail=trail[:_SHOWN])


_HEAD = """import argparse
import random
{extra}
import numpy as np
import torch
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import datasets, transforms


def evaluate({model}, loader, device):
    {model}.eval()
    correct = 0
    with torch.no_grad():
        for x, y in loader:
            x, y = x.to(device), y.to(device)
            correct += {model}(x).argmax(dim=1).eq(y).sum().item()
    return correct / len(loader.dataset)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    args = parser.parse_args()
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    device = torch.device("cpu")
    transform = transforms.Compose([transforms.RandomCrop(32, padding=4), transforms.ToTensor()])
    train = datasets.{data}("data", train=True, transform=transform)
    test = datasets.{data}("data", train=False, transform=transforms.ToTensor())
    train_loader = DataLoader(train, batch_size=64, shuffle=True)
    test_loader = DataLoader(test, batch_size=64)
    {model} = nn.Sequential(nn.Flatten(), nn.Linear({size}, 128), nn.ReLU(), nn.Dropout(0.1), nn.Linear(128, 10))
    {model}.to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.SGD({model}.parameters(), lr=args.lr, momentum=0.9)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
    for epoch in range(10):
        {model}.train()
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = criterion({model}(x), y)
            loss.backward()
            torch.nn.utils.clip_grad_norm_({model}.parameters(), 1.0)
            optimizer.step()
        scheduler.step()
        print(epoch, evaluate({model}, test_loader, device))
    torch.save({model}.state_dict(), "{data}.pt")


if __name__ == "__main__":
    main()
"""
_FIRST = _HEAD.format(model="model", data="MNIST", size=784, extra="")
_COPY = _HEAD.format(model="net", data="CIFAR10", size=3072, extra="import os")
_OTHER = """
import jax
import optax

def loss(params, x):
    return (params * x).sum()

params = jax.numpy.ones(3)
optimizer = optax.adam(0.1)
state = optimizer.init(params)
gradients = jax.grad(loss)(params, 1.0)
updates, state = optimizer.update(gradients, state)
"""


_MARK = "import argparse  # expect: DBT006"
_MARKED = _COPY.replace("import argparse", _MARK)


def _with_more(text: str) -> str:
    """The same with some more lines at its end."""
    return text.replace("scheduler.step()", "scheduler.step()\n        torch.save(optimizer.state_dict(), 'o.pt')")


rule.flags({"train_cifar.py": _FIRST, "train_mnist.py": _MARKED}, title="Renamed variables, another data set")
rule.flags({"a/train.py": _FIRST, "b/train.py": _MARKED}, title="In two folders")
rule.flags({"train.py": _FIRST, "train_long.py": _with_more(_MARKED)}, title="With an addition")
rule.flags(
    {"train1.py": _FIRST, "train2.py": _MARKED, "train3.py": _with_more(_COPY)}, title="Three copies are one finding"
)
rule.flags({"train.py": _FIRST, "train_v2.py": _FIRST.replace("import argparse", _MARK)}, title="A version")
rule.flags(
    {"fit.py": _FIRST, "fit_other.py": _MARKED.replace("momentum=0.9", "momentum=0.8"), "jaxed.py": _OTHER},
    title="Other numbers",
)
rule.allows({"train.py": _FIRST, "train_jax.py": _OTHER}, title="Other code")
rule.allows({"train.py": _FIRST, "tests/train.py": _COPY}, title="A copy for tests")
rule.allows({"train.py": _FIRST, "examples/train.py": _COPY}, title="An example")
rule.allows(
    {
        "loop.py": _FIRST.replace("def main():", "def train():").partition("if __name__")[0],
        "train_a.py": "from loop import train\n\ntrain()\n",
        "train_b.py": "from loop import train\n\ntrain()\n",
    },
    title="One loop, two programs",
)
rule.allows({"a.py": _OTHER, "b.py": _OTHER}, title="Too short to say")
rule.allows({"train.py": _FIRST, "serve.py": "import flask\n\napp = flask.Flask('x')\napp.run()\n"}, title="No copy")
