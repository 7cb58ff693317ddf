# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A source, a sink and their stalls for the valid/ready ports between the core's modules.

cocotbext-axi needs complete AXI interfaces; the ports inside the core have other names and fewer signals, and
here a source or a sink needs no coroutine (see tb/lib/kit.py). The rules are AXI4-Stream's: a beat
offered stays unchanged until it is accepted. Payload is X while valid is low.
"""

from collections import deque

#: Kinds of stalls.
PAUSES = ("none", "random", "bursts", "late")

#: Pairs (source, sink) used for every stream: none, both random, in bursts, one side late.
STALLS = {
    "none": ("none", "none"),
    "random": ("random", "random"),
    "bursts": ("bursts", "bursts"),
    "slow_in": ("random", "none"),
    "slow_out": ("none", "random"),
    "late_in": ("late", "none"),
    "late_out": ("none", "late"),
}


def pauses(kind, rng, chance=0.5, longest=12, late=40):
    """An infinite sequence of booleans, True where a side of a stream stalls.

    Parameters
    ----------
    kind : str
        "none": never. "random": each cycle with `chance`. "bursts": runs of 1 to `longest` cycles, on and
        off. "late": for the first `late` cycles, then never.
    rng : numpy.random.Generator
    """
    if kind == "none":
        while True:
            yield False
    elif kind == "random":
        while True:
            yield from (rng.random(256) < chance).tolist()
    elif kind == "bursts":
        state = bool(rng.integers(2))
        while True:
            yield from [state] * int(rng.integers(1, longest + 1))
            state = not state
    elif kind == "late":
        yield from [True] * late
        while True:
            yield False
    else:
        raise ValueError(f"pauses are {kind!r}, expected one of {', '.join(PAUSES)}")


class Source:
    """Offers queued beats.

    Parameters
    ----------
    bench : kit.Bench
    valid, ready : str
        Names of the ports; `ready` is None if the other side always accepts.
    payload : sequence of str
        Ports of a beat; a beat is a dict with a value for each, or a single value if there is one port.
    pause : iterator of bool
        Read once per cycle while no beat is offered.

    Attributes
    ----------
    taken : list
        (cycle, beat) of each accepted beat.
    """

    def __init__(self, bench, valid, ready, payload, pause=None):
        self.bench, self.valid, self.ready, self.payload = bench, valid, ready, tuple(payload)
        self.pause = pause if pause is not None else pauses("none", None)
        self.queue, self.offered, self.taken = deque(), None, []
        self._idle = {valid: 0, **dict.fromkeys(self.payload)}
        bench.drive(**self._idle)
        bench.parts.append(self)

    def send(self, *beats):
        """Queue beats."""
        for beat in beats:
            self.queue.append(beat if isinstance(beat, dict) else {self.payload[0]: beat})

    @property
    def empty(self):
        """Whether all queued beats were accepted."""
        return not self.queue and self.offered is None

    def clear(self):
        """Drop all queued and offered beats (a system reset)."""
        self.queue.clear()
        self.offered = None

    def drive(self):
        if self.offered is None and not next(self.pause) and self.queue:
            self.offered = self.queue.popleft()
        if self.offered is None:
            self.bench.drive(**self._idle)
        else:
            self.bench.drive(**{self.valid: 1}, **self.offered)

    def sample(self):
        ready = self.ready is None or self.bench.read(self.ready)
        if self.offered is not None and ready:
            self.taken.append((self.bench.cycle, self.offered))
            self.offered = None


class Sink:
    """Accepts beats, and checks that an offered beat is neither changed nor withdrawn.

    Parameters
    ----------
    bench : kit.Bench
    valid, ready : str
    payload : sequence of str
    pause : iterator of bool
        Read once per cycle.

    Attributes
    ----------
    beats : list
        (cycle, values of payload) of each accepted beat.
    blocked : bool
        While true, nothing is accepted, regardless of `pause`.
    """

    def __init__(self, bench, valid, ready, payload, pause=None):
        self.bench, self.valid, self.ready, self.payload = bench, valid, ready, tuple(payload)
        self.pause = pause if pause is not None else pauses("none", None)
        self.beats, self.held, self.blocked, self._ready = [], None, False, 0
        bench.drive(**{ready: 0})
        bench.parts.append(self)

    @property
    def values(self):
        """The beats without their cycles; single values if the payload is one port."""
        return [beat if len(beat) > 1 else beat[0] for _, beat in self.beats]

    def drive(self):
        self._ready = int(not (self.blocked or next(self.pause)))
        self.bench.drive(**{self.ready: self._ready})

    def sample(self):
        if not self.bench.read(self.valid):
            if self.held is not None:
                self.bench.fail(f"{self.valid} fell before the beat was accepted")
            return
        beat = tuple(self.bench.read(name) for name in self.payload)
        if self.held is not None and beat != self.held:
            self.bench.fail(
                f"{', '.join(self.payload)} changed before the beat was accepted: {self.held} became {beat}"
            )
        if self._ready:
            self.beats.append((self.bench.cycle, beat))
        self.held = None if self._ready else beat

    def forget(self):
        """A reset removed the offer."""
        self.held = None
