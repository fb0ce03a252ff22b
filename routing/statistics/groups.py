"""Groups of staff in figures: organisations, the small ones only together. Pure.

Figures are of calls and events, never of persons: of a group with fewer than
``SMALL_GROUP`` people they would be. Such groups are shown as one; where even
together they are fewer, the next smallest group joins them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routing.statistics.counts import Bucket

SMALL_GROUP = 3
#: Between the ids of groups that are shown as one, in the key's value.
JOIN = "."
MERGED = "人数较少的组合计"


@dataclass(frozen=True, slots=True)
class Group:
    """One organisation and how many of its people take calls."""

    id: str
    name: str
    people: int


@dataclass(frozen=True, slots=True)
class Groups:
    """All organisations."""

    names: Mapping[str, str]
    """By the key's value, those shown as one among them."""
    together: frozenset[str]
    """Ids of those shown as one."""

    @property
    def merged(self) -> str:
        """The value under which those are shown."""
        return JOIN.join(sorted(self.together, key=int))

    def widened(self, where: Mapping[str, Sequence[Any]]) -> dict[str, tuple[Any, ...]]:
        """``where``, which lets calls through by their keys; who asks for one of those shown as one gets them all."""
        found = {key: tuple(values) for key, values in where.items()}
        asked_for = found.get("org", ())
        if not self.together.isdisjoint(asked_for):
            others = (one for one in asked_for if one not in self.together)
            found["org"] = (*others, *sorted(self.together, key=int))
        return found

    def merge(self, buckets: Sequence[Bucket]) -> list[Bucket]:
        """``buckets`` with the small groups' added up, in the order of their first."""
        if not self.together or not buckets or "org" not in buckets[0].keys:
            return list(buckets)
        added: dict[tuple[object, ...], Bucket] = {}
        for bucket in buckets:
            keys = dict(bucket.keys)
            if keys["org"] in self.together:
                keys["org"] = self.merged
            place = tuple(keys.values())
            known = added.get(place)
            counts = dict(Counter(known.counts) + Counter(bucket.counts)) if known else bucket.counts
            added[place] = Bucket(keys, counts)
        return list(added.values())


def groups_of(all_groups: Iterable[Group]) -> Groups:
    """Which groups are shown by themselves and which together. Those nobody works for are told by their name alone."""
    ordered = sorted(all_groups, key=lambda group: (group.people, group.id))
    together: list[Group] = []
    for group in ordered:
        if group.people == 0:
            continue
        if group.people < SMALL_GROUP or (together and sum(one.people for one in together) < SMALL_GROUP):
            together.append(group)
    found = Groups({group.id: group.name for group in ordered}, frozenset(group.id for group in together))
    return Groups({**found.names, **({found.merged: MERGED} if together else {})}, found.together)
