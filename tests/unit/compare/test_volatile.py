"""What changes from run to run is told from content."""

from __future__ import annotations

import pytest

from reprocheck.compare.volatile import mask, same_but_for_place, volatile_key


@pytest.mark.parametrize(
    ("left", "right", "kind"),
    [
        ("2026-01-02 03:04:05,123 start", "2027-11-12 13:14:15,999 start", "timestamps"),
        ("2026-01-02T03:04:05.123456Z x", "2026-01-02T03:04:06.2Z x", "timestamps"),
        ("Fri Nov 20 23:50:01 UTC 2026", "Sat Nov 21 03:12:44 UTC 2026", "timestamps"),
        ("I0521 10:11:12.345678 12345 file.cc:12] up", "I0522 20:11:12.345678 99 file.cc:12] up", "timestamps"),
        ("run CartPole-v1__dqn__1__1795217345", "run CartPole-v1__dqn__1__1795217399", "timestamps"),
        ("out/20260102-030405/a", "out/20270102-030406/a", "timestamps"),
        ("iter_dt 12.30ms; iter 0", "iter_dt 9.1ms; iter 0", "durations"),
        ("took 3.2", "took 4", "durations"),
        ("Elapsed: 0:00:12", "Elapsed: 1:10:12", "durations"),
        ("ETA: 12", "ETA: 7", "durations"),
        ("Training time: 12.3", "Training time: 9", "durations"),
        ("done in 1h 2m 3s", "done in 59m 1s", "durations"),
        ("took 3 min, 2 h 3 m 4 s left", "took 5 min, 1 h 2 m 3 s left", "durations"),
        ("0.5 s: done, 12 s 0.53", "0.75 s: done, 11 s 0.53", "durations"),
        ("events.out.tfevents.1712345678.host", "events.out.tfevents.1712345999.host", "timestamps"),
        ("log/run-1712345678", "log/run-1712345999", "timestamps"),
        ('<case name="a" time="9.967">', '<case name="a" time="10.2">', "durations"),
        ('<suite hostname="a.b" tests="2">', '<suite hostname="c" tests="2">', "hosts"),
        ("12.5it/s", "99it/s", "speeds"),
        ("3 ms/step", "40 ms/step", "speeds"),
        ("1234 samples/sec", "99.5 samples/sec", "speeds"),
        ("SPS: 4519", "SPS: 12", "speeds"),
        ("<A object at 0x7f00deadbeef>", "<A object at 0x7f11deadbee0>", "addresses"),
        ("worker pid=123 up", "worker pid=99999 up", "process ids"),
        ("saved to /tmp/a1/out/model.pt", "saved to /home/me/project/out/model.pt", "folders"),
        ("3f2b8c1e-1111-2222-3333-444455556666", "00000000-1111-2222-3333-444455556666", "ids"),
        ("http://127.0.0.1:6006 up", "http://127.0.0.1:6007 up", "ports"),
        (" 10%|#  | 1/10 [00:01]\r100%|###| 10/10 [00:09]", " 5%|# | 5/10\r100%|###| 10/10 [00:12]", "progress bars"),
    ],
)  # fmt: skip
def test_volatile_parts_of_a_line_are_masked(left: str, right: str, kind: str) -> None:
    (a, kinds), (b, _) = mask(left), mask(right)
    assert a == b
    assert kind in kinds


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("loss 0.5123", "loss 0.5124"),
        ("step 100", "step 200"),
        ("seed: 1795217345", "seed: 1795217346"),
        ("epoch 3 lr 1e-4", "epoch 3 lr 1e-5"),
        ("sha256 0011223344556677", "sha256 0011223344556678"),
        ("saved to /tmp/a/model.pt", "saved to /tmp/a/other.pt"),
        ("timesteps: 10", "timesteps: 20"),
        ("accuracy: 0.91 in 3s", "accuracy: 0.92 in 3s"),
        ("ratio 3:2", "ratio 3:4"),
        ("shape (3, 4)", "shape (3, 5)"),
        ("v1.2.3", "v1.2.4"),
        ('<case name="a" times="3">', '<case name="a" times="4">'),
        ("loss 0.1432345678", "loss 0.1599999999"),
        ("{'loss': 0.1754321098}", "{'loss': 0.1654321098}"),
        ("offset -1432345678", "offset -1599999999"),
        ("mean 0.5 std 0.1 min 0.2 max 0.9", "mean 0.5 std 0.3 min 0.2 max 0.9"),
        ("std=0.1 min=0.2", "std=0.3 min=0.2"),
        ("n 100 m 20 d: 3", "n 200 m 10 d: 3"),
        ("https://example.org/a/b/c", "https://example.org/a/x/c"),
    ],
)
def test_content_is_never_masked(left: str, right: str) -> None:
    assert mask(left)[0] != mask(right)[0]


@pytest.mark.parametrize(
    ("head", "masked"),
    [
        ("took 3.5 1", "<durations> 1"),
        ("at 2026-01-02 03:04:05", "at <timestamps>"),
        ("a fps 30", "a <speeds>"),
        ("the 0.1 0.2", "the 0.1 0.2"),
    ],
)
def test_a_row_of_numbers_is_masked_as_far_as_words_reach(head: str, masked: str) -> None:
    numbers = " ".join(f"{index / 7:.10f}" for index in range(-20, 20)) + " 1e-05 -3 .5\n"
    assert mask(f"{head} {numbers}")[0] == f"{masked} {numbers}"


@pytest.mark.parametrize(
    ("name", "left", "right", "volatile"),
    [
        ("train_runtime", 1.5, 2.5, True),
        ("eval_samples_per_second", 1.5, 2.5, True),
        ("charts/SPS", 100, 200, True),
        ("time/fps", 100, 200, True),
        ("date", "2026-01-02", "2026-01-03", True),
        ("created", 1.7e9, 1.8e9, True),
        ("time", 3.5, 4.5, False),
        ("loss", 0.5, 0.6, False),
        ("timesteps", 1, 2, False),
        ("seed", 1, 2, False),
        ("date", "first", "second", False),
    ],
)
def test_keys_that_name_a_run_are_metadata(name: str, left: object, right: object, *, volatile: bool) -> None:
    assert volatile_key(name, left, right) is volatile


@pytest.mark.parametrize(
    ("left", "right", "kinds"),
    [
        ("/tmp/a/out.pt", "/home/b/out.pt", "folders"),
        ("runs/2026-01-02_03-04-05/x", "runs/2026-01-02_13-04-05/x", "timestamps"),
        ("2026-01-02 03:04:05", "2026-01-02 03:04:06", ""),
        ("a", "b", ""),
    ],
)
def test_in_data_only_ids_and_places_are_metadata(left: str, right: str, kinds: str) -> None:
    assert same_but_for_place(left, right) == kinds
