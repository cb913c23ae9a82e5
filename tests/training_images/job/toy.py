# SPDX-License-Identifier: Apache-2.0
"""A trainer that learns nothing and does everything else, for the library under every image to be tried with.

It counts words. What it is told to do wrong, it does: that is what its settings are for.
"""

import errno
import resource
import signal
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[3] / part) for part in ("", "functions")]

from training_images.job.errors import ConfigError  # noqa: E402 - after the path
from training_images.job.job import Job  # noqa: E402 - as above
from training_images.job.result import DataSet, EvalResult, LatencyResult, UnitResult  # noqa: E402 - as above
from training_images.job.run import run  # noqa: E402 - as above

DIGEST = "sha256:" + "0" * 64


def train(job: Job) -> list[UnitResult]:
    words = (job.spec.channel("data") / "words.txt").read_text("utf-8").split()
    _misbehave(job, job.spec.settings.text("wrong", "nothing"))
    (job.folder / "weights.json").write_text(f'{{"words":{len(words)}}}')
    job.log(loss=2.5)
    records = [{"item": f"item-{number}", "scores": {"accuracy": number % 2}} for number in range(4)]
    requests = [
        {"item": f"item-{number}", "scores": {"latency_ms": 1.5, "cost": 1e-7, "tokens": 3}} for number in range(4)
    ]
    return [
        UnitResult(
            kind=job.spec.settings.text("makes", job.spec.kind or "textgen-lora"),
            files=[job.spec.settings.text("ships", "weights.json")],
            contract={"rank": 4},
            quality=EvalResult(
                suite="toy", digest=DIGEST, records=records, summaries={"bits_per_byte": (3, 1.25, 0.5)}
            ),
            safety={
                "policy": EvalResult(suite="toy-policy", digest=DIGEST, records=[{"item": "a", "scores": {"safe": 1}}])
            },
            latency=LatencyResult(records=requests),
            datasets=[DataSet(name="words", digest=DIGEST)],
            base_model="acme/base",
            summary="Counts words.",
            charts={"loss": b"<svg/>"},
            seeds={"order": 7},
        )
    ]


def _misbehave(job: Job, how: str) -> None:
    if how == "configured":
        raise ConfigError("the base model is another one")
    if how == "crashes":
        raise RuntimeError("matrices do not fit")
    if how == "disk":
        raise OSError(errno.ENOSPC, "No space left on device", "weights.json")
    if how == "fills":  # no file may grow beyond the weights and the records, so the shipment breaks off at its card
        resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))
    if how == "pickle":
        (job.folder / "weights.bin").write_bytes(b"\x80\x04.")
    if how == "killed":
        (job.spec.output.parent / "running").touch()
        signal.pause()
    if how == "waits":
        (job.spec.output.parent / "running").touch()
        while not job.interrupted():
            time.sleep(0.01)
        job.spec.checkpoints.mkdir(parents=True, exist_ok=True)
        (job.spec.checkpoints / "step.json").write_text('{"step":3}')
        raise job.interruption(3)


if __name__ == "__main__":
    sys.exit(run(train, settings={"wrong", "makes", "ships", "steps", "rate", "seed"}))
