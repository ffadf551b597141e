"""What the documentation holds that a test can hold it to: fenced blocks, links, headings, code in the text.

The first word behind the fence is the language. The words behind that, which no reader sees rendered, tell the tests
what a block is: `yaml` by itself is the gateway's configuration, `yaml traefik` is Traefik's.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

PAGES: Final = (
    ROOT / "README.md",
    ROOT / "docs" / "benchmarks.md",
    ROOT / "docs" / "design.md",
    ROOT / "docs" / "installation.md",
    ROOT / "docs" / "placement.md",
    ROOT / "docs" / "protocol.md",
    ROOT / "docs" / "scaling.md",
    ROOT / "docs" / "threat-model.md",
)
"""The pages that these tests hold to what they say."""

ALL_PAGES: Final = tuple(page for place in ("*.md", "docs/*.md", "deploy/**/*.md") for page in sorted(ROOT.glob(place)))
"""The pages whose links these tests follow."""

_FENCE: Final = re.compile(r"^(`{3,})(.*)$")
_HEADING: Final = re.compile(r"^#{1,6} +(.*)$", re.MULTILINE)
_LINK: Final = re.compile(r"!?\[(?:[^\]]|`[^`]*`)*\]\(([^)\s]+)\)")
_CODE: Final = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block."""

    page: Path
    line: int
    """Where its text begins."""
    language: str
    marks: tuple[str, ...]
    text: str

    @property
    def place(self) -> str:
        """Where it stands, for the name of a test."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@cache
def blocks(page: Path) -> tuple[Block, ...]:
    """Return the fenced blocks of a page."""
    found: list[Block] = []
    opened: tuple[int, str, list[str]] | None = None
    lines: list[str] = []
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        fence = _FENCE.match(line)
        if opened is None and fence:
            opened, lines = (number + 1, fence[1], fence[2].split()), []
        elif opened and fence and fence[1] == opened[1] and not fence[2]:
            language, *marks = opened[2] or [""]
            found.append(Block(page, opened[0], language, tuple(marks), "".join(f"{each}\n" for each in lines)))
            opened = None
        else:
            lines.append(line)
    assert opened is None, f"{page}: the block of line {opened} has no end"
    return tuple(found)


def blocks_of(*languages: str, pages: tuple[Path, ...] = PAGES) -> list[Block]:
    """Return the blocks of all pages in one of these languages."""
    return [block for page in pages for block in blocks(page) if block.language in languages]


def block(page: Path, language: str, *marks: str) -> Block:
    """Return the one block of a page that has this language and these marks."""
    (found,) = (each for each in blocks(page) if each.language == language and each.marks == marks)
    return found


@cache
def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    kept: list[str] = []
    within = False
    for line in page.read_text("utf-8").splitlines():
        fence = _FENCE.match(line)
        if not within and not fence:
            kept.append(line)
        within ^= bool(fence)
    return "\n".join(kept)


def links(page: Path) -> list[str]:
    """Return where the links of a page lead."""
    return _LINK.findall(prose(page))


def code(page: Path) -> list[str]:
    """Return what stands in single backquotes in the text of a page."""
    return _CODE.findall(prose(page))


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return what a link into a page may have behind its `#`, as GitHub makes it of the headings."""
    return frozenset(_slug(heading) for heading in _HEADING.findall(prose(page)))


def _slug(heading: str) -> str:
    text = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return text.replace(" ", "-")
