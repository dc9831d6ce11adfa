"""torch's generators on every device."""

from __future__ import annotations

import sys
from types import ModuleType

from .. import states
from ..seeding import seeded
from ..watch import Watch
from ..wrapping import listen, listen_in_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..wrapping import Listener


def after_torch(watch: Watch, module: ModuleType) -> None:
    """Listen to `Generator.manual_seed`, which `torch.manual_seed` and all libraries end in."""
    states.tell(watch, "first-use", "torch")
    # not before torch is complete: it gives docstrings to its own methods, which ours could not take
    generator_type = module.Generator

    def listener(generator: object, value: object = None) -> None:
        device = str(getattr(generator, "device", "cpu"))
        if generator is module.default_generator:
            name = "torch.manual_seed"
        elif device.startswith("cuda"):
            name = "torch.cuda.manual_seed"
        else:
            name = "torch.Generator.manual_seed"
        seeded(watch, name, value, generator=device)

    def unseeded(generator: object) -> None:
        name = "torch.seed" if generator is module.default_generator else "torch.Generator.seed"
        seeded(watch, name, None, generator=str(getattr(generator, "device", "cpu")))

    seen = listen_in_type(generator_type, "manual_seed", listener, watch)
    if not (seen and listen_in_type(generator_type, "seed", unseeded, watch)):
        watch.journal.gap("seeds", "seeds of torch's generators can't be seen in this version of torch")


def after_torch_cuda_random(watch: Watch, module: ModuleType) -> None:
    """Listen to the seeders that wait until CUDA is used: the line that called them is gone by then."""

    def listener_for(name: str) -> Listener:
        def listener(seed: object = None) -> None:
            if sys._getframe(2).f_globals.get("__name__") == "torch.random":
                return  # part of torch.manual_seed
            seeded(watch, "torch.cuda." + name, seed, generator="cuda")

        return listener

    for name in ("manual_seed", "manual_seed_all"):
        listen(module, name, listener_for(name), watch)
