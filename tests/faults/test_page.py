from __future__ import annotations

from tests.faults.cells import CELLS
from tests.faults.page import FAILED, HEAD, MARKS, PATH, UNKNOWN, read, text


def test_the_page_lists_exactly_the_cells_and_each_held() -> None:
    marks = read(PATH.read_text(encoding="utf-8"))

    assert set(marks) == {cell.key for cell in CELLS}, "run `make faults`"
    assert set(marks.values()).isdisjoint({FAILED, UNKNOWN})


def test_the_page_is_as_it_would_be_written_today() -> None:
    page = PATH.read_text(encoding="utf-8")
    names = {mark: name for name, mark in MARKS.items()}

    assert page.startswith(HEAD)
    assert page == text({key: names[mark] for key, mark in read(page).items()}), "run `make faults`"
