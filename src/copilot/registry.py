"""The abilities of a product, imported a group at a time."""

import importlib
from collections.abc import Callable, Iterator, Mapping

from copilot.intent import Intent, declared


class Registry(Mapping[str, Intent]):
    """The abilities of this product, loaded a group at a time.

    Args:
        package: The package that holds a module for each group.
        groups: Names of those modules, in the order of the reference page.
        homes: Says which group an ability is in, so that looking one up imports no other.
    """

    def __init__(self, package: str, groups: tuple[str, ...], homes: Callable[[], Mapping[str, str]]) -> None:
        self.package = package
        self.groups = groups
        self.homes = homes

    def group(self, name: str) -> tuple[Intent, ...]:
        """Import one group and return its abilities in the order of their declaration."""
        importlib.import_module(f"{self.package}.{name}")
        return tuple(i for i in declared.values() if i.group == name)

    def __getitem__(self, name: str) -> Intent:
        if name in declared and declared[name].group in self.groups:
            return declared[name]
        home = self.homes().get(name)
        found = [i for i in self.group(home) if i.name == name] if home in self.groups else []
        if not found:
            raise KeyError(name)
        return found[0]

    def __iter__(self) -> Iterator[str]:
        return (i.name for group in self.groups for i in self.group(group))

    def __len__(self) -> int:
        return sum(1 for _ in self)
