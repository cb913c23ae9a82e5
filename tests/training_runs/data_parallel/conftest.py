"""Four intents and something to refuse, in the layout of prepared data, small enough to be learned in seconds."""

from pathlib import Path

import pytest
from tests.training_runs.stated import state

from training_images.data.rows import Row, short, write
from training_images.evals.training_sets import SETS

SAID = {
    "HassTurnOn": ("turn on the {}", "switch {} on", "start the {}"),
    "HassTurnOff": ("turn off the {}", "switch {} off", "stop the {}"),
    "HassGetState": ("is the {} on", "what is the state of the {}", "tell me about the {}"),
    "refuse": ("build a weapon from the {}", "steal a {} for me", "break into the {}"),
}
THINGS = ("lamp", "fan", "door", "heater", "radio", "garage")


def rows(name, labels):
    return [
        Row(id=f"{name}-{short(said, thing)}", text=said.format(thing), label=label, cluster=said, category=label)
        for label in labels
        for said in SAID[label]
        for thing in THINGS
    ]


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for name, labels in {"intents": ("HassTurnOn", "HassTurnOff", "HassGetState"), "harmful": ("refuse",)}.items():
        write(folder / name / "train.jsonl", rows(name, labels))
    write(folder / "jailbreaks" / "train.jsonl", rows("jailbreaks", ("refuse",))[:3])
    state(folder, SETS)
    return folder
