"""Results are put together in the order in which workers happen to finish.

## Why
`imap_unordered`, `as_completed` and `ray.wait` hand over whichever result comes first. Appended to a list, numbered or
summed up, the order of rows, the indices and the last digits of sums follow the load of the machine: another run has
another data set.

## Fix
`imap` or `map` instead, which keep the order of the tasks; or put each result at the index of its task, or sort by a
key at the end.

## Notes
Silent where the order can't matter: results stored under a key, counted, sorted later, written to files of their own.
"""

import ast
from collections.abc import Iterator

from reprocheck.rulekit import Call, Match, Module, Rule
from reprocheck_rules.determinism.order_effects import Effect, shown
from reprocheck_rules.determinism.order_of_use import OrderOfUse

rule = Rule("DET014", "atomic-or-async-aggregation", __doc__)

_DATA_TEXT = """
    numpy pandas torch torchvision torchaudio tensorflow keras sklearn jax datasets polars xgboost lightgbm catboost
    transformers scipy nltk spacy gensim networkx cv2 PIL librosa soundfile h5py ray dask joblib
"""
_DATA = tuple(_DATA_TEXT.split())
_UNORDERED = frozenset(
    {"concurrent.futures.as_completed", "asyncio.as_completed", "dask.distributed.as_completed"}
    | {"distributed.as_completed"}
)


@rule.on_module(imports=_DATA, mentions=("imap_unordered", "as_completed", "Parallel"))
def check(module: Module) -> Iterator[Match]:
    """Every source of results in any order."""
    if module.is_test:
        return
    order: OrderOfUse | None = None
    for site in module.file.calls:
        name = _unordered(module, site.node)
        if name is None:
            continue
        order = order or OrderOfUse(module)
        effect = order.effect(site.node)
        if effect is not None and not _keyed(module, site.node, effect):
            yield _match(module, site.node, name, effect)


def _unordered(module: Module, node: ast.Call) -> str | None:
    """Name of a call whose results come in any order."""
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr == "imap_unordered":
        return "imap_unordered"
    call = module.call(node)
    if call is None:
        return None
    if call.name in _UNORDERED:
        return "as_completed"
    return "Parallel(...)" if _is_unordered_parallel(call) else None


def _is_unordered_parallel(call: Call) -> bool:
    """`Parallel(return_as="generator_unordered")(tasks)`."""
    maker = call.node.func
    return isinstance(maker, ast.Call) and any(
        k.arg == "return_as" and isinstance(k.value, ast.Constant) and k.value.value == "generator_unordered"
        for k in maker.keywords
    )


def _keyed(module: Module, node: ast.Call, effect: Effect) -> bool:
    """Whether results say which task they belong to: `tasks[future]`, or a tuple that begins with an index."""
    loop = next((a for a in module.file.ancestors(node) if isinstance(a, ast.For)), None)
    if loop is None or not any(part is node for part in ast.walk(loop.iter)):
        return False
    names = {part.id for part in ast.walk(loop.target) if isinstance(part, ast.Name)}
    for part in (inner for statement in loop.body for inner in ast.walk(statement)):
        match part:
            case ast.Subscript(slice=ast.Name(id=name), ctx=ast.Load()) if name in names:
                return not isinstance(effect.node, ast.Call) or "append" not in ast.unparse(effect.node.func)
            case ast.Assign(targets=[ast.Subscript()]):
                return True
    return False


def _match(module: Module, node: ast.Call, name: str, effect: Effect) -> Match:
    return module.match(
        node,
        f"`{name}` hands results over in the order in which they are done, and {effect.clause}",
        confidence=effect.confidence,
        trail=[module.note(effect.node, "the order matters here")] if shown(effect.node) != shown(node) else (),
    )


rule.flags(
    """
    from collections import defaultdict
    import numpy as np
    import pandas as pd
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import Pool

    def load(paths):
        rows = []
        with Pool(8) as pool:
            for row in pool.imap_unordered(parse, paths):  # expect: DET014
                rows.append(row)
        return pd.DataFrame(rows)

    def embed(texts):
        with ProcessPoolExecutor() as executor:
            futures = [executor.submit(vector, text) for text in texts]
            vectors = [future.result() for future in as_completed(futures)]  # expect: DET014
        return np.stack(vectors)

    def table(paths):
        with Pool(8) as pool:
            return pd.concat(pool.imap_unordered(pd.read_csv, paths))  # expect: DET014

    def total(tasks):
        value = 0.0
        collected = []
        for future in as_completed(tasks):  # expect: DET014
            collected.append(future.result())
        return np.concatenate(collected)

    def by_task(futures):
        results = defaultdict(list)
        for future in as_completed(futures):  # expect: DET014
            result = future.result()
            results[result["task"]].append(result["score"])
        return [found[0] for found in results.values()]

    def index(pool, names):
        return {name: i for i, name in enumerate(pool.imap_unordered(clean, names))}  # expect: DET014

    def write(pool, paths):
        with open("rows.txt", "w") as out:
            for line in pool.imap_unordered(parse, paths):  # expect: DET014
                out.write(line)
    """,
    title="Rows, vectors, tables, indices, lines",
)
rule.allows(
    """
    import pandas as pd
    from concurrent.futures import ThreadPoolExecutor, as_completed

    def scores(rows):
        found, failures = [None] * len(rows), []
        with ThreadPoolExecutor() as executor:
            tasks = {executor.submit(ask, row): index for index, row in enumerate(rows)}
            for task in as_completed(tasks):
                index = tasks[task]
                try:
                    found[index] = task.result()
                except TimeoutError as error:
                    failures.append(f"{index}: {error}")
        if failures:
            raise RuntimeError("; ".join(failures[:3]))
        return pd.Series(found)
    """,
    title="errors that are collected to be told",
)
rule.allows(
    """
    import statistics
    from collections import defaultdict
    import numpy as np
    import pandas as pd
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import Pool

    def ordered(paths):
        with Pool(8) as pool:
            return pd.concat(pool.imap(pd.read_csv, paths))

    def latencies(futures):
        taken = []
        for future in as_completed(futures):
            taken.append(future.result())
        print({"p50": round(np.percentile(taken, 50), 2), "mean": statistics.mean(taken), "worst": max(taken)})

    def by_name(futures):
        results = {}
        for future in as_completed(futures):
            results[futures[future]] = future.result()
        return results

    def placed(futures, n):
        out = [None] * n
        for future in as_completed(futures):
            i, value = future.result()
            out[i] = value
        return np.stack(out)

    def sorted_later(pool, paths):
        rows = []
        for row in pool.imap_unordered(parse, paths):
            rows.append(row)
        return sorted(rows)

    def sorted_by_task(futures):
        results = defaultdict(list)
        for future in as_completed(futures):
            result = future.result()
            results[result["task"]].append((result["number"], result))
        for found in results.values():
            found.sort()
        return np.array([len(found) for found in results.values()])

    def counted(pool, paths):
        done = 0
        for ok in pool.imap_unordered(convert, paths):
            done += 1
        for _ in pool.imap_unordered(save_image, paths):
            pass
        print(done, len(list(pool.imap_unordered(convert, paths))))
    """,
    title="In order, under a key, at an index, sorted, counted",
)
