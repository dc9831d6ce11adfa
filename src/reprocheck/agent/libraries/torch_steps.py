"""One line per step of every torch optimizer: fingerprints of parameters and gradients, and where generators are.

Only the hook that torch calls after a step is used. Modules stay without hooks, for those change what is compiled.
"""

from __future__ import annotations

import sys

from .. import states
from ..watch import Watch
from . import one_pass
from .loss import find_loss
from .parameter_names import name_parameters
from .tensors import Fingerprints, combine
from .torch_compiler import switch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_DETAILED = 200
"""Steps of which every tensor is written, before the size of the file counts."""
_BYTES = 64_000_000
"""Size of the file beyond which tensors are written only every hundredth step."""
_EVERY = 100
_MASK = (1 << 64) - 1


def after_torch(watch: Watch, module: ModuleType) -> None:
    """Register the hook with torch's list for all optimizers; older versions of torch have none."""
    if watch.options.trace != "steps":
        return
    register = getattr(sys.modules["torch.optim.optimizer"], "register_optimizer_step_post_hook", None)
    if register is None:
        watch.journal.gap("trace", "this version of torch has no hook for the steps of all optimizers")
        return
    steps = _Steps(watch, module)
    is_compiling = getattr(getattr(module, "compiler", None), "is_compiling", _never)
    set_eval_frame = switch(module)

    def after_step(optimizer: Any, _arguments: Any, _named: Any) -> None:
        if is_compiling():  # traced by the compiler: nothing of ours may become part of the graph
            return
        before = set_eval_frame(None)  # called from compiled code, the functions below would be compiled as well
        try:
            steps.after(optimizer)
        except Exception as error:
            watch.journal.failed("the trace of a step", error)
        finally:
            set_eval_frame(before)

    watch.entrances.append(after_step.__code__)
    register(after_step)
    watch.at_end(steps.end)
    watch.in_child(steps.forked)


def _never() -> bool:
    """Stands in for torch's `is_compiling` where it has no compiler."""
    return False


class _Optimizer:
    """What is remembered of one optimizer."""

    def __init__(self, number: int, optimizer: Any) -> None:
        self.number = number
        self.optimizer = optimizer
        self.steps = 0
        self.tensors = -1
        """Parameters at its last step: a group may be added later."""


class _Steps:
    def __init__(self, watch: Watch, torch: Any) -> None:
        self._watch = watch
        self._torch = torch
        watch.own.busy = True  # what the agent loads is no business of the program's
        try:
            self._fingerprints = Fingerprints(self._torch, one_pass.load())
        finally:
            watch.own.busy = False
        self._optimizers: dict[int, _Optimizer] = {}
        self._total = 0
        self._waiting: list[_Waiting] = []

    def forked(self) -> None:
        self._waiting.clear()
        self._total = 0

    def after(self, optimizer: Any) -> None:
        """Write a step that was just made."""
        torch = self._torch
        for waiting in self._waiting:
            waiting.write()
        self._waiting.clear()
        known = self._know(optimizer)
        known.steps += 1
        self._total += 1
        if torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing():
            self._watch.journal.gap("trace", "a step was captured as a CUDA graph: its replays are not traced")
            return
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        with torch._C.DisableTorchFunction(), torch.no_grad():
            if known.tensors != len(parameters):
                known.tensors = len(parameters)
                self._introduce(known, parameters)
            loss = find_loss(torch)
            fields: dict[str, object] = {"optimizer": known.number, "step": known.steps, "index": self._total}
            fields["rates"] = [rate for rate in (group.get("lr") for group in optimizer.param_groups) if _plain(rate)]
            fields["rng"] = states.states()
            gradients = [parameter.grad for parameter in parameters]
            detailed = (
                known.steps <= _DETAILED or self._watch.trace_journal().written < _BYTES or known.steps % _EVERY == 0
            )
            if all(parameter.device.type == "cpu" for parameter in parameters):
                self._at_once(fields, loss, parameters, gradients, detailed=detailed)
            else:
                self._waiting.append(_Waiting(self, fields, loss, parameters, gradients, detailed=detailed))

    def _know(self, optimizer: Any) -> _Optimizer:
        known = self._optimizers.get(id(optimizer))
        if known is None or known.optimizer() is not optimizer:
            import weakref

            known = _Optimizer(len(self._optimizers), weakref.ref(optimizer))
            self._optimizers[id(optimizer)] = known
        return known

    def _introduce(self, known: _Optimizer, parameters: list[Any]) -> None:
        """Say once what the numbers of the following steps belong to."""
        optimizer = known.optimizer()
        place, _ = self._watch.places.here()
        kind = type(optimizer)
        self._watch.trace_journal().emit(
            "optimizer",
            {
                "optimizer": known.number,
                "class": f"{kind.__module__}.{kind.__qualname__}",
                "place": place,
                "names": name_parameters(self._torch, optimizer, parameters),
                "shapes": [list(parameter.shape) for parameter in parameters],
                "types": [str(parameter.dtype).replace("torch.", "") for parameter in parameters],
                "devices": sorted({str(parameter.device) for parameter in parameters}),
            },
        )

    def _at_once(
        self,
        fields: dict[str, object],
        loss: Any,
        parameters: list[Any],
        gradients: list[Any],
        *,
        detailed: bool,
    ) -> None:
        """For tensors in main memory."""
        if loss is not None:
            fields["loss"] = float(loss)
        self.write(
            fields,
            [self._numbers(each) for each in parameters],
            [self._numbers(each) for each in gradients],
            detailed=detailed,
        )

    def _numbers(self, tensor: Any) -> list[Any] | None:
        """Digest and sizes of a tensor; None where there is none."""
        if tensor is None:
            return None
        tensor = self.local(tensor)
        if tensor is None:
            return [None]
        return self._fingerprints.numbers(tensor)

    def local(self, tensor: Any) -> Any:
        """The plain tensor that this process holds of another kind; None where it can't be had."""
        if hasattr(tensor, "to_local"):
            tensor = tensor.to_local()
        if tensor.layout is not self._torch.strided:
            if tensor.layout is not self._torch.sparse_coo:
                self._watch.journal.gap("trace", f"tensors of layout {tensor.layout} are not traced")
                return None
            tensor = tensor.coalesce()
            tensor = self._torch.cat([tensor.indices().reshape(-1).double(), tensor.values().reshape(-1).double()])
        if tensor.device.type == "meta" or tensor.is_quantized:
            self._watch.journal.gap("trace", "tensors without plain content are not traced")
            return None
        return tensor.detach()

    def write(self, fields: dict[str, object], parameters: list[Any], gradients: list[Any], *, detailed: bool) -> None:
        """Write the line of one step from digests and sizes."""
        fields["parameters"] = f"{combine([_digest(each) for each in parameters]):016x}"
        fields["gradients"] = f"{combine([_digest(each) for each in gradients]):016x}"
        if detailed:
            fields["tensors"] = [[_spelled(mine), _spelled(other)] for mine, other in zip(parameters, gradients)]
        self._watch.trace_journal().emit("step", fields)

    def end(self) -> None:
        """Write what still waits, and say what could not be seen."""
        for waiting in self._waiting:
            waiting.write()
        self._waiting.clear()
        dynamo = sys.modules.get("torch._dynamo.utils")
        if dynamo is not None:
            seen = sum(known.steps for known in self._optimizers.values())
            if dynamo.counters["frames"].get("ok"):
                self._watch.journal.gap(
                    "trace", f"functions were compiled by torch: steps inside of them are not among the {seen} traced"
                )


class _Waiting:
    """A step whose numbers are still on their way from the device."""

    def __init__(
        self,
        steps: _Steps,
        fields: dict[str, object],
        loss: Any,
        parameters: list[Any],
        gradients: list[Any],
        *,
        detailed: bool,
    ) -> None:
        self._steps = steps
        self._fields = fields
        self._detailed = detailed
        self._layout: list[tuple[bool, int] | None] = []
        torch = steps._torch
        parts: list[Any] = []
        self._count = len(parameters)
        for tensor in [*parameters, *gradients]:
            local = None if tensor is None else steps.local(tensor)
            if local is None:
                self._layout.append(None if tensor is None else (False, 0))
                continue
            sizes = [size.double().view(torch.int64) for size in steps._fingerprints.sizes(local)]
            parts += [steps._fingerprints.digest_there(local), *sizes]
            self._layout.append((True, len(sizes)))
        self._has_loss = loss is not None
        if self._has_loss:
            parts.append(loss.detach().reshape(()).double().view(torch.int64))
        device = next(tensor.device for tensor in parameters if tensor.device.type != "cpu")
        together = torch.stack([part.to(device, non_blocking=True) for part in parts])
        self._event = None
        if device.type == "cuda":
            self._numbers = torch.empty(together.shape, dtype=torch.int64, device="cpu", pin_memory=True)
            self._numbers.copy_(together, non_blocking=True)
            self._event = torch.cuda.Event()
            self._event.record()
        else:
            self._numbers = together.to("cpu")

    def write(self) -> None:
        """Wait for the numbers, which are those of the step before, and write them."""
        if self._event is not None:
            self._event.synchronize()
        numbers = iter(self._numbers.tolist())
        sizes = self._numbers.view(self._steps._torch.float64).tolist()
        position = 0
        results: list[Any] = []
        for part in self._layout:
            if part is None or not part[0]:
                results.append(None if part is None else [None])
                continue
            digest = next(numbers) & _MASK
            results.append([digest, *sizes[position + 1 : position + 1 + part[1]]])
            for _ in range(part[1]):
                next(numbers)
            position += 1 + part[1]
        if self._has_loss:
            self._fields["loss"] = sizes[-1]
        self._steps.write(self._fields, results[: self._count], results[self._count :], detailed=self._detailed)


def _plain(rate: object) -> bool:
    return isinstance(rate, (int, float))


def _digest(numbers: list[Any] | None) -> int:
    return 0 if numbers is None or numbers[0] is None else int(numbers[0])


def _spelled(numbers: list[Any] | None) -> list[object] | None:
    if numbers is None or numbers[0] is None:
        return None
    return [f"{numbers[0]:016x}", *[float(f"{size:.7g}") for size in numbers[1:]]]
