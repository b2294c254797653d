"""VMs with lives, and the usage records that a usage server makes of them, window by window.

The lives are the truth: what was deployed when, and for whom, is read from them and never from records.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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


@st.composite
def lives(draw: st.DrawFn, number: int) -> Life:
    """One VM: deployed for somebody, perhaps started, stopped, scaled, handed over, restored, destroyed."""
    minutes = st.integers(1, 60 * 24 * 40)
    short = st.one_of(st.integers(1, 50), minutes)
    at = EPOCH + draw(minutes) * MINUTE
    account, offering, disk = (draw(st.sampled_from(names)) for names in (ACCOUNTS, OFFERINGS, TEMPLATES))
    running, pieces = draw(st.booleans()), list[Piece]()
    for _ in range(draw(st.integers(0, 5))):
        end = at + draw(short) * MINUTE
        pieces.append(Piece(at, end, account, offering, disk, running))
        at = end
        change = draw(st.sampled_from(["power", "scale", "assign", "assign", "restore"]))
        if change == "power":
            running = not running
        elif change == "scale":
            offering = draw(st.sampled_from(OFFERINGS))
        elif change == "assign":
            account, running = draw(st.sampled_from(ACCOUNTS)), False
        else:
            disk, running = draw(st.sampled_from(TEMPLATES)), True
    is_alive = draw(st.booleans())
    end = EPOCH + 100 * DAY if is_alive else at + draw(short) * MINUTE
    pieces.append(Piece(at, end, account, offering, disk, running))
    return Life(f"vm-{number}", tuple(pieces), is_alive)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Some VMs and windows of an hour, a day or a week, with some made on demand in between."""
    length = draw(st.sampled_from([DAY, DAY, 7 * DAY, 6 * HOUR]))
    begin = EPOCH + draw(st.integers(0, 10)) * length
    count = draw(st.integers(1, min(30, int(SPAN / length))))
    cuts = {begin + index * length for index in range(count + 1)}
    cuts |= {begin + draw(st.integers(1, 60 * 24 * 30)) * MINUTE for _ in range(draw(st.integers(0, 2)))}
    return World(
        lives=tuple(draw(lives(number)) for number in range(draw(st.integers(0, 6)))),
        windows=tuple(sorted(cut for cut in cuts if cut <= begin + count * length)),
        repeated=tuple(draw(st.lists(st.integers(0, 10_000), max_size=20))),
    )
