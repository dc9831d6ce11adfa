"""The many ways of touching a file: each case names a file of its own, and each name has to turn up."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from reprocheck.capture.supervisor.calls import machine_of

if TYPE_CHECKING:
    from tests.unit.capture.supervisor.conftest import Run

_READS = {
    "r_open": ("", "open(p).read()"),
    "r_osopen": ("os", "os.close(os.open(p, os.O_RDONLY))"),
    "r_fopen": ("ctypes", "libc.fopen.restype = ctypes.c_void_p; libc.fclose(ctypes.c_void_p(libc.fopen(b, b'r')))"),
    "r_syscall": ("ctypes", "os.close(libc.syscall(OPENAT, -100, b, 0, 0))"),
    "r_child": ("subprocess", "subprocess.run(['cat', p], stdout=-3)"),
    "r_shell": ("subprocess", "subprocess.run(f'< {p} tr a b > /dev/null', shell=True)"),
    "r_mmap": ("mmap", "f = open(p, 'rb'); mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)"),
    "r_path": ("pathlib", "pathlib.Path(p).read_text()"),
    "r_copy": ("shutil", "shutil.copyfile(p, 'w_copy')"),
    "r_sqlite": ("sqlite3", "sqlite3.connect(p).execute('select * from sqlite_master').fetchall()"),
    "r_zip": ("zipfile", "zipfile.is_zipfile(p)"),
    "r_csv_pandas": ("pandas", "pandas.read_csv(p)"),
    "r_csv_mapped": ("pandas", "pandas.read_csv(p, memory_map=True)"),
    "r_csv_arrow": ("pyarrow.csv", "pyarrow.csv.read_csv(p)"),
    "r_csv_polars": ("polars", "polars.read_csv(p)"),
    "r_npy.npy": ("numpy", "numpy.load(p)"),
    "r_mapped.npy": ("numpy", "numpy.load(p, mmap_mode='r')"),
    "r_fromfile": ("numpy", "numpy.fromfile(p, dtype='u1')"),
    "r_memmap": ("numpy", "numpy.memmap(p, mode='r')"),
    "r_npz.npz": ("numpy", "numpy.load(p)['x']"),
    "r_parquet": ("pyarrow.parquet", "pyarrow.parquet.read_table(p)"),
    "r_dataset": ("pyarrow.dataset", "pyarrow.dataset.dataset(p).to_table()"),
    "r_arrow_mapped": ("pyarrow", "pyarrow.memory_map(p).read()"),
    "r_parquet_pandas": ("pandas", "pandas.read_parquet(p)"),
    "r_h5": ("h5py", "h5py.File(p, 'r')['x'][:]"),
    "r_png.png": ("PIL.Image", "PIL.Image.open(p).load()"),
    "r_png_cv.png": ("cv2", "cv2.imread(p)"),
    "r_joblib": ("joblib", "joblib.load(p)"),
    "r_safetensors": ("safetensors", "safetensors.safe_open(p, 'np').get_tensor('x')"),
    "r_safetensors_numpy": ("safetensors.numpy", "safetensors.numpy.load_file(p)"),
}
_WRITES = {
    "w_open": ("", "open(p, 'w').write('x')"),
    "w_renamed": ("os", "open('w_old', 'w').write('x'); os.replace('w_old', p)"),
    "w_linked": ("os", "open('w_first', 'w').write('x'); os.link('w_first', p)"),
    "w_creat": ("ctypes", "os.close(libc.creat(b, 0o600))"),
    "w_append": ("", "open(p, 'a').write('x')"),
    "w_shell": ("subprocess", "subprocess.run(f'echo x > {p}', shell=True)"),
    "w_npy.npy": ("numpy", "numpy.save(p, numpy.zeros(1))"),
    "w_tofile": ("numpy", "numpy.zeros(1).tofile(p)"),
    "w_memmap": ("numpy", "numpy.memmap(p, mode='w+', shape=3)[:] = 1"),
    "w_csv": ("pandas", "pandas.DataFrame({'a': [1]}).to_csv(p)"),
    "w_parquet_pandas": ("pandas", "pandas.DataFrame({'a': [1]}).to_parquet(p)"),
    "w_parquet": ("pyarrow.parquet", "pyarrow.parquet.write_table(pyarrow.table({'a': [1]}), p)"),
    "w_parquet_polars": ("polars", "polars.DataFrame({'a': [1]}).write_parquet(p)"),
    "w_h5": ("h5py", "h5py.File(p, 'w')['x'] = 1"),
    "w_png.png": ("PIL.Image", "PIL.Image.new('L', (2, 2)).save(p)"),
    "w_png_cv.png": ("cv2", "cv2.imwrite(p, numpy.zeros((4, 4, 3), 'u1'))"),
    "w_joblib": ("joblib", "joblib.dump(1, p)"),
    "w_safetensors": ("safetensors.numpy", "safetensors.numpy.save_file({'x': numpy.ones(2)}, p)"),
}
_PREPARE = """
import os
def make(name):
    if name.startswith("r_csv"): open(name, "w").write("a,b\\n1,2\\n")
    elif name.endswith(".npy"): numpy.save(name, numpy.arange(4))
    elif name.endswith(".npz"): numpy.savez(name, x=numpy.arange(4))
    elif "parquet" in name or name == "r_dataset": pyarrow.parquet.write_table(pyarrow.table({"a": [1]}), name)
    elif name == "r_h5":
        with h5py.File(name, "w") as file: file["x"] = numpy.arange(4)
    elif name.endswith(".png"): PIL.Image.new("L", (2, 2)).save(name)
    elif name == "r_joblib": joblib.dump(1, name)
    elif "safetensors" in name: safetensors.numpy.save_file({"x": numpy.ones(2)}, name)
    elif name == "r_sqlite": import_("sqlite3").connect(name).execute("create table t(x)").connection.commit()
    else: open(name, "w").write("hello")
"""
_FRAME = """
import ctypes, importlib, os, subprocess, sys, warnings
warnings.simplefilter("ignore")
libc = ctypes.CDLL(None, use_errno=True)
OPENAT = {openat}
def import_(name):
    module = importlib.import_module(name)
    globals()[name.partition(".")[0]] = importlib.import_module(name.partition(".")[0])
    return module
for name in ("numpy", "pyarrow", "pyarrow.parquet", "h5py", "PIL", "PIL.Image", "joblib", "safetensors.numpy"):
    try: import_(name)
    except ImportError: pass
{prepare}
for name, (needs, code) in {cases}.items():
    try:
        needs and import_(needs)
        name[0] == "r" and {making} and make(name)
    except (ImportError, NameError): continue
    if not {making}: exec(code, {{**globals(), "p": name, "b": name.encode()}})
    print(name)
"""


def _program(*, making: bool) -> str:
    machine = machine_of(__import__("os").uname().machine)
    assert machine is not None
    openat = machine.calls["openat"]
    return _FRAME.format(openat=openat, prepare=_PREPARE, cases={**_READS, **_WRITES}, making=making)


def test_every_way_of_touching_a_file_is_seen(run: Run) -> None:
    run([sys.executable, "-c", f"import sys; sys.stdout = open('made', 'w')\n{_program(making=True)}"])
    seen = run([sys.executable, "-c", f"import sys; sys.stdout = open('done', 'w')\n{_program(making=False)}"])
    assert seen.execution.exit_code == 0
    done = (seen.root / "done").read_text().split()
    # Those of the standard library at the least; the others where their packages are installed.
    assert len(done) >= 17
    roles = seen.roles()
    assert [name for name in done if name[0] == "r" and roles.get(name) != "input"] == []
    assert [name for name in done if name[0] == "w" and roles.get(name) not in {"output", "renamed"}] == []
    assert [name for name in done if name[0] == "r" and not seen.use(name).before] == []
    assert [name for name in done if name[0] == "w" and not seen.use(name).sha256] == []
    assert seen.files.complete
