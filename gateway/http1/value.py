"""What a value is that is made for each request: frozen for whoever reads the code, quick to make for the machine."""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def value(made: type[T]) -> type[T]:
    """Return `made` as a dataclass with slots whose fields the type checkers let nobody set.

    At run time nothing keeps them: a frozen dataclass sets each field by a call of `object.__setattr__`, and takes four
    times as long to make. What is made once, when a configuration is read, is frozen in earnest.
    """
    return dataclass(slots=True, unsafe_hash=True)(made)
