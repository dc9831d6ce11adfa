"""A program seeds a random family after it has drawn from it.

## Why
What was drawn before (initial weights, a shuffled list, a split) is different in each run, although a seed is set.

## Fix
Seed first thing in the program, before the model is built and the data is read.

## Notes
The order is that of execution, followed from the start of the program through calls and imports. A `Trainer` of
transformers or trl seeds when it is made: adapters, heads and divisions of data before it are not covered. Weights that
are replaced by those of a file where the model is built are not looked at. In notebooks, what is drawn to be looked at,
and models that are built again behind the seed, give low confidence.
"""

import re
from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Fix, Match, MoveStatements, Project, Rule, Safety, Span, Where
from reprocheck.rulekit.execution import Happening, Run
from reprocheck.rulekit.facts import Call, Import
from reprocheck_rules.randomness.notebook_draws import SHOWS, lasting
from reprocheck_rules.randomness.seeding import (
    FAMILIES,
    Seeding,
    confidence_of,
    kind_of_draw,
    place_in_entry,
    seedings,
    story,
)

rule = Rule("RNG003", "seed-after-use", __doc__)
_LATER = frozenset({"loader", "augmentation", "dropout", "index-sampler"})
"""Roles of what draws when it is used, not when it is built."""
_RESETS = re.compile(r"[.](reset|re_?init|reinitiali[sz]e|init|initiali[sz]e)_(parameters?|weights?|params)$")
"""Methods of models that draw all of their weights again."""
_FITTED = frozenset({"estimator", "splitter", "sampler", "cross-validation"})
_FIXED = re.compile(r"[.](zero_|fill_|zeros_|ones_|constant_)$")
_TRAINED = frozenset({"weights", "pretrained", "checkpoint"})
"""Arguments that give a model weights of another training."""
_LOADS = r"\(\)(?:\.(?:to|cuda|cpu|half|float|double|eval|train)\(\))*\.load_state_dict"
"""What follows the name of a class where an object of it takes the weights of a file."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Families whose first draw comes before their first seeder."""
    yield from project.of_runs(_of_run)


def _of_run(project: Project, run: Run) -> Iterator[Match]:
    for seeding in seedings(project, run).values():
        seed = next((pair for pair in seeding.seeds if not pair[1].entry.seed_argument.endswith("state")), None)
        early = _early(seeding, seed[0]) if seed is not None and seed[1].certain else []
        if seed is not None and early and (_makes_model(seed[1]) or _initialised_again(project, run, seed[1])):
            early = [pair for pair in early if "initialises" not in pair[1].entry.roles]
        early = [pair for pair in early if not (_set_by_hand(project, pair[1]) or _loaded_over(project, pair[1]))]
        if seed is not None and early:
            kept = lasting(project, run, early, seed[0])
            yield _match(project, run, seeding.family, kept or early, seed[1], certain=bool(kept))


def _early(seeding: Seeding, first_seed: int) -> list[tuple[int, Happening]]:
    """Certain draws before the first seeder; what is only built there draws later, when it is used."""
    return [
        (position, draw)
        for position, draw in seeding.draws
        if position < first_seed
        and draw.certain
        and not draw.callback
        and draw.entry.roles.isdisjoint(_LATER)
        and not _takes_weights(draw)
        and not _draws_later(draw)
        and not any(SHOWS.search(hop.name) for hop in draw.hops)
    ]


def _draws_later(draw: Happening) -> bool:
    """Whether an object of scikit-learn's kind is only built here, which draws when it is fitted or split with."""
    return not draw.entry.roles.isdisjoint(_FITTED) and draw.name.rpartition(".")[2][:1].isupper()


def _takes_weights(draw: Happening) -> bool:
    """Whether a model gets weights that were trained before, so that those it draws are thrown away."""
    return "initialises" in draw.entry.roles and any(
        argument.name in _TRAINED and (argument.value is None or argument.value.value not in {None, False})
        for argument in draw.call.arguments
    )


def _set_by_hand(project: Project, draw: Happening) -> bool:
    """Whether the function that builds a layer gives fixed values to as many weights as it draws."""
    if "initialises" not in draw.entry.roles:
        return False
    for function in project.index.files[draw.path].functions:
        if any(event is draw.call for event in function.events):
            calls = [event for event in function.events if isinstance(event, Call)]
            fixed = sum(_FIXED.search(call.callee) is not None for call in calls)
            return fixed >= sum(call.callee == draw.call.callee for call in calls)
    return False


def _loaded_over(project: Project, draw: Happening) -> bool:
    """Whether a model gets all weights of a file where it is built, so that those it draws are thrown away."""
    if "initialises" not in draw.entry.roles:
        return False
    ways = [*((hop.path, hop.span) for hop in draw.hops), (draw.path, draw.call.span)]
    return any(_is_loaded(project, path, span) for path, span in ways)


def _is_loaded(project: Project, path: str, span: Span) -> bool:
    """Whether the function that makes a call gives each object which calls like it make weights, on the same branch."""
    for function in project.index.files[path].functions:
        calls = [event for event in function.events if isinstance(event, Call)]
        built = next((call for call in calls if call.span == span), None)
        if built is not None:
            loads = re.compile(re.escape(built.callee) + _LOADS)
            branch = (built.guard, built.side)
            loaded = [call for call in calls if (call.guard, call.side) == branch and loads.fullmatch(call.callee)]
            whole = [call for call in loaded if not any(argument.name == "strict" for argument in call.arguments)]
            return 0 < sum(call.callee == built.callee for call in calls) <= len(whole)
    return False


def _makes_model(seed: Happening) -> bool:
    """Whether a trainer that seeds builds its model itself, behind the seed: `Trainer(model_init=build)`."""
    return "seeds-by-default" in seed.entry.roles and any(
        argument.name == "model_init" and (argument.value is None or argument.value.value is not None)
        for argument in seed.call.arguments
    )


def _initialised_again(project: Project, run: Run, seed: Happening) -> bool:
    """Whether the program draws the weights of a model anew behind the seeder, as before each of several runs."""
    line = place_in_entry(run, seed).line
    facts = project.index.files.get(run.entry.path)
    return facts is not None and any(
        isinstance(event, Call) and event.span.line > line and _RESETS.search(event.callee)
        for function in facts.functions
        if not function.method
        for event in function.events
    )


def _match(
    project: Project, run: Run, family: str, early: list[tuple[int, Happening]], seed: Happening, *, certain: bool
) -> Match:
    draw = early[0][1]
    what = kind_of_draw(draw)
    trainer = "seeds-by-default" in seed.entry.roles
    confidence = confidence_of(run, Seeding(family, early)) if certain else Confidence.LOW
    if confidence is Confidence.HIGH and all(pair[1].name.endswith(".from_pretrained") for pair in early):
        confidence = Confidence.MEDIUM  # the checkpoint may have the head
    order = f"before `{seed.name.rpartition('.')[2]}` seeds {FAMILIES[family]} itself; call `set_seed` first"
    return project.match(
        run.entry.path,
        place_in_entry(run, draw),
        f"{what} {order if trainer else f'before {FAMILIES[family]} is seeded; seed first'}",
        confidence=confidence,
        trail=[*story(project, run, draw, what), project.note(seed.path, seed.call.span, "seeded only here")],
        fix=None if trainer else _seeded_first(project, draw, seed),
    )


def _seeded_first(project: Project, draw: Happening, seed: Happening) -> Fix | None:
    """The seed moved to before the draw, where one function does both, itself or by what it calls."""
    ways = [[*((hop.path, hop.span) for hop in way.hops), (way.path, way.call.span)] for way in (draw, seed)]
    for (path, to), (seeding, span) in zip(*ways, strict=False):
        if (path, to) == (seeding, span):
            continue
        imports = project.index.files[path].functions[0].events
        if path != seeding or any(isinstance(event, Import) and event.span == to for event in imports):
            return None
        edit = MoveStatements(span, to, Where.BEFORE, path)
        return Fix("seed before anything is drawn", Safety.UNSAFE, (edit,))
    return None


rule.flags(
    """
    import torch

    net = torch.nn.Linear(4, 1)  # expect: RNG003
    torch.manual_seed(0)
    for x, y in data():
        torch.nn.functional.mse_loss(net(x), y).backward()
    """,
    title="Built, then seeded",
    fixed={
        "example.py": """
        import torch

        torch.manual_seed(0)
        net = torch.nn.Linear(4, 1)
        for x, y in data():
            torch.nn.functional.mse_loss(net(x), y).backward()
        """,
    },
)
rule.flags(
    {
        "train.py": """
        import random
        from data import rows
        from helpers import set_seed

        def main():
            data = rows()  # expect: RNG003
            set_seed(1)
            model.fit(data)

        main()
        """,
        "data.py": """
        import random

        def rows():
            lines = open("rows.txt").readlines()
            random.shuffle(lines)
            return lines
        """,
        "helpers.py": """
        import random

        def set_seed(seed):
            random.seed(seed)
        """,
    },
    title="Shuffled in another file, then seeded",
    fixed={
        "train.py": """
        import random
        from data import rows
        from helpers import set_seed

        def main():
            set_seed(1)
            data = rows()
            model.fit(data)

        main()
        """,
    },
)
rule.flags(
    """
    import numpy as np
    from sklearn.model_selection import train_test_split
    from sklearn.linear_model import LogisticRegression

    X_train, X_test, y_train, y_test = train_test_split(X, y)  # expect: RNG003
    np.random.seed(0)
    LogisticRegression().fit(X_train, y_train)
    """,
    title="Split, then seeded",
)
rule.flags(
    {
        "train.py": """
        import torch
        import model  # expect: RNG003

        torch.manual_seed(3)
        model.net(load()).sum().backward()
        """,
        "model.py": """
        import torch

        net = torch.nn.Linear(2, 2)
        """,
    },
    title="Built while a module is imported",
)
rule.flags(
    """
    import keras

    model = keras.Sequential([keras.layers.Dense(4)])  # expect: RNG003
    keras.utils.set_random_seed(0)
    model.fit(x, y)
    """,
    title="Keras",
)
rule.flags(
    """
    import numpy as np

    class Task:
        def __init__(self):
            self.weights = np.random.rand(10)  # expect: RNG003
            self.setup(7)

        def setup(self, seed):
            np.random.seed(seed)

        def train(self, model):
            model.fit(self.weights)

    Task().train(build())
    """,
    title="A method that seeds too late",
)

rule.flags(
    """
    from datasets import load_dataset
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM
    from trl import SFTConfig, SFTTrainer

    parts = load_dataset("org/rows", revision="1f2e3d4").train_test_split(test_size=0.1)  # expect: RNG003
    base = AutoModelForCausalLM.from_pretrained("org/base", revision="1f2e3d4")
    model = get_peft_model(base, LoraConfig(r=8))  # expect: RNG003
    trainer = SFTTrainer(model=model, args=SFTConfig("out"), train_dataset=parts["train"])
    trainer.train()
    """,
    title="An adapter and a division before the trainer that seeds",
)
rule.flags(
    """
    from transformers import AutoModelForSequenceClassification, Trainer, TrainingArguments

    class Weighted(Trainer):
        def compute_loss(self, model, inputs, return_outputs=False):
            return loss_of(model(**inputs))

    def main():
        model = AutoModelForSequenceClassification.from_pretrained("org/base", revision="1f2e3d4")  # expect: RNG003
        Weighted(model=model, args=TrainingArguments("out", seed=1), train_dataset=rows()).train()

    main()
    """,
    title="A new head before a trainer of one's own",
)
rule.flags(
    """
    import torch
    from transformers import DebertaV2ForTokenClassification

    model = DebertaV2ForTokenClassification.from_pretrained("org/base", revision="1f2e3d4")  # expect: RNG003
    torch.manual_seed(1)
    model(**batch()).loss.backward()
    """,
    title="The head of another architecture",
)
rule.allows(
    """
    import torch
    from transformers import T5ForConditionalGeneration, TFBertForSequenceClassification

    model = T5ForConditionalGeneration.from_pretrained("org/base", revision="1f2e3d4")
    other = TFBertForSequenceClassification.from_pretrained("org/base", revision="1f2e3d4")
    torch.manual_seed(1)
    model(**batch()).loss.backward()
    """,
    title="A model that a checkpoint has whole, and another library's",
)
rule.allows(
    """
    from datasets import load_dataset
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, set_seed
    from trl import SFTConfig, SFTTrainer

    set_seed(1)
    parts = load_dataset("org/rows", revision="1f2e3d4").train_test_split(test_size=0.1, seed=1)
    base = AutoModelForCausalLM.from_pretrained("org/base", revision="1f2e3d4")
    model = get_peft_model(base, LoraConfig(r=8))
    trainer = SFTTrainer(model=model, args=SFTConfig("out"), train_dataset=parts["train"])
    trainer.train()
    """,
    title="Seeded before the adapter",
)
rule.allows(
    """
    from transformers import BertForSequenceClassification, Trainer, TrainingArguments

    def build():
        return BertForSequenceClassification.from_pretrained("org/base", revision="1f2e3d4")

    first = build()
    print(first)
    Trainer(model_init=build, args=TrainingArguments("out"), train_dataset=rows()).train()
    """,
    title="A model that the trainer builds behind its seed",
)
rule.flags(
    """
    from transformers import BertForSequenceClassification, Trainer, TrainingArguments

    model = BertForSequenceClassification.from_pretrained("org/base", revision="1f2e3d4")  # expect: RNG003
    Trainer(model, TrainingArguments("out"), model_init=None, train_dataset=rows()).train()
    """,
    title="A model that the trainer is given",
)
rule.allows(
    """
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, DataCollatorForLanguageModeling
    from trl import SFTConfig, SFTTrainer

    base = AutoModelForCausalLM.from_pretrained("org/base", revision="1f2e3d4")
    masks = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15)
    trainer = SFTTrainer(base, SFTConfig("out"), masks, train_dataset=rows(), peft_config=LoraConfig(r=8))
    trainer.train()
    """,
    title="An adapter that the trainer makes, masks that are drawn for each batch",
)
rule.allows(
    """
    import torch

    torch.manual_seed(0)
    net = torch.nn.Linear(4, 1)
    net(load()).sum().backward()
    """,
)
rule.allows(
    """
    import random

    seed = random.randint(1, 10000)
    print("seed", seed)
    random.seed(seed)
    random.shuffle(rows)
    model.fit(rows)
    """,
    title="The draw is the seed",
)
rule.allows(
    """
    import torch

    def build():
        return torch.nn.Linear(2, 2)

    torch.manual_seed(1)
    net = build()
    net(load()).sum().backward()
    torch.manual_seed(1)
    """,
    title="Defined before, called after",
)
rule.allows(
    """
    import numpy as np

    rng = np.random.default_rng(0)
    order = rng.permutation(10)
    np.random.seed(0)
    model.fit(order)
    """,
    title="A generator of its own",
)
rule.allows(
    """
    import torch

    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(10, generator=generator)
    torch.manual_seed(0)
    net = torch.nn.Linear(2, 2)
    net(load(order)).sum().backward()
    """,
    title="A generator that is passed",
)
rule.allows(
    """
    import torch

    def main():
        if DEBUG:
            torch.randn(2)
        torch.manual_seed(0)
        net = torch.nn.Linear(2, 2)
        net(load()).sum().backward()

    DEBUG = False
    main()
    """,
    title="A draw that never happens",
)
rule.allows(
    """
    import torch
    from torch.utils.data import DataLoader, RandomSampler
    from torchvision import transforms

    augment = transforms.RandomCrop(32)
    train = DataLoader(load(augment), shuffle=True)
    other = DataLoader(load(augment), sampler=RandomSampler(load(augment)))
    torch.manual_seed(0)
    net = torch.nn.Linear(4, 1)
    for x, y in train:
        torch.nn.functional.mse_loss(net(x), y).backward()
    """,
    title="Loaders and transforms draw when they are used",
)
rule.allows(
    {
        "train.py": """
        import torch
        from model import Net

        def fix_seed(seed):
            torch.manual_seed(seed)

        net = Net()
        for run in range(5):
            fix_seed(run)
            net.reset_parameters()
            for x, y in data():
                torch.nn.functional.mse_loss(net(x), y).backward()
        """,
        "model.py": """
        import torch

        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Linear(4, 1)

            def reset_parameters(self):
                self.layer.reset_parameters()
        """,
    },
    title="Built once, its weights drawn anew behind each seed",
)
rule.allows(
    """
    import torch
    import torchvision

    weights = torchvision.models.ResNet18_Weights.DEFAULT
    net = torchvision.models.resnet18(weights=weights)
    torch.manual_seed(0)
    net.fc = torch.nn.Linear(512, 10)
    for x, y in data():
        torch.nn.functional.cross_entropy(net(x), y).backward()
    """,
    title="Weights that were trained before",
)
rule.allows(
    """
    import torch

    class Softmax(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(4, 3)
            self.linear.weight.detach().zero_()
            self.linear.bias.detach().zero_()

    net = Softmax()
    torch.manual_seed(0)
    for x, y in data():
        torch.nn.functional.cross_entropy(net(x), y).backward()
    """,
    title="Weights that are set to zero",
)
rule.allows(
    """
    import random

    import numpy as np
    from sklearn.linear_model import SGDClassifier

    def show_random_elements(rows):
        print(rows[random.randint(0, len(rows) - 1)])

    show_random_elements(rows)
    model = SGDClassifier()
    random.seed(0)
    np.random.seed(0)
    model.fit(rows, [random.random() for _ in rows])
    """,
    title="A look at the data; a model that draws when it is fitted",
)
LOADED = """
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

    def load(path):
        net = Net().to("cpu")
        net.load_state_dict(torch.load(path, weights_only=True))
        return net

    def train():
        torch.manual_seed(0)
        net = Net()
        for x, y in data():
            torch.nn.functional.mse_loss(net(x), y).backward()
        return net
    """
COMPARED = """
    from model import load, train

    old = load("served.pt"){expected}
    print(score(old), score(train()))
    """
rule.allows(
    {"model.py": LOADED, "compare.py": COMPARED.format(expected="")},
    title="a model that takes the weights of a file before another one is trained",
)
rule.flags(
    {
        "model.py": LOADED.replace("True))", "True), strict=False)"),
        "compare.py": COMPARED.format(expected="  # expect: RNG003"),
    },
    title="a model that takes what a file has of its weights, and draws the others",
)
