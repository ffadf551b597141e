"""A Dockerfile, read into its stages, and its steps carried out in a root.

Only what our own has is known. Anything else is an error, so that no step is passed over.
"""

import json
import re
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from tests.deploy.roots import PATH, Root


@dataclass(frozen=True, slots=True)
class Instruction:
    """One step: its word, its flags, and the rest as it stands."""

    word: str
    flags: dict[str, str]
    rest: str

    @property
    def words(self) -> list[str]:
        """Return the rest as a list, in exec form or by blanks."""
        if self.rest.startswith("["):
            listed: list[str] = json.loads(self.rest)
            return listed
        return shlex.split(self.rest)


@dataclass(frozen=True, slots=True)
class Stage:
    """What lies between one FROM and the next."""

    base: str
    name: str
    steps: list[Instruction] = field(default_factory=list[Instruction])

    def all(self, word: str) -> list[Instruction]:
        """Return the steps with this word."""
        return [step for step in self.steps if step.word == word]

    def one(self, word: str) -> Instruction:
        """Return the only step with this word."""
        (step,) = self.all(word)
        return step


def stages_of(text: str) -> tuple[dict[str, str], list[Stage]]:
    """Return the arguments before the first stage, with their defaults, and the stages."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for line in re.sub(r"\\\n", " ", lines).splitlines():
        word, _, rest = line.strip().partition(" ")
        flags: dict[str, str] = {}
        while found := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
            flags[found[1]] = found[2]
            rest = rest[found.end() :]
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(base, name))
        elif word == "ARG" and not stages:
            name, _, value = rest.partition("=")
            arguments[name] = value
        elif word:
            stages[-1].steps.append(Instruction(word, flags, rest.strip()))
    return arguments, stages


@dataclass(slots=True)
class Context:
    """The folder that is sent to the builder, less what is ignored."""

    folder: Path
    ignore: str

    def has(self, file: PurePosixPath) -> bool:
        """Return whether a file is sent: the last pattern that fits it, or a folder it is in, decides."""
        sent = True
        for line in self.ignore.splitlines():
            if not line or line.startswith("#"):
                continue
            pattern = line.removeprefix("!").removeprefix("**/")
            names = [str(each) for each in (file, *file.parents)]
            if line.startswith("**/"):
                names += file.parts
            if any(fnmatch(name, pattern) for name in names):
                sent = line.startswith("!")
        return sent

    def copy(self, name: str, to: Path) -> None:
        """Copy a file, or what is in a folder, into a folder.

        Raises:
            FileNotFoundError: nothing of this name is sent.
        """
        start = self.folder / name
        top, files = (start.parent, [start]) if start.is_file() else (start, sorted(start.rglob("*")))
        sent = [each for each in files if each.is_file() and self.has(PurePosixPath(each.relative_to(self.folder)))]
        if not sent:
            raise FileNotFoundError(f"{name} is not in the context")
        for file in sent:
            target = to / file.relative_to(top)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)


@dataclass(slots=True)
class Build:
    """One stage being built."""

    root: Root
    context: Context
    others: dict[str, Root]
    """The stages before, by their names."""
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    user: str = "0"
    folder: str = "/"
    extra: dict[str, str] = field(default_factory=dict[str, str])
    """Variables that the builder's machine has, and the image has not."""

    def all(self, steps: Sequence[Instruction]) -> None:
        """Carry out the steps.

        Raises:
            NotImplementedError: there is one that this module does not know.
        """
        for step in steps:
            match step.word:
                case "WORKDIR":
                    self.folder = step.rest
                    self.root.file(self.folder).mkdir(parents=True, exist_ok=True)
                case "ENV":
                    for name, _, value in (word.partition("=") for word in step.words):
                        self.environment[name] = value.replace("$PATH", self.environment["PATH"])
                case "COPY":
                    self._copy(step)
                case "RUN":
                    assert self.user == "0"
                    self.root.run(
                        *("/bin/sh", "-c", step.rest), folder=self.folder, environment=self.environment | self.extra
                    )
                case "USER":
                    self.user = step.rest
                case "LABEL" | "EXPOSE" | "STOPSIGNAL" | "HEALTHCHECK" | "ENTRYPOINT" | "CMD":
                    pass  # are about the container, not its files
                case unknown:
                    raise NotImplementedError(unknown)

    def _copy(self, step: Instruction) -> None:
        *names, to = step.words
        target = self.root.file(str(PurePosixPath(self.folder) / to))
        for name in names:
            if "from" in step.flags:
                shutil.copytree(self.others[step.flags["from"]].file(name), target, symlinks=True)
            elif to.endswith("/") or (self.context.folder / name).is_dir():
                self.context.copy(name, target)
            else:
                raise NotImplementedError(f"a file is copied under another name: {step.rest}")
