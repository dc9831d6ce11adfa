"""What capture costs: CPU beside plain Python and other tools in one run, start-up, notifications and hashing.

    python benchmarks/capture.py --python PYTHON [--rounds N] [--peers DIR...] [--scripts NAME...]
                                 [--parts programs start notify hash]

`--python` is an interpreter with scikit-learn, pandas, Pillow and torch. strace, MLflow (in that interpreter), ReproZip
(`reprozip`) and noWorkflow (`now`) are measured where they are found; `--peers` names folders with their programs.
`sk_long.py` and `torchy_long.py` are the same scripts with half a minute of training, as users have it; of these, of
`images_long.py`, which decodes a JPEG per sample, and of `arrays_long.py`, whose samples are rows of one array, only
our own programs are measured; "interpreted" is the supervisor without its compiled part. `torchy.py` is as hard as it
gets: its workers open a thousand tiny files per second of CPU and do nothing with them.

Threads of OpenMP burn CPU while they wait for each other, the more the busier the cores are, whoever keeps them busy;
with OMP_WAIT_POLICY=PASSIVE in the environment they sleep, and CPU is work. How often glibc gives memory back, and has
it zeroed again by the kernel, is luck of the addresses: a tenth of a run and more, from one plain run to the next. With
MALLOC_TRIM_THRESHOLD_=4000000000 MALLOC_MMAP_THRESHOLD_=33554432 in the environment page faults are as many every time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from processes import environment, interleaved, say

from reprocheck.capture.hashing import digest_of

_SKLEARN = """
import joblib, json
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
frame = pd.read_csv("data.csv")
x, y = frame.drop(columns="label"), frame["label"]
a, b, c, d = train_test_split(x, y, random_state=0)
scores = {}
for name, model in (("logistic", LogisticRegression(max_iter=500)),
                    ("forest", RandomForestClassifier(TREES, random_state=0))):
    model.fit(a, c)
    scores[name] = model.score(b, d)
    joblib.dump(model, f"{name}.joblib")
json.dump(scores, open("scores.json", "w"))
"""
_TORCH = """
import numpy as np, torch
from torch.utils.data import DataLoader, Dataset
class Items(Dataset):
    def __len__(self): return 1000
    def __getitem__(self, i):
        x = np.load(f"items/{i}.npy")
        return torch.from_numpy(x), int(i % 10)
if __name__ == "__main__":
    torch.manual_seed(0); torch.set_num_threads(2)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 3), torch.nn.ReLU(), torch.nn.Conv2d(16, 32, 3, 2),
                              torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.LazyLinear(10))
    optimizer = None
    for epoch in range(EPOCHS):
        for x, y in DataLoader(Items(), 50, shuffle=True, num_workers=2):
            loss = torch.nn.functional.cross_entropy(net(x), y)
            optimizer = optimizer or torch.optim.SGD(net.parameters(), 0.01)
            optimizer.zero_grad(); loss.backward(); optimizer.step()
        torch.save(net.state_dict(), "net.pt")
"""
_IMAGES = """
import numpy as np, torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
class Images(Dataset):
    def __len__(self): return 600
    def __getitem__(self, i):
        with Image.open(f"images/{i}.jpg") as image:
            pixels = np.asarray(image.convert("RGB").resize((96, 96), Image.Resampling.BILINEAR), np.float32)
        return torch.from_numpy(pixels.transpose(2, 0, 1) / 255), i % 10
if __name__ == "__main__":
    torch.manual_seed(0); torch.set_num_threads(2)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 3, 2), torch.nn.ReLU(), torch.nn.Conv2d(16, 32, 3, 2),
                              torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(4), torch.nn.Flatten(),
                              torch.nn.Linear(512, 10))
    optimizer = torch.optim.SGD(net.parameters(), 0.01)
    for epoch in range(16):
        for x, y in DataLoader(Images(), 32, shuffle=True, num_workers=2):
            loss = torch.nn.functional.cross_entropy(net(x), y)
            optimizer.zero_grad(); loss.backward(); optimizer.step()
        torch.save(net.state_dict(), "net.pt")
"""
_ARRAYS = """
import numpy as np, torch
from torch.utils.data import DataLoader, Dataset
class Pictures(Dataset):
    def __init__(self): self.pixels = np.load("pictures.npy")
    def __len__(self): return len(self.pixels)
    def __getitem__(self, i):
        pixels = self.pixels[i].astype(np.float32) / 255
        if torch.rand(()) < 0.5: pixels = pixels[:, :, ::-1].copy()
        return torch.from_numpy((pixels - pixels.mean()) / (pixels.std() + 1e-6)), i % 10
if __name__ == "__main__":
    torch.manual_seed(0); torch.set_num_threads(2)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
                              torch.nn.Conv2d(16, 32, 3, padding=1), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(4),
                              torch.nn.Flatten(), torch.nn.Linear(512, 10))
    optimizer, data = torch.optim.SGD(net.parameters(), 0.01), Pictures()
    for epoch in range(6):
        for x, y in DataLoader(data, 128, shuffle=True, num_workers=2):
            loss = torch.nn.functional.cross_entropy(net(x), y)
            optimizer.zero_grad(); loss.backward(); optimizer.step()
        torch.save(net.state_dict(), "net.pt")
"""
_SCRIPTS = {
    "sk.py": _SKLEARN.replace("TREES", "60"),
    "torchy.py": _TORCH.replace("EPOCHS", "2"),
    "sk_long.py": _SKLEARN.replace("TREES", "700"),
    "torchy_long.py": _TORCH.replace("EPOCHS", "20"),
    "images_long.py": _IMAGES,
    "arrays_long.py": _ARRAYS,
}
_OURS = ("plain", "files alone", "files alone, interpreted", "reprocheck run")
_MAKE = """
import os, numpy as np, pandas as pd
rng = np.random.default_rng(0)
frame = pd.DataFrame(rng.random((20000, 20)), columns=[f"x{i}" for i in range(20)])
frame["label"] = (frame.x0 + frame.x1 > 1).astype(int)
frame.to_csv("data.csv", index=False)
os.makedirs("items", exist_ok=True)
for i in range(1000): np.save(f"items/{i}.npy", rng.random((3, 32, 32)).astype("f4"))
np.save("pictures.npy", rng.integers(0, 255, (10000, 3, 32, 32)).astype("u1"))
from PIL import Image
os.makedirs("images", exist_ok=True)
for i in range(600):
    coarse = Image.fromarray(rng.integers(0, 255, (48, 64, 3)).astype("u1"))
    coarse.resize((500, 375), Image.Resampling.BICUBIC).save(f"images/{i}.jpg", quality=90)
"""
_LAUNCH = """
import os, sys, tempfile
from pathlib import Path
from reprocheck.capture.launch import LaunchOptions, launch
options = LaunchOptions(compiled=sys.argv.pop(1) == "compiled")
with tempfile.TemporaryDirectory() as folder:
    journal, objects = Path(folder), Path(folder, "objects")
    where = {"cwd": Path.cwd(), "environment": os.environ, "journal": journal, "objects": objects}
    ended = launch(sys.argv[1:], options=options, **where)
sys.exit(ended.exit_code)
"""
_AUTOLOG = """
import runpy, sys
import mlflow
mlflow.set_tracking_uri("sqlite:///mlflow.db")
mlflow.autolog()
with mlflow.start_run():
    runpy.run_path(sys.argv[1], run_name="__main__")
"""
_OPENS = """
import os, sys
names = [f"many/{i}" for i in range(2000)]
for _ in range(int(sys.argv[1])):
    for name in names: os.close(os.open(name, os.O_RDONLY))
"""
_MIB = 1 << 20


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", nargs="*", default=[])
    parser.add_argument("--only", nargs="*", help="programs beside `plain` to measure")
    parser.add_argument("--scripts", nargs="*", default=[*_SCRIPTS], choices=[*_SCRIPTS])
    parts = ["programs", "start", "notify", "hash"]
    parser.add_argument("--parts", nargs="*", default=parts, choices=parts)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        os.chdir(made)
        subprocess.run([options.python, "-c", _MAKE], check=True)
        for name, text in {**_SCRIPTS, "autolog.py": _AUTOLOG, "opens.py": _OPENS}.items():
            Path(name).write_text(text)
        env = environment(Path(made, "bytecode"))
        for part in options.parts:
            match part:
                case "programs":
                    _programs(options, env)
                case "start":
                    _start(options.rounds, env)
                case "notify":
                    _notify(options.python, options.rounds, env)
                case "hash":
                    _hash()


def _programs(options: argparse.Namespace, env: dict[str, str]) -> None:
    path = os.pathsep.join([*options.peers, os.environ.get("PATH", "")])
    python = options.python
    for script in options.scripts:
        commands = {
            "plain": [python, script],
            "files alone": [sys.executable, "-c", _LAUNCH, "compiled", python, script],
            "files alone, interpreted": [sys.executable, "-c", _LAUNCH, "interpreted", python, script],
            "reprocheck run": [sys.executable, "-m", "reprocheck", "run", "--trace", "off", "--", python, script],
        }
        if shutil.which("strace"):
            commands["strace -f"] = ["strace", "-f", "-o", "/dev/null", "-e", "trace=%file", python, script]
        if subprocess.run([python, "-c", "import mlflow"], check=False, stderr=subprocess.DEVNULL).returncode == 0:
            commands["MLflow autolog"] = [python, "autolog.py", script]
        if found := shutil.which("reprozip", path=path):
            commands["ReproZip"] = [found, "trace", "--overwrite", "-d", "rpz", python, script]
        if found := shutil.which("now", path=path):
            commands["noWorkflow"] = [found, "run", script]
        if script.endswith("_long.py"):
            commands = {name: commands[name] for name in _OURS}
        if options.only is not None:
            commands = {name: command for name, command in commands.items() if name in {"plain", *options.only}}
        for command in commands.values():
            # Bytecode and caches of the disk are made once, outside of what is measured.
            subprocess.run(
                command,
                env=env,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        series = interleaved(commands, env, options.rounds)
        base = series["plain"]
        print(f"\n{script}, {options.rounds} rounds\n\n| | CPU s | times plain | wall s | times plain | exit |")
        print("|---|--:|--:|--:|--:|--:|")
        for name, one in series.items():
            codes = ",".join(map(str, sorted({cost.code for cost in one.costs})))
            ratio = statistics.median(a.cpu / b.cpu for a, b in zip(one.costs, base.costs, strict=True))
            wall = statistics.median(a.wall / b.wall for a, b in zip(one.costs, base.costs, strict=True))
            print(f"| {name} | {one.cpu:.2f} | {ratio:.3f} | {one.wall:.2f} | {wall:.3f} | {codes} |")


def _start(rounds: int, env: dict[str, str]) -> None:
    """What a command that does nothing waits for."""
    timed = {}
    for name, inside in (("plain", []), ("launched", ["launched"])):
        code = (
            "import os, sys, time, tempfile\nfrom pathlib import Path\n"
            "from reprocheck.capture.launch import launch\nfrom reprocheck.capture.plain import run_plainly\n"
            "with tempfile.TemporaryDirectory() as f:\n    t = time.perf_counter()\n"
            "    where = {'cwd': Path.cwd(), 'environment': os.environ}\n"
            "    if len(sys.argv) > 1: launch(['/bin/true'], journal=Path(f), objects=None, **where)\n"
            "    else: run_plainly(['/bin/true'], **where)\n"
            "    print(time.perf_counter() - t)\n"
        )
        command = [sys.executable, "-c", code, *inside]
        timed[name] = [
            float(subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout)
            for _ in range(rounds * 3)
        ]
    for name, times in timed.items():
        print(f"start, {name}: median {statistics.median(times) * 1000:.0f} ms, worst {max(times) * 1000:.0f} ms")


def _notify(python: str, rounds: int, env: dict[str, str]) -> None:
    """Opens per second, of files seen before and of files seen first."""
    Path("many").mkdir()
    for number in range(2000):
        Path(f"many/{number}").write_text("x" * 100)
    commands = {}
    for times in (1, 21):
        commands[f"plain {times}"] = [python, "-I", "-S", "opens.py", str(times)]
        opens = [python, "-I", "-S", "opens.py", str(times)]
        for kind in ("compiled", "interpreted"):
            commands[f"{kind} {times}"] = [sys.executable, "-c", _LAUNCH, kind, *opens]
    series = interleaved(commands, env, rounds)
    for kind in ("plain", "compiled", "interpreted"):
        cpu = series[f"{kind} 21"].cpu - series[f"{kind} 1"].cpu
        wall = series[f"{kind} 21"].wall - series[f"{kind} 1"].wall
        each = f"{wall / 40000 * 1e6:.1f} us wall and {cpu / 40000 * 1e6:.1f} us CPU each"
        print(f"opens, {kind}: {each}, {40000 / wall:.0f}/s")
    more = series["compiled 1"].cpu - series["plain 1"].cpu
    print(f"2000 files seen for the first time, hashed and noted, with the start: {more:.2f} s CPU")


def _hash() -> None:
    """Rates of hashing what lies in the page cache."""
    path = Path("big")
    piece = os.urandom(_MIB)
    with path.open("wb") as file:
        for _ in range(512):
            file.write(piece)
    for sha256 in (False, True):
        times = []
        for _ in range(5):
            started = time.perf_counter()
            digest_of(str(path), sha256=sha256)
            times.append(time.perf_counter() - started)
        rate = 512 / 1024 / statistics.median(times)
        print(f"hashing, BLAKE3{' and SHA-256' * sha256}: {rate:.2f} GiB/s on one core")
    path.unlink()
    say("done")


if __name__ == "__main__":
    main()
