# SPDX-License-Identifier: Apache-2.0
"""What does lm-evaluation-harness report for a model on the suite's items? The same labels as asking it directly.

The harness reads the tasks of evals/tasks and local files, offline; evals/scoring.py turns its answers into records.
"""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

import yaml

OFFLINE: Final = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_EVALUATE_OFFLINE": "1"}
for _name, _value in OFFLINE.items():
    os.environ.setdefault(_name, _value)

from lm_eval import simple_evaluate  # noqa: E402 - reads the environment when it is imported
from lm_eval.api.model import LM  # noqa: E402 - as above
from lm_eval.tasks import TaskManager  # noqa: E402 - as above

from training_images.evals.labels import LABELS, WORDS  # noqa: E402 - as above
from training_images.evals.prose import prose  # noqa: E402 - as above
from training_images.evals.scoring import Answer, score  # noqa: E402 - as above
from training_images.evals.suite import Suite  # noqa: E402 - as above
from training_images.job.result import EvalResult  # noqa: E402 - as above

_WORDS: Final = [WORDS[label] for label in LABELS]


def evaluated(model: LM, suite: Suite) -> dict[str, EvalResult]:
    """Answer the task, policy, adversarial and prose parts with a model of the harness, such as its `HFLM`."""
    return {**score(answer_of(model), suite), "prose": prose(likelihoods(model, suite.parts["prose"].texts), suite)}


def answer_of(model: LM) -> Answer:
    """Answer with the likeliest of the 43 words; the first wins a tie."""

    def answer(texts: Sequence[str]) -> Sequence[str]:
        rows = [{"text": text, "words": _WORDS, "word": _WORDS[0]} for text in texts]
        return [_likeliest(sample["filtered_resps"]) for sample in _samples(model, "spiralverse_intents", rows)]

    return answer


def likelihoods(model: LM, texts: Sequence[str]) -> list[float]:
    """The log-likelihood of each text: the sum of its tokens' natural logarithms."""
    samples = _samples(model, "spiralverse_prose", [{"text": text} for text in texts])
    return [_number(sample["filtered_resps"][0]) for sample in samples]


def _likeliest(responses: Sequence[Any]) -> str:
    values = [_number(response) for response in responses]
    return LABELS[values.index(max(values))]


def _number(response: Any) -> float:
    """Read a log-likelihood, which the harness reports alone or together with whether it was the greedy choice."""
    return float(response[0] if isinstance(response, (list, tuple)) else response)


def _samples(model: LM, task: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The harness's samples, in the order of the rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "test.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        dataset = {"data_files": {"test": str(path)}, "cache_dir": str(Path(folder) / "cache")}
        results = simple_evaluate(
            model=model,
            tasks=[{**_task(task), "dataset_kwargs": dataset}],
            task_manager=TaskManager(include_defaults=False),
            log_samples=True,
            bootstrap_iters=0,
        )
    samples: list[dict[str, Any]] = results["samples"][task]
    return sorted(samples, key=lambda sample: int(sample["doc_id"]))


def _task(name: str) -> dict[str, Any]:
    content = resources.files(__package__).joinpath("tasks", f"{name}.yaml").read_text("utf-8")
    task: dict[str, Any] = yaml.safe_load(content)
    return task
