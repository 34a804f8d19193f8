"""Requests through an engine, step by step: who waits, who is read, who gets tokens, at central values.

A step takes what `StepTable` says of the number of running requests, their context and the tokens of prompts read beside them.
First come, first served, while there is a place, room in the cache and room in the step. An engine that cuts prompts
(chunked) fills a step to its limit, one that does not takes whole prompts. A cache is kept in pages; an engine that
`reserves` takes room for the whole answer before a request starts, the others for what it holds in the mean.

All groups of a replica do alike, so that one is followed. The steps are kept as a short list of kinds of step with how
often each came (`Mix`), so that the same sequence can be timed again under draws: who waits is decided once, at central values.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from math import ceil

import numpy as np

from ..draws import Number
from ..needs.model import Model
from .jobs import ServingStrategy
from .machine import Machine
from .serving import Load, ServeColumns, accepted_tokens
from .steady import step_seconds

KINDS = 48  # kinds of step that a mix keeps at most, in numbers of requests, tokens and context
PAGE_TOKENS = 64  # of a cache's page


@dataclass(frozen=True)
class Engine:
    """How an inference engine forms its steps; `step_tokens` and `requests` are the most of one group, `graph_requests` sizes that decode steps are padded to."""

    step_tokens: int
    requests: int
    chunked: bool = True
    reserves: bool = False
    graph_requests: tuple[int, ...] = ()

    def padded(self, running: int) -> int:
        """Requests that a step of decode alone computes: the next prepared size."""
        place = bisect_right(self.graph_requests, running - 1)
        return self.graph_requests[place] if running and place < len(self.graph_requests) else running


@dataclass(frozen=True)
class Stream:
    """Requests of one group: tokens to read, cached before, to write, and when each comes [s]; arrays of one length.

    `clients` is for a closed loop: so many send their next request when the last is done; `arrives_s` is then how long each
    request takes on its way to the engine, from the start or from the end of the one before.
    """

    prompt: np.ndarray
    cached: np.ndarray
    answer: np.ndarray
    arrives_s: np.ndarray
    clients: int | None = None


@dataclass(frozen=True)
class Mix:
    """Kinds of step: running requests, context, tokens of prompts; how often each came; who waited and who ran in it (for TTFT and TPOT)."""

    decode: np.ndarray
    context: np.ndarray
    prefill: np.ndarray
    times: np.ndarray
    waiting: np.ndarray


@dataclass(frozen=True)
class Served:
    """What happened: for each request TTFT and TPOT [s], in order of arrival; output tokens, seconds, the mix of steps, most at once."""

    ttft_s: np.ndarray
    tpot_s: np.ndarray
    end_s: np.ndarray
    tokens: float
    seconds: float
    mix: Mix
    running_most: int


class StepTable:
    """Seconds of a step by running requests, context and tokens of prompts, looked up between grid points."""

    def __init__(self, machine: Machine, model: Model, strategy: ServingStrategy, most: int, step_tokens: int, prompt: float, cached: float, contexts: tuple[float, float]):
        self.decode = _steps_to(most)
        self.prefill = [0.0, *(float(step_tokens) * share for share in (1 / 64, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 1.0))]
        self.low, self.high = contexts
        grid = np.meshgrid(self.decode, self.prefill, [self.low, self.high], indexing="ij")
        c = ServeColumns(strategy.tp, strategy.dp, grid[0] * strategy.dp, strategy.pp)
        found = step_seconds(machine, model, strategy, c, Load(grid[0], grid[2], grid[1], prompt, cached))
        self.seconds = np.broadcast_to(sum(found.values(), 0.0), grid[0].shape).tolist()

    def of(self, decode: float, context: float, prefill: float) -> float:
        """Seconds of one step."""
        i, x = _place(self.decode, decode)
        j, y = _place(self.prefill, prefill)
        z = (context - self.low) / (self.high - self.low) if decode else 0.0
        rows = (self.seconds[i], self.seconds[i + 1])
        ends = []
        for row in rows:
            near, far = row[j], row[j + 1]
            at = near[0] + z * (near[1] - near[0])
            to = far[0] + z * (far[1] - far[0])
            ends.append(at + y * (to - at))
        return float(ends[0] + x * (ends[1] - ends[0]))


def _steps_to(most: int) -> list[float]:
    values = {0.0, 1.0, float(max(most, 2))}
    size = 1.0
    while size < most:
        values |= {float(round(size * step)) for step in (1.0, 1.25, 1.5, 1.75) if size * step < most}
        size *= 2.0
    return sorted(values)


def _place(points: Sequence[float], value: float) -> tuple[int, float]:
    i = min(max(bisect_right(points, value) - 1, 0), len(points) - 2)
    return i, (value - points[i]) / (points[i + 1] - points[i])


@dataclass
class _Reading:
    """A prompt of which some tokens have been read."""

    number: int
    left: float


class _Run:
    """The state of one group."""

    def __init__(self, stream: Stream, engine: Engine, table: StepTable, cache_tokens: float, gained: float):
        self.stream, self.engine, self.table, self.gained = stream, engine, table, gained
        self.room = cache_tokens
        self.now = 0.0
        self.step = 0  # of the engine
        self.context = 0.0  # tokens before the next one, of all running requests
        self.running: list[tuple[int, int]] = []  # (step after which it ends, request)
        self.reading: deque[_Reading] = deque()
        self.queue: deque[int] = deque()
        count = len(stream.prompt)
        held = stream.prompt + stream.cached + stream.answer * (1.0 if engine.reserves else 0.5)
        self.held = np.ceil(held / PAGE_TOKENS) * PAGE_TOKENS
        self.arrived = np.full(count, np.nan)
        self.first = np.full(count, np.nan)
        self.end = np.full(count, np.nan)
        self.coming = 0  # next request that has not been sent
        self.sent: list[tuple[float, int]] = []  # on their way to the engine: (when they come, request)
        self.rows: list[tuple[float, float, float, float, float]] = []
        self.most = 0

    def go(self) -> None:
        """Until all are served."""
        count = len(self.stream.prompt)
        for _ in range(count if self.stream.clients is None else min(self.stream.clients, count)):
            self._send(0.0)
        while True:
            while self.sent and self.sent[0][0] <= self.now:
                when, number = heappop(self.sent)
                self.arrived[number] = when
                self.queue.append(number)
            self._admit()
            if self.running or self.reading:
                self._advance()
            elif self.sent:
                self.now = self.sent[0][0]
            else:
                return

    def _send(self, now: float) -> None:
        if self.coming < len(self.stream.prompt):
            heappush(self.sent, (now + float(self.stream.arrives_s[self.coming]), self.coming))
            self.coming += 1

    def _admit(self) -> None:
        """Requests whose prompts begin to be read: while there are places, cache, and room in the step."""
        budget = self._budget() - sum(each.left for each in self.reading)
        while self.queue and len(self.running) + len(self.reading) < self.engine.requests:
            number = self.queue[0]
            alone = not self.running and not self.reading
            if self.held[number] > self.room and not alone:
                return
            prompt = float(self.stream.prompt[number])
            if self.reading and (budget <= 0.0 or (not self.engine.chunked and prompt > budget)):
                return
            self.queue.popleft()
            self.room -= self.held[number]
            self.reading.append(_Reading(number, prompt))
            budget -= prompt

    def _budget(self) -> float:
        return max(self.engine.step_tokens - len(self.running), self.engine.step_tokens / 4.0)

    def _advance(self) -> None:
        """One step; or many alike, where nothing is read and nobody can start."""
        running = len(self.running)
        self.most = max(self.most, running + len(self.reading))
        taken = self._take() if self.reading else []
        read = sum(amount for _, amount in taken)
        steps = 1 if read else self._quiet()
        mean = self.context / running + self.gained * (steps - 1) / 2.0 if running else 0.0
        computed = self.engine.padded(running) if not read else running
        mean = mean * running / computed if running else 0.0  # those that only fill up have no context
        each = self.table.of(computed, mean, read)
        waits = len(self.queue) + len(self.reading)
        self.rows.append((computed, mean, read, steps, waits * steps))
        self.now += steps * each
        self.step += steps
        self.context += running * self.gained * steps
        self._finish()
        for reading, _ in taken:
            if reading.left <= 1e-9:
                self._start(reading.number)
        while self.reading and self.reading[0].left <= 1e-9:
            self.reading.popleft()

    def _take(self) -> list[tuple[_Reading, float]]:
        budget, taken = self._budget(), []
        for reading in self.reading:
            amount = min(reading.left, budget) if self.engine.chunked else reading.left
            if amount <= 0.0:
                break
            reading.left -= amount
            budget -= amount
            taken.append((reading, amount))
        return taken

    def _quiet(self) -> int:
        """Steps until a request ends or the next one comes."""
        steps = max(self.running[0][0] - self.step, 1)
        if self.sent:
            each = self.table.of(len(self.running), self.context / len(self.running), 0.0)
            steps = min(steps, max(1, ceil((self.sent[0][0] - self.now) / each)))
        return steps

    def _start(self, number: int) -> None:
        """The last token of its prompt is read: the first of its answer is there."""
        self.first[number] = self.now
        self.context += float(self.stream.prompt[number] + self.stream.cached[number]) + 1.0
        more = int(np.ceil((float(self.stream.answer[number]) - 1.0) / self.gained))
        if more <= 0:
            self._leave(number, 0)
            return
        heappush(self.running, (self.step + more, number))

    def _finish(self) -> None:
        while self.running and self.running[0][0] <= self.step:
            _, number = heappop(self.running)
            self._leave(number, int(np.ceil((float(self.stream.answer[number]) - 1.0) / self.gained)))

    def _leave(self, number: int, steps: int) -> None:
        self.end[number] = self.now
        self.room += self.held[number]
        self.context -= float(self.stream.prompt[number] + self.stream.cached[number]) + 1.0 + self.gained * steps
        if not self.running:
            self.context = 0.0
        if self.stream.clients is not None:
            self._send(self.now)


def serve(machine: Machine, model: Model, strategy: ServingStrategy, engine: Engine, stream: Stream, cache_tokens: float) -> Served:
    """Follow a stream of requests through one group of a replica; `machine` holds central values.

    cache_tokens: room for the tokens of all requests of the group.
    """
    prompt, cached = (float(np.mean(each)) for each in (stream.prompt, stream.cached))
    most = int(min(engine.requests, len(stream.prompt)))
    longest = float(np.max(stream.prompt + stream.cached + stream.answer))
    step_tokens = max(engine.step_tokens, 0 if engine.chunked else int(np.max(stream.prompt)))
    table = StepTable(machine, model, strategy, max(engine.padded(most), most), step_tokens, prompt, cached, (1.0, longest))
    run = _Run(stream, engine, table, cache_tokens, accepted_tokens(strategy))
    run.go()
    gaps = np.maximum(stream.answer - 1.0, 1.0)
    return Served(run.first - run.arrived, (run.end - run.first) / gaps, run.end, float(np.sum(stream.answer)), run.now, _mix(run.rows), run.most)


def _mix(rows: list[tuple[float, float, float, float, float]]) -> Mix:
    """Steps put together that are nearly alike: by requests and tokens on a scale of ratios, with their weighted means."""
    decode, context, prefill, steps, waiting = np.array(rows).T
    scale = 3.0
    while True:
        marks = np.stack([np.round(scale * np.log2(decode + 1.0)), np.round(scale * np.log2(prefill / 64.0 + 1.0)), np.round(scale / 2.0 * np.log2(context / 256.0 + 1.0))])
        _, place = np.unique(marks, axis=1, return_inverse=True)
        place = place.reshape(-1)
        if place.max() < KINDS or scale < 0.3:
            break
        scale *= 0.7
    weight = np.bincount(place, steps)
    running, seen, read = (np.bincount(place, steps * each) / weight for each in (decode, context, prefill))
    return Mix(running, seen, read, weight, np.bincount(place, waiting))


def mix_seconds(machine: Machine, model: Model, strategy: ServingStrategy, mix: Mix, prompt: float, cached: float) -> dict[str, Number]:
    """Time of each kind of step by cause [s], shape (kinds, draws) or (kinds, 1)."""
    decode, context, prefill = (np.asarray(each)[:, None] for each in (mix.decode, np.maximum(mix.context, 1.0), mix.prefill))
    c = ServeColumns(strategy.tp, strategy.dp, decode * strategy.dp, strategy.pp)
    return step_seconds(machine, model, strategy, c, Load(decode, context, prefill, prompt, cached))
