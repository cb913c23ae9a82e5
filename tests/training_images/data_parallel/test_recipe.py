# SPDX-License-Identifier: Apache-2.0
"""What may be asked of a run, and what cannot work."""

from pathlib import Path

import pytest

from training_images.data_parallel.recipe import Recipe, recipe, share, workers
from training_images.job.errors import ConfigError
from training_images.job.settings import Settings
from training_images.job.spec import JobSpec


def spec(**given):
    here = Path("nowhere")
    return JobSpec(
        platform="local",
        name="trial",
        kind=None,
        settings=Settings(given=given),
        output=here,
        checkpoints=here,
        failure=here,
        machine="core",
        region="eu-west-1",
    )


def test_what_nobody_sets_is_as_usual():
    assert recipe(spec()) == Recipe()


def test_every_field_is_a_setting():
    given = {"exchange": "server", "steps": "3", "batch": "8", "rate": "0.5", "seed": "7", "keep": "2"}
    given |= {"meet": "30", "timeout": "9"}
    assert recipe(spec(**given)) == Recipe(
        exchange="server", steps=3, batch=8, rate=0.5, seed=7, keep=2, meet=30.0, timeout=9.0
    )


def test_an_exchange_that_nobody_knows_is_refused_with_those_that_there_are():
    with pytest.raises(ConfigError, match="'horovod' is none of ring, server"):
        recipe(spec(exchange="horovod"))


def test_a_batch_that_cannot_be_shared_evenly_is_refused():
    with pytest.raises(ConfigError, match="--batch 64 cannot be shared by 3 processes evenly; take a multiple of 3"):
        share(Recipe(batch=64), 3)


def test_a_server_is_none_of_those_who_share_the_batch():
    assert workers("server", 3) == 2
    assert share(Recipe(exchange="server", batch=64), 3) == 32


def test_a_server_alone_is_refused():
    with pytest.raises(ConfigError, match="has no worker"):
        share(Recipe(exchange="server"), 1)
