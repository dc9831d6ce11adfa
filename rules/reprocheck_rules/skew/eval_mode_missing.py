"""A PyTorch model answers requests without having been put into evaluation mode.

## Why
A new module is in training mode: dropout still switches units off at random, and batch normalisation normalises by the
batch that it is given, here one request, and goes on learning from it. Answers are wrong, and differ between calls.
`no_grad` doesn't help: it saves memory, and leaves dropout and batch normalisation as they are.

## Fix
`model.eval()` after loading; `torch.inference_mode()` around the call besides.

## Notes
Silent for models that leave the library in evaluation mode (`transformers`' `from_pretrained`, `torch.jit.load`), for
models that can't be followed to where they are made, where `eval()` is called anywhere on the way, and where gradients
are taken of the answer. Models of the project's own have low confidence where their file has neither dropout nor
normalisation, or where no loading is seen: then code that isn't followed makes them.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from reprocheck.rulekit import Confidence, Match, Project, Rule, Span
from reprocheck.rulekit.facts import Call
from reprocheck.rulekit.preprocessing import Instance, Made, Named, Place, Use, sides

rule = Rule("SKW004", "eval-mode-missing", __doc__)

_FAMILIES = re.compile(
    r"^(torchvision\.models\.|timm\.create_model$|efficientnet_pytorch\.|segmentation_models_pytorch\.)"
)
_DIFFERS = re.compile(r"Dropout|BatchNorm|dropout|batch_norm|SyncBatchNorm|TransformerEncoder|MultiheadAttention")
_MODULE = re.compile(r"^torch\.nn\.(Module|Sequential)$|LightningModule$")


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Plain calls of models on the serving side."""
    yield from project.of_project(_of_sides)


def _of_sides(project: Project) -> Iterator[Match]:
    seen: set[object] = set()
    for side in sides(project).served:
        use = side.use
        place = _asked_at(use)
        if use.method or use.mode == "eval" or place in seen or _is_inside_model(use) or _is_trained_on(project, use):
            continue
        confidence = _confidence(project, use)
        if confidence is None:
            continue
        seen.add(place)
        said = "it was put back into training mode" if use.mode == "train" else "nothing calls `eval()` on it"
        made = _made_at(use)
        yield project.match(
            place.path,
            place.span,
            f"`{use.spelled or 'model'}` answers in training mode: {said}, so that dropout and batch normalisation "
            "are active",
            confidence=confidence,
            trail=[
                *([project.note(made[0], made[1], "the model is made, in training mode")] if made else []),
                project.note(use.place.path, use.place.span, "and called here"),
            ],
        )


def _asked_at(use: Use) -> Place:
    """The call, or the serving function that leads to it where the call stands in a library of the project."""
    outer = use.functions[0] if use.functions else None
    if outer is None or outer.path == use.place.path or not outer.name:
        return use.place
    line, column = outer.form[5][0], outer.form[5][1]
    return Place(outer.path, Span(line, column, line, column + len("def ") + len(outer.name)))


def _made_at(use: Use) -> tuple[str, Span] | None:
    return (use.model.place.path, use.model.place.span) if isinstance(use.model, Made) else None


def _confidence(project: Project, use: Use) -> Confidence | None:
    match use.model:
        case Made(name=name) if _FAMILIES.match(name):
            return Confidence.HIGH
        case Made(name="torch.load"):
            return Confidence.LOW
        case Instance() as instance:
            if not _is_module(instance):
                return None
            facts = project.index.files.get(instance.of.path)
            words = (*facts.attributes, *facts.names) if facts is not None else ()
            sure = any(_DIFFERS.search(word) for word in words)
            return Confidence.HIGH if sure and instance.artifacts else Confidence.LOW
    return None


def _is_inside_model(use: Use) -> bool:
    """Whether a model calls a part of itself: the mode is set on the whole."""
    owner = use.functions[-1].owner if use.functions else None
    return owner is not None and any(not isinstance(base, Named) or _MODULE.search(base.name) for base in owner.bases)


def _is_trained_on(project: Project, use: Use) -> bool:
    """Whether gradients are taken of what the call leads to: a trainer may predict poses and learn from them."""
    chain = [*use.functions, None]
    for function, inner in pairwise(chain):
        if function is None:
            continue
        name = function.name if function.owner is None else f"{function.owner.name}.{function.name}"
        known = project.index.symbols.table(function.path).functions.get(name)
        calls = [event for event in known.function.events if isinstance(event, Call)] if known is not None else []
        asked = [
            position
            for position, call in enumerate(calls)
            if (call.span == use.place.span if inner is None else _last(call.callee) == inner.name)
        ]
        if asked and any(_last(call.callee) == "backward" for call in calls[asked[0] :]):
            return True
    return False


def _last(callee: str) -> str:
    return callee.rpartition(".")[2].lstrip("?@")


def _is_module(instance: Instance) -> bool:
    return any(isinstance(base, Named) and _MODULE.search(base.name) for base in instance.of.bases)


_LOADED = 'model = Net()\n    model.load_state_dict(torch.load("net.pt"))'
_NET = """
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 2))

        def forward(self, x):
            return self.layers(x)
"""
_SERVICE = """
    import io
    import torch
    from fastapi import FastAPI, UploadFile
    from PIL import Image
    from torchvision import models, transforms
    from net import Net

    app = FastAPI()
    prepare = transforms.Compose([transforms.Resize((64, 64)), transforms.ToTensor()])
    %s

    @app.post("/predict")
    async def predict(file: UploadFile):
        batch = prepare(Image.open(io.BytesIO(await file.read()))).unsqueeze(0)
        %s
"""
for _head, _body in (
    (_LOADED, "return model(batch).tolist()  # expect: SKW004"),
    (
        _LOADED + '\n    model.to("cuda")',
        "with torch.no_grad():\n            return model(batch).tolist()  # expect: SKW004",
    ),
    (_LOADED.replace("Net()", "models.resnet18()"), "return model(batch).tolist()  # expect: SKW004"),
    (_LOADED + "\n    model.eval()\n    model.train()", "return model(batch).tolist()  # expect: SKW004"),
    ('model = models.mobilenet_v2(weights="DEFAULT")', "return model(batch).tolist()  # expect: SKW004"),
):  # fmt: skip
    rule.flags({"net.py": _NET, "app.py": _SERVICE % (_head, _body)})
rule.flags(
    {
        "net.py": _NET,
        "loading.py": """
            import torch
            from net import Net

            def load(path):
                model = Net()
                model.load_state_dict(torch.load(path, map_location="cpu"))
                return model
        """,
        "predict.py": """
            import sys
            import torch
            from loading import load

            def predict(values):
                model = load("net.pt")
                with torch.no_grad():
                    return model(torch.tensor(values))  # expect: SKW004

            if __name__ == "__main__":
                print(predict([float(value) for value in sys.argv[1:]]))
        """,
    },
    title="loaded in another file",
)
for _head, _body in (
    (_LOADED + "\n    model.eval()", "return model(batch).tolist()"),
    ('model = Net().eval()\n    model.load_state_dict(torch.load("net.pt"))', "return model(batch).tolist()"),
    ('model = models.resnet18().to("cpu").eval()', "return model(batch).tolist()"),
    ("model = models.resnet18()\n    model.train(False)", "return model(batch).tolist()"),
    ('model = torch.jit.load("net.pt")', "return model(batch).tolist()"),
    (_LOADED, "model.eval()\n        return model(batch).tolist()"),
    (
        'from transformers import AutoModel\n    model = AutoModel.from_pretrained("bert-base-uncased")',
        "return model(batch).tolist()",
    ),
):  # fmt: skip
    rule.allows({"net.py": _NET, "app.py": _SERVICE % (_head, _body)})
rule.allows(
    {
        "net.py": _NET,
        "train.py": """
            import torch
            from net import Net

            model = Net()
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            for batch, target in torch.load("batches.pt"):
                loss = ((model(batch) - target) ** 2).mean()
                loss.backward()
                optimizer.step()
        """,
    },
    title="training",
)
_TRAINER = """
    import torch
    from net import Net

    class Trainer:
        def __init__(self):
            self.pose = Net()
            self.pose.load_state_dict(torch.load("net.pt"))
            self.optimizer = torch.optim.SGD(self.pose.parameters(), lr=0.1)

        def run_epoch(self, batches):
            self.pose.train()
            for batch, target in batches:
                %s

        def predict_poses(self, batch):
            return self.pose(torch.tensor(batch))%s

    Trainer().run_epoch(torch.load("batches.pt"))
"""
rule.allows(
    {
        "net.py": _NET,
        "train.py": _TRAINER
        % ("loss = ((self.predict_poses(batch) - target) ** 2).mean()\n                loss.backward()", ""),
    },
    title="training on what is predicted",
)
rule.flags(
    {"net.py": _NET, "train.py": _TRAINER % ("print(self.predict_poses(batch))", "  # expect: SKW004")},
    title="asked in training mode",
)
