# SPDX-License-Identifier: Apache-2.0
"""What does the ServerApp do? It runs the plan with the members online and writes the result or a reason.

The run's configuration contains `plan` (JSON), `result` (a folder) and `patience` (seconds to wait for the answers to
one question).
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from flwr.app import Context, Message, MessageType
from flwr.serverapp import Grid, ServerApp

from training_images.federated import letters, results
from training_images.federated.notes import Note
from training_images.federated.rounds import TooFewError, learn
from training_images.job.errors import ConfigError, sentence

app = ServerApp()
_POLL: Final = 0.3
"""Seconds between two checks for answers; Flower's own waiting checks every three."""


@dataclass(kw_only=True)
class OverFlower:
    """Members reached through SuperNodes.

    Args:
        grid: Flower's grid.
        patience: Seconds to wait for the answers to one question.
        expected: All members that should take part.
        nodes: Node number by member, learned from the first answers.
        silent: The members that were asked and did not answer in time. Flower takes a minute to notice that a node is
            gone, and waiting for it at every question would cost more than the node can still contribute.
        seconds: How long each question took.
    """

    grid: Grid
    patience: float
    expected: tuple[str, ...]
    nodes: dict[str, int] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    seconds: list[tuple[str, float]] = field(default_factory=list)

    def online(self) -> Sequence[str]:
        """The members online; before any has given its name, all expected ones, after waiting for as many nodes."""
        if not self.nodes:
            self._wait_for_nodes()
            return self.expected
        online_nodes = set(self.grid.get_node_ids())
        return [name for name, node in self.nodes.items() if node in online_nodes and name not in self.silent]

    def ask(self, note: Note, names: Sequence[str]) -> Mapping[str, Note]:
        """Ask the named members; the first question goes to every node, because names come with the first answers."""
        start = time.monotonic()
        nodes = [self.nodes[name] for name in names] if self.nodes else list(self.grid.get_node_ids())
        content = letters.encode(note)
        waiting = set(
            self.grid.push_messages(
                [Message(content, dst_node_id=node, message_type=MessageType.TRAIN) for node in nodes]
            )
        )
        answers = self._await_answers(waiting)
        self.silent.update(name for name in names if name not in answers)
        self.seconds.append((note.what, time.monotonic() - start))
        return answers

    def _await_answers(self, waiting: set[str]) -> dict[str, Note]:
        answers: dict[str, Note] = {}
        deadline = time.monotonic() + self.patience
        while waiting and time.monotonic() < deadline:
            for reply in self.grid.pull_messages(list(waiting)):
                waiting.discard(reply.metadata.reply_to_message_id)
                self._take(reply, answers)
            time.sleep(_POLL if waiting else 0.0)
        return answers

    def _take(self, reply: Message, answers: dict[str, Note]) -> None:
        node = reply.metadata.src_node_id
        if reply.has_error():
            print(f"node {node} refused or failed: {reply.error.reason}", flush=True)
            return
        try:
            note = letters.read(reply.content)
            name = note.text("member")
        except ConfigError as error:
            print(f"node {node} answered with something else: {error}", flush=True)
            return
        if self.nodes.setdefault(name, node) != node:
            print(f"node {node} calls itself {name}, which is node {self.nodes[name]}; not counted", flush=True)
            return
        answers[name] = note

    def _wait_for_nodes(self) -> None:
        deadline = time.monotonic() + self.patience
        while len(set(self.grid.get_node_ids())) < len(self.expected) and time.monotonic() < deadline:
            time.sleep(_POLL)


@app.main()
def main(grid: Grid, context: Context) -> None:
    """Run the plan; on failure write one sentence into the result's folder and mark the run as failed."""
    config = context.run_config
    plan, folder = results.plan(json.loads(str(config["plan"]))), Path(str(config["result"]))
    members = OverFlower(grid=grid, patience=float(str(config["patience"])), expected=plan.members)
    try:
        result = learn(members, plan)
    except Exception as error:
        results.write_failure(folder, str(error) if isinstance(error, TooFewError) else sentence(error))
        raise
    results.write_result(folder, plan, result, members.seconds)
