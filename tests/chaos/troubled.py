"""A stage on which everything goes wrong that may: the story's own lines are left as they are."""

import threading
from dataclasses import dataclass, field

EFFECTS = {
    "aws": ("PutObject", "PutEvents", "CreateModel", "UpdateEndpoint", "UpdateEndpointWeightsAndCapacities", "AddTags"),
    "gcp": ("objects.insert", "Publish", "endpoints.patch"),
}
STATUSES = (500, 503, 429, 403)
"""A fault of the service, an overload, a throttle, an expired token."""


@dataclass
class Troubled:
    """Delivers twice, out of order, and lets services fail, answers get lost and processes die in between."""

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
        """The body, and then once more this or an older one, whatever happens meanwhile."""
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
