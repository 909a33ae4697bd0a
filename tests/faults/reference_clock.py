"""A partition's event time, from what its blocks say of their sources: written from docs/adr/0029-watermarks.md and docs/scoring.md,
"The partition's event time"."""
from dataclasses import dataclass

from reference_scorer import CLOCK_STEP_MAX_MS

NEVER = float('-inf')
END_COUNTS_MS = 10_000        # so long after a source was at its end it holds nothing
HELD_MAX_MS = 300_000         # by a source that gets on with nothing
STEP_COUNTS_MS = 2_000        # of the time between two blocks, towards that
UNTOLD_MS = 7 * 86_400_000    # so long before the first observation it begins while a source has told no time


@dataclass
class Source:
    time_ms: float = NEVER
    ended_ms: float = NEVER   # last at its end, on the clock of ends
    moved_ms: int = 0         # on the clock of holding
    waits: bool = False


class PartitionClock:
    """`now_ms` is NEVER before the first observation."""

    def __init__(self):
        self.now_ms = self._greatest_ms = self._first_ms = NEVER
        self._sources = {}
        self._ends_ms = self._held_ms = 0      # clocks that run while blocks come, by the broker's time
        self._told_ms = None

    def take(self, reports, told_ms):
        """Before a block's observations. `reports`: observation_blocks.SourceReport; `told_ms`: the broker's time of the block."""
        if not reports:
            return
        self._pass(told_ms)
        for report in reports:
            self._hear(report)
        foremost = self._foremost_ms()
        for report in reports:
            if report.at_end:     # what it still brings is as new as what the foremost brings
                source = self._sources[report.source]
                source.time_ms = max(source.time_ms, foremost)

    def _pass(self, told_ms):
        passed = max(0, told_ms - self._told_ms) if self._told_ms is not None else 0
        self._ends_ms += min(passed, END_COUNTS_MS + 1)
        self._held_ms += min(passed, STEP_COUNTS_MS)
        self._told_ms = told_ms

    def _hear(self, report):
        source = self._sources.setdefault(report.source, Source(moved_ms=self._held_ms))
        if report.is_doubted:
            source.ended_ms = NEVER
        if report.is_mention:
            return
        if report.at_end:
            source.ended_ms = self._ends_ms
        told = NEVER if report.time_ms is None else report.time_ms
        if report.at_end or report.waits or told != source.time_ms:
            source.moved_ms = self._held_ms
        source.time_ms = source.time_ms if report.time_ms is None else told
        source.waits = report.waits

    def advance(self, time_ms, is_count=False):
        """With each observation; `is_count`: it only counts for an address."""
        if self.now_ms == NEVER:
            self.now_ms = self._first(time_ms)
        if self._sources or is_count:
            return
        reached_twice = min(time_ms, self._greatest_ms)
        self._greatest_ms = max(self._greatest_ms, time_ms)
        if reached_twice > self.now_ms:
            self.now_ms = min(reached_twice, self.now_ms + CLOCK_STEP_MAX_MS)

    def _first(self, time_ms):
        told = self._of_sources() if self._sources else time_ms
        if told != NEVER:
            return min(time_ms, told)
        self._first_ms = time_ms
        return time_ms - UNTOLD_MS

    @property
    def budget_ms(self):
        """What is allowed per minute goes by it: the way from long before the first observation is no passing of time."""
        return self._first_ms if self._first_ms != NEVER and self.now_ms == self._first_ms - UNTOLD_MS else self.now_ms

    def follow(self):
        """After a block's observations."""
        if self._sources:
            self.now_ms = max(self.now_ms, self._of_sources())

    def _foremost_ms(self):
        return max((one.time_ms for one in self._sources.values() if not one.waits), default=NEVER)

    def _of_sources(self):
        least = min((one.time_ms for one in self._sources.values()
                     if self._ends_ms - one.ended_ms > END_COUNTS_MS and self._held_ms - one.moved_ms <= HELD_MAX_MS),
                    default=float('inf'))
        return min(least, self._foremost_ms())
