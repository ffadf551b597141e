"""What a page shows of a terminal: commands behind `$`, and below each what it prints, `…` for what is left out."""

from dataclasses import dataclass

LEFT_OUT = "…"


@dataclass(frozen=True, slots=True)
class Step:
    """A command and its output."""

    command: str
    output: str


def steps(text: str) -> list[Step]:
    """Return the commands of a `console` block; a line that ends in a backslash goes on in the next."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        elif found and found[-1][0].endswith("\\"):
            command, output = found[-1]
            found[-1] = (f"{command}\n{line}", output)
        else:
            found[-1][1].append(line)
    return [Step(command, "\n".join(output)) for command, output in found]


def shows(output: str, expected: str) -> bool:
    """Return whether the parts of `expected`, `…` left out, stand in `output` in their order."""
    at = 0
    for part in filter(None, (part.strip("\n") for part in expected.split(LEFT_OUT))):
        at = output.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True
