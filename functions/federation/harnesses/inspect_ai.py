# SPDX-License-Identifier: Apache-2.0
"""Reads Inspect's scores: the log of one evaluation, as `.json` or as `.eval`, a zip with a file for each sample.

Read from and tried with inspect_ai 0.3.285 (log version 2): `log/_log.py` has the fields, `scorer/_metric.py` the letters
(`value_to_float`). That version packs `.eval` with Zstandard, which Python's zipfile cannot read before 3.14.
"""

import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from federation.core.number_text import counted
from federation.core.records import quoted
from federation.errors import ContractError
from federation.harnesses.answer import Answer, File, Options, Results
from federation.harnesses.choice import choose_matching
from federation.harnesses.content import mapping, members, number_in, number_of, text_at, value_of

NAME: Final = "Inspect"
OPTIONS: Final = frozenset({"task", "score", "cluster", "category", "worst"})
ZIP: Final = b"PK\x03\x04"
_LETTERS: Final[Mapping[str, float]] = {"C": 1, "I": 0, "P": 0.5, "N": 0}
_WORDS: Final[Mapping[str, float]] = {"yes": 1, "true": 1, "no": 0, "false": 0}
"""Scores of words in upper or lower case."""
_LARGEST: Final = 268_435_456
_WHOLE: Final = 2_147_483_648
"""Bytes of one unpacked sample, and of all of them, so that a small file cannot fill the memory."""
_READ: Final = ("id", "epoch", "scores", "error")
"""The fields that are read of every sample; most of its bytes are the messages."""
_RETRY: Final = "Finish it first: inspect eval-retry, with this file's name."
_CONVERT: Final = "Turn it into JSON first: inspect log convert {} --to json --output-dir json"


class _Log(msgspec.Struct, frozen=True, kw_only=True):
    """A log's header and samples."""

    file: str
    header: Mapping[str, Any]
    samples: Sequence[Mapping[str, Any]]

    @property
    def task(self) -> str:
        return str(mapping(self.header.get("eval")).get("task"))

    @property
    def model(self) -> str:
        return str(mapping(self.header.get("eval")).get("model"))


def is_document(document: Mapping[str, Any]) -> bool:
    """Whether a JSON document is a log."""
    return "status" in document and "task" in mapping(document.get("eval"))


def read(files: Sequence[File], options: Options) -> Results:
    """The samples of one task, or of several tasks as one suite, in which a task is its items' category.

    Raises:
        ContractError: A file is not the log of a successful run, or holds more than one task and none was chosen.
    """
    logs: dict[str, _Log] = {}
    for file in files:
        log = _read_log(file, options)
        if other := logs.get(log.task):
            raise ContractError(
                f"{other.file} and {log.file} are both logs of the task {quoted(log.task)}",
                hint="These are two runs or two models: name the log of one, and compare its records with the other's.",
            )
        logs[log.task] = log
    tasks = choose_matching("task", logs, options.task, "--task")
    model, *others = dict.fromkeys(logs[task].model for task in tasks)
    if others:
        raise ContractError(
            f"the logs are from two models, {quoted(model)} and {quoted(others[0])}; name the logs of one"
        )
    for task in tasks:
        _require_complete(logs[task])
    is_single = len(tasks) == 1
    answers = [answer for task in tasks for answer in _answers(logs[task], "" if is_single else task, options)]
    title = f"task {tasks[0]}" if is_single else f"{len(tasks)} tasks, each a category: {', '.join(tasks)}"
    return Results(
        description=f"{title}; model {model}",
        answers=answers,
        right_or_wrong=_graded_metrics(logs[task] for task in tasks),
    )


def _read_log(file: File, options: Options) -> _Log:
    if file.body.startswith(ZIP):
        return _archived_log(file, options)
    document = value_of(file.body, file.name)
    if not isinstance(document, dict) or not is_document(document):
        raise ContractError(f"{file.name} is not a log of {NAME}: it states no status and no eval.task")
    return _log_of(file, document, members(document.get("samples")))


def _log_of(file: File, header: Any, samples: Sequence[Any]) -> _Log:
    rows = [sample for sample in samples if isinstance(sample, dict) and "id" in sample]
    if len(rows) != len(samples) or not is_document(mapping(header)):
        raise ContractError(f"{file.name}: the log has a sample without an id, or states no status and no eval.task")
    return _Log(file=file.name, header=header, samples=rows)


def _archived_log(file: File, options: Options) -> _Log:
    try:
        with zipfile.ZipFile(io.BytesIO(file.body)) as archive:
            names = archive.namelist()
            if "header.json" not in names:
                raise ContractError(
                    f"{file.name} has no header.json: it is not a log of {NAME}, or its run has not ended",
                    hint=_RETRY,
                )
            names = [name for name in names if name.startswith("samples/")]
            _require_small(archive, ["header.json", *names], file)
            header = _member(archive, "header.json", file)
            samples = [_needed_fields(_member(archive, name, file), options) for name in names]
    except NotImplementedError as error:
        raise ContractError(
            f"{file.name} is packed in a way that this Python cannot read, perhaps Zstandard",
            hint=_CONVERT.format(file.name),
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        raise ContractError(f"{file.name} is a damaged archive: {error}") from error
    return _log_of(file, header, sorted(samples, key=_sort_key))


def _require_small(archive: zipfile.ZipFile, names: Sequence[str], file: File) -> None:
    """Raise if the unpacked members are too large for the memory."""
    sizes = [archive.getinfo(name).file_size for name in names]
    for size, most, what in ((max(sizes), _LARGEST, "in one sample"), (sum(sizes), _WHOLE, "in all samples")):
        if size > most:
            text = f"{file.name} has {size:,} bytes {what} unpacked; at most {most:,} are read"
            raise ContractError(text, hint=_CONVERT.format(file.name))


def _member(archive: zipfile.ZipFile, name: str, file: File) -> Any:
    return value_of(archive.read(name), f"{file.name}: {quoted(name)}")


def _needed_fields(sample: Any, options: Options) -> Any:
    """The fields of a sample that are read."""
    fields = [field for path in (options.cluster, options.category) if path for field in (path, path.partition(".")[0])]
    return {key: sample[key] for key in (*_READ, *fields) if key in sample} if isinstance(sample, dict) else sample


def _sort_key(sample: Any) -> tuple[bool, float, str, float]:
    """A sample's sort key: its id, numbers first, then its epoch."""
    item, epoch = mapping(sample).get("id"), number_of(mapping(sample).get("epoch"))
    number = None if isinstance(item, bool) else number_of(item)
    return number is None, number or 0, str(item), epoch or 0


def _require_complete(log: _Log) -> None:
    """Raise unless the run ended well, with every sample in the log."""
    status = log.header.get("status")
    if status != "success":
        raise ContractError(
            f"{log.file}: the run's status is {quoted(str(status))}, so samples are missing", hint=_RETRY
        )
    if log.header.get("invalidated"):
        raise ContractError(f"{log.file}: somebody invalidated samples of the run", hint=_RETRY)
    total = number_of(mapping(log.header.get("results")).get("total_samples")) or 0
    if not log.samples or total > len(log.samples):
        present = counted(len(log.samples), "sample")
        raise ContractError(
            f"{log.file}: the log has {present} of {max(total, len(log.samples)):,}",
            hint="Run the evaluation with its samples logged: without --no-log-samples.",
        )
    times = Counter((str(sample["id"]), str(sample.get("epoch"))) for sample in log.samples)
    (name, epoch), most = times.most_common(1)[0]
    if most > 1:
        raise ContractError(f"{log.file}: the sample {quoted(name)} has the epoch {epoch} more than once")


def _answers(log: _Log, task: str, options: Options) -> Iterator[Answer]:
    """An answer for each sample and epoch. Another epoch repeats the question."""
    for sample in log.samples:
        item = str(sample["id"])
        yield Answer(
            item=f"{task}/{item}" if task else item,
            scores={metric: _number(value) for metric, value in _values(sample)},
            cluster=text_at(sample, options.cluster),
            category=(task or None) if options.category is None else text_at(sample, options.category),
            failed=bool(sample.get("error")),
        )


def _values(sample: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each metric with its value: one per scorer, or `scorer.key` for each key of a scorer with several."""
    for scorer, score in mapping(sample.get("scores")).items():
        value = mapping(score).get("value")
        if isinstance(value, dict):
            yield from ((f"{scorer}.{key}", inner) for key, inner in value.items())
        else:
            yield scorer, value


def _number(value: Any) -> float | None:
    if not isinstance(value, str):
        return number_of(value)
    grade = _grade(value)
    return number_in(value) if grade is None else grade


def _grade(value: str) -> float | None:
    """The score of a letter or a word; None if it has none."""
    return _LETTERS.get(value, _WORDS.get(value.lower()))


def _graded_metrics(logs: Iterator[_Log]) -> frozenset[str]:
    """The metrics whose values are all letters, words, true or false."""
    is_graded: dict[str, bool] = {}
    for log in logs:
        for sample in log.samples:
            for metric, value in _values(sample):
                graded = isinstance(value, bool) or (isinstance(value, str) and _grade(value) is not None)
                is_graded[metric] = is_graded.get(metric, True) and graded
    return frozenset(metric for metric, graded in is_graded.items() if graded)
