"""Many cases, and the figures of a run."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from tests.http1.fuzz.generate import SIDES, next_case
from tests.http1.fuzz.judge import TAKEN, Difference, Verdict, judge
from tests.http1.fuzz.message import Case

CORPUS: Final = Path(__file__).with_name("corpus")


@dataclass(slots=True)
class Figures:
    """What came of a run."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    excepted: Counter[str] = field(default_factory=Counter[str])
    ordinary: int = 0
    faults: list[str] = field(default_factory=list[str])
    """Differences that no exception covers, and ordinary messages that somebody does not take."""

    def count(self, case: Case, verdict: Verdict) -> None:
        """Count one case."""
        self.outcomes[verdict.outcome] += 1
        self.ordinary += case.ordinary
        if case.ordinary and verdict != Verdict(TAKEN):
            self.faults.append(f"an ordinary message is {verdict.outcome}: {case}\n{_lines(verdict.differences)}")
        for difference in verdict.differences:
            for reason in difference.excepted:
                self.excepted[f"{difference.oracle}: {difference.what}: {reason}"] += 1
            if not difference.excepted and not case.ordinary:
                self.faults.append(str(difference))


def _lines(differences: Sequence[Difference]) -> str:
    return "\n".join(map(str, differences))


def fuzz(executions: int, seed: int) -> Figures:
    """Judge `executions` generated cases; the same ones for the same seed."""
    random = Random(seed)  # noqa: S311 - nothing secret
    kept = [case for case, _ in corpus().values()]
    figures = Figures()
    for _ in range(executions):
        case = next_case(random, kept)
        figures.count(case, judge(case))
    return figures


def corpus() -> dict[str, tuple[Case, str]]:
    """Return the kept cases by name, each with what has to come of it.

    They lie in `corpus/request/<outcome>/` and `corpus/response/<outcome>/`. The name of an answer to HEAD begins so.
    """
    return {
        f"{side}-{file.parent.name}-{file.name}": (
            Case(side, file.read_bytes(), b"HEAD" if file.name.startswith("head-") else b"GET"),
            file.parent.name,
        )
        for side in SIDES
        for file in sorted((CORPUS / side).glob("*/*"))
    }
