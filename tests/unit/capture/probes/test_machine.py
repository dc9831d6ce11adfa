"""Machine, container, GPU and variables: read from files of the kernel and from other people's programs."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from reprocheck.capture.probes import machine
from reprocheck.capture.probes.container import container
from reprocheck.capture.probes.gpu import cuda_libraries, gpu_stack
from reprocheck.capture.probes.variables import variables
from reprocheck.capture.secrets import Secrets
from reprocheck.model.record import Package


def write(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def test_this_machine_answers() -> None:
    system, (processor, _), (memory, _) = machine.operating_system(), machine.processor(), machine.memory()
    assert system.kernel == os.uname().release
    assert processor is not None
    assert processor.usable == len(os.sched_getaffinity(0))
    assert memory is not None
    assert memory.total > memory.available > 0
    assert machine.limits()["nofile"] == str(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    assert int(machine.umask(), 8) >= 0


def test_a_processor_of_each_architecture(tmp_path: Path) -> None:
    first = "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\nmicrocode\t: 0x1\nflags\t\t: sse avx2 avx\n"
    x86 = f"{first}\nprocessor: 1\nflags: other\n"
    found, gaps = machine.processor(write(tmp_path / "x86", cpuinfo=x86), tmp_path)
    assert found is not None
    assert (found.model, found.vendor, found.flags, found.microcode) == (
        "Xeon",
        "GenuineIntel",
        ("avx", "avx2", "sse"),
        "0x1",
    )
    arm = "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"
    found, gaps = machine.processor(write(tmp_path / "arm", cpuinfo=arm), tmp_path)
    assert gaps == ()
    assert found is not None
    assert (found.model, found.flags) == ("CPU implementer 0x41 CPU part 0xd0c", ("asimd", "fp"))


def test_an_unreadable_kernel_is_a_gap(tmp_path: Path) -> None:
    assert machine.processor(tmp_path, tmp_path)[1][0].channel == "environment.processor"
    assert machine.memory(tmp_path, tmp_path)[1][0].channel == "environment.memory"
    assert machine.umask(tmp_path) == ""


@pytest.mark.parametrize(
    ("group", "files", "quota", "limit"),
    [
        (
            "0::/a/b\n",
            {"a__b__cpu.max": "max 100000", "a__cpu.max": "150000 100000", "a__b__memory.max": "5000"},
            1.5,
            5000,
        ),
        ("0::/\n", {"cpu.max": "50000 100000", "memory.max": "max"}, 0.5, None),
        (
            "4:cpu,cpuacct:/x\n5:memory:/x\n",
            {
                "cpu__x__cpu.cfs_quota_us": "-1",
                "cpu__x__cpu.cfs_period_us": "100000",
                "memory__x__memory.limit_in_bytes": "7",
            },
            None,
            7,
        ),
        ("0::/gone\n", {"cpu.max": "100000 100000"}, 1.0, None),
        ("", {}, None, None),
    ],
)
def test_control_groups_of_both_versions(
    tmp_path: Path, group: str, files: dict[str, str], quota: float | None, limit: int | None
) -> None:
    proc = write(
        tmp_path / "proc", self__cgroup=group, cpuinfo="flags: a\n", meminfo="MemTotal: 100 kB\nMemAvailable: 1 kB\n"
    )
    cgroup = write(tmp_path / "cgroup", **files)
    processor, _ = machine.processor(proc, cgroup)
    memory, _ = machine.memory(proc, cgroup)
    assert processor is not None
    assert processor.quota == quota
    assert memory is not None
    assert (memory.total, memory.limit) == (102400, limit)


def test_language_and_zone(tmp_path: Path) -> None:
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Europe/Vienna")
    found = machine.locale_of({"LANG": "de_AT.UTF-8", "LC_CTYPE": "", "LC_ALL": "C.UTF-8@x"}, tmp_path)
    assert (found.language, found.encoding, found.timezone) == ("C.UTF-8@x", "UTF-8", "Europe/Vienna")
    assert machine.locale_of({"TZ": "UTC"}, tmp_path).timezone == "UTC"
    assert machine.locale_of({}, write(tmp_path / "etc", timezone="Asia/Tokyo\n")).timezone == "Asia/Tokyo"
    assert machine.locale_of({}, tmp_path / "none").timezone == ""


_ID = "4" * 64


@pytest.mark.parametrize(
    ("files", "environment", "kind", "identity"),
    [
        ({".dockerenv": ""}, {}, "docker", ""),
        ({".dockerenv": "", "proc__self__mountinfo": f"1 /var/lib/docker/containers/{_ID}/hosts"}, {}, "docker", _ID),
        ({"proc__self__cgroup": f"0::/system.slice/docker-{_ID}.scope"}, {}, "unknown", _ID),
        ({}, {"KUBERNETES_SERVICE_HOST": "192.0.2.1"}, "kubernetes", ""),
        ({}, {"APPTAINER_CONTAINER": "/x.sif"}, "singularity", ""),
        ({}, {"container": "lxc"}, "lxc", ""),
    ],
)
def test_containers_are_noticed(
    tmp_path: Path, files: dict[str, str], environment: dict[str, str], kind: str, identity: str
) -> None:
    found, (gap,) = container(environment, write(tmp_path, **files))
    assert found is not None
    assert (found.kind, found.id) == (kind, identity)
    assert gap.channel == "environment.container"


def test_podman_says_which_image(tmp_path: Path) -> None:
    facts = f'engine="podman-4"\nid="{_ID}"\nimage="docker.io/library/x:1"\nimageid="sha"\n'
    found, gaps = container({}, write(tmp_path, **{"run__.containerenv": facts}))
    assert gaps == ()
    assert found is not None
    assert (found.kind, found.id, found.image, found.image_digest) == ("podman", _ID, "docker.io/library/x:1", "sha")


def test_outside_of_containers_there_is_none(tmp_path: Path) -> None:
    assert container({}, tmp_path) == (None, ())


def test_without_a_driver_there_is_no_gpu_and_no_gap(tmp_path: Path) -> None:
    assert gpu_stack((), {}, tmp_path) == (None, ())


def test_another_makers_device_is_a_gap(tmp_path: Path) -> None:
    stack, (gap,) = gpu_stack((), {}, write(tmp_path, dev__kfd=""))
    assert stack is None
    assert "AMD" in gap.reason


def test_a_driver_that_does_not_answer_is_a_gap(tmp_path: Path) -> None:
    stack, (gap,) = gpu_stack((), {"PATH": str(tmp_path)}, write(tmp_path, dev__nvidia0=""))
    assert stack is None
    assert "libnvidia-ml" in gap.reason
    assert "nvidia-smi" in gap.reason


def test_nvidia_smi_is_read_where_the_library_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smi = tmp_path / "nvidia-smi"
    line = "0, NVIDIA X 80GB, GPU-1, 81559, 9.0, Enabled, [N/A], 1410, 1980, 700.00, 550.54"
    smi.write_text(f"#!/bin/sh\necho '{line}'\n", "utf-8")
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    stack, gaps = gpu_stack((), dict(os.environ), write(tmp_path, dev__nvidia0=""))
    assert gaps == ()
    assert stack is not None
    (gpu,) = stack.gpus
    assert (stack.driver, stack.source, gpu.name, gpu.memory) == ("550.54", "nvidia-smi", "NVIDIA X 80GB", 81559 << 20)
    assert (gpu.capability, gpu.ecc, gpu.mig, gpu.clock, gpu.power_limit) == ("9.0", True, None, 1410, 700_000)


def test_cuda_libraries_come_as_packages() -> None:
    packages = [Package(name=n, version="1", location="") for n in ("nvidia-cudnn-cu12", "nvidia_nccl_cu12", "numpy")]
    assert cuda_libraries(packages) == {"cudnn": "1", "nccl": "1"}


def test_variables_are_kept_by_allow_list() -> None:
    environment = {
        "OMP_NUM_THREADS": "2",
        "CUDA_VISIBLE_DEVICES": "",
        "TORCH_TOKEN": "abcdef",
        "HF_TOKEN": "abcdef",
        "MY_NAME": "me",
        "TF_VAR_license": "x",
        "PYTHONPATH": "/x:https://u:pass12@h/",
    }
    kept, names = variables(environment, Secrets(environment))
    assert kept == {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "2", "PYTHONPATH": "/x:https://u:<redacted>@h/"}
    assert names == ("HF_TOKEN", "MY_NAME", "TF_VAR_license", "TORCH_TOKEN")
