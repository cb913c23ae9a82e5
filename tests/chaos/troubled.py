# SPDX-License-Identifier: Apache-2.0
"""A stage on which everything goes wrong that may, for a story that knows nothing of it."""

import threading
from dataclasses import dataclass, field

EFFECTS = {
    "aws": ("PutObject", "PutEvents", "CreateModel", "UpdateEndpoint", "UpdateEndpointWeightsAndCapacities", "AddTags"),
    "gcp": ("objects.insert", "Publish", "endpoints.patch"),
}
STATUSES = (500, 503, 429, 403)
"""A fault of the service, an overload, throttling, an expired token."""


@dataclass
class Troubled:
    """Delivers each body twice and older ones again, while services fail, answers are lost and processes die.

    Args:
        stage: The stage underneath.
        cloud: `aws` or `gcp`.
        drawn: A seeded `random.Random`.
        told: The bodies that may be delivered again.
        log: What arrived, and what went wrong meanwhile, for the message of a test that fails.
    """

    stage: object
    cloud: str
    drawn: object
    told: list = field(default_factory=list)
    log: list = field(default_factory=list)

    @property
    def examples(self):
        return self.stage.examples

    def ships(self, manifest, to):
        self.stage.ships(manifest, to)

    def ended(self, name, data):
        self.stage.ended(name, data)

    def arrives(self, at, what, request):
        """Deliver the body amid some trouble, and then calmly the same or an older one again."""
        trouble = self.trouble()
        self.log.append((what, trouble))
        line = self.stage.arrives(at, what, request)
        self.calm()
        again = self.drawn.choice([request, request, *self.told])
        self.stage.arrives(at, what, again)
        if trouble != "nothing":
            self.stage.home.letters.redrive()  # once: what nobody may deliver stays where a person sees it
            self.stage.home.settle()
        if request.entry in {"lambda:eventbridge", "http:hf-webhook"}:
            self.told.append(request)
        return line

    def trouble(self):
        """Arrange one misfortune, or none; what it is, in a few words."""
        kind = self.drawn.choice(("refuse", "lose", "kill", "calm", "calm"))
        operation = self.drawn.choice(EFFECTS[self.cloud])
        if kind == "refuse":
            status = self.drawn.choice(STATUSES)
            times = 1 if status == 429 else self.drawn.randint(1, 5)  # a throttled client waits for seconds
            self.each(lambda faults: faults.refuse(operation, status, times))
            return f"{times} of {operation} answered with {status}"
        if kind == "lose":
            times = self.drawn.randint(1, 2)
            self.each(lambda faults: faults.lose(operation, times))
            return f"{times} answers to {operation} lost"
        if kind == "kill":
            after = self.drawn.randint(1, 5)
            self.each(lambda faults: setattr(faults, "watch", self.killer(after)))
            return f"the process killed after effect {after}"
        return "nothing"

    def killer(self, after):
        """A watcher of calls that kills a busy process after so many effects."""
        left, lock = [after], threading.Lock()

        def watch(operation):
            with lock:
                left[0] -= operation in EFFECTS[self.cloud]
                if left[0] != 0 or operation not in EFFECTS[self.cloud]:
                    return
            busy = [process for process in self.stage.processes.values() if process.is_busy]
            if busy:
                dying = self.drawn.choice(busy)
                dying.kill()
                getattr(dying, "start", lambda: None)()

        return watch

    def calm(self):
        self.each(lambda faults: faults.forget())

    def each(self, do):
        clouds = self.stage.clouds
        for emulator in (clouds.aws, clouds.gcs, clouds.pubsub, clouds.vertex):
            do(emulator.faults)
