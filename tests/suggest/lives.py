"""VMs with lives, and the usage records that a usage server makes of them, window by window.

The lives are the truth: what was deployed when, and for whom, is read from them and never from records.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

from cloudstack_pins.suggest.records import Created, Record

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
EPOCH = 1_790_000_000 // 86400 * DAY
ACCOUNTS = ("d/ann", "d/bob", "d/eve", "e/ann")
TEMPLATES = ("debian", "ubuntu", "rocky")
OFFERINGS = ("so-gold", "so-silver", "so-both", "so-none")
SPAN = 40 * DAY


@dataclass(frozen=True)
class Piece:
    """A time in which nothing about a VM changed; ``disk`` is the template that its ROOT is made from."""

    begin: float
    end: float
    account: str
    offering: str
    disk: str
    running: bool


@dataclass(frozen=True)
class Life:
    """A VM from its deploy to its end (or the end of the world), in pieces without gaps."""

    vm_id: str
    pieces: tuple[Piece, ...]
    is_alive: bool

    @property
    def began(self) -> float:
        return self.pieces[0].begin

    @property
    def first_disk(self) -> str:
        return self.pieces[0].disk

    @property
    def created(self) -> Created:
        return Created(at=self.began, account=self.pieces[0].account)

    def uses(self) -> dict[str, Piece]:
        """The piece with which this VM's use of each template began: its deploy, or the start of a restored one."""
        found: dict[str, Piece] = {self.first_disk: self.pieces[0]}
        for piece in self.pieces:
            if piece.running:
                found.setdefault(piece.disk, piece)
        return found


@dataclass(frozen=True)
class World:
    """Lives, and the usage server's windows: from ``windows[i]`` to ``windows[i + 1]``."""

    lives: tuple[Life, ...]
    windows: tuple[float, ...]
    repeated: tuple[int, ...]

    @property
    def spans(self) -> list[tuple[float, float]]:
        return list(zip(self.windows, self.windows[1:], strict=False))

    def records(self) -> list[Record]:
        """All records, some of them again and again as runs repeated them."""
        spans = self.spans
        made = [
            record for life in self.lives for span in spans if span[1] > life.began for record in recorded(life, *span)
        ]
        return made + [made[index % len(made)] for index in self.repeated if made]


def recorded(life: Life, start: float, end: float) -> Iterable[Record]:
    """What the usage server writes of one VM and window: one record for each kind, account, offering and template."""
    sums: dict[tuple[int, str, str, str], float] = {}
    for piece in life.pieces:
        seconds = min(piece.end, end) - max(piece.begin, start)
        if seconds > 0:
            # Allocated VMs keep the template of their deploy, running ones have that of their disk.
            kinds = [(2, life.first_disk), *([(1, piece.disk)] if piece.running else [])]
            for kind, template in kinds:
                key = (kind, piece.account, piece.offering, template)
                sums[key] = sums.get(key, 0.0) + seconds
    for (kind, account, offering, template), seconds in sums.items():
        yield Record(
            vm_id=life.vm_id,
            vm_name=life.vm_id,
            template_id=template,
            template_name=template,
            account=account,
            offering_id=offering,
            kind=kind,
            start=start,
            end=end,
            hours=round(seconds / HOUR, 6),
        )


def life(chance: Random, number: int, begin: float, end: float) -> Life:
    """One VM, deployed between two times; perhaps started, stopped, scaled, handed over, restored, destroyed."""
    at = begin + chance.randrange(int((end - begin) / MINUTE)) * MINUTE
    account, offering, disk = (chance.choice(names) for names in (ACCOUNTS, OFFERINGS, TEMPLATES))
    running, pieces = chance.random() < 0.5, list[Piece]()

    def until() -> float:
        return at + MINUTE * chance.choice(
            [1, chance.randint(1, 50), chance.randint(1, 3000), chance.randint(1, 30_000)]
        )

    for _ in range(chance.choice([0, 0, 1, 2, 5])):
        pieces.append(Piece(at, until(), account, offering, disk, running))
        at = pieces[-1].end
        change = chance.choice(["power", "power", "scale", "assign", "assign", "restore"])
        if change == "power":
            running = not running
        elif change == "scale":
            offering = chance.choice(OFFERINGS)
        elif change == "assign":
            account, running = chance.choice(ACCOUNTS), False
        else:
            disk, running = chance.choice(TEMPLATES), True
    is_alive = chance.random() < 0.4
    pieces.append(Piece(at, EPOCH + 100 * DAY if is_alive else until(), account, offering, disk, running))
    return Life(f"vm-{number}", tuple(pieces), is_alive)


def world(seed: int) -> World:
    """VMs and windows of some hours, a day or a week, perhaps with some made on demand in between."""
    chance = Random(seed)
    length = chance.choice([DAY, DAY, 7 * DAY, 6 * HOUR])
    begin = EPOCH + chance.randrange(10) * length
    count = chance.randint(2, min(30, int(SPAN / length)))
    cuts = {begin + index * length for index in range(count + 1)}
    cuts |= {
        begin + chance.randrange(int(count * length / MINUTE)) * MINUTE for _ in range(chance.choice([0, 0, 1, 2]))
    }
    windows = tuple(sorted(cuts))
    number = chance.randint(1, 8)
    return World(
        lives=tuple(life(chance, n, windows[0] - 2 * length, windows[-1]) for n in range(number)),
        windows=windows,
        repeated=tuple(chance.randrange(10_000) for _ in range(chance.choice([0, 0, 5, 20]))),
    )


def worlds() -> st.SearchStrategy[World]:
    """Worlds by their seed: far more varied than drawing each choice, and as repeatable."""
    return st.integers(0, 2**64 - 1).map(world)
