"""pins.toml files in every form that TOML allows, with comments that have to survive; and what each one says."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

TAGS = ("gold", "silver", "ps3")
KEYS = ("debian-12", "ubuntu 24", "rocky.9", "Größe", "sles")
HEAD = """# This set is for everyone.
zone = "Sandbox-simulator"   # the only one
network = "caller-l2"
"""
STORAGE_TAGS = "".join(f'\n[storage_tags.{tag}] # tag {tag}\nservice_offering = "pin-{tag}"\n' for tag in TAGS)
ACTIVATION = '\n# Slowly.\n[activation]\nmax_parallel = 2 # "quoted" # twice\n'


@dataclass
class Written:
    """A pins.toml and the comments in it by what they are about: None for those that nothing may take away."""

    text: str = ""
    tags: dict[str, list[str]] = field(default_factory=dict)
    comments: list[tuple[str, str | None]] = field(default_factory=list)

    def comment(self, about: str | None = None) -> str:
        """Return a new comment, and remember it."""
        text = f"# note {len(self.comments)} [templates.x] = \"'"
        self.comments.append((text, about))
        return text


def quoted(key: str) -> str:
    return key if key.isascii() and all(c.isalnum() or c in "-_" for c in key) else f'"{key}"'


@st.composite
def arrays(draw: st.DrawFn, made: Written, key: str, tags: list[str], *, one_line: bool = False) -> str:
    forms = ["line"] if one_line else ["line", "spaced", "lines", "leading commas"]
    form: str = draw(st.sampled_from(forms))
    quote = draw(st.sampled_from(['"{}"', "'{}'"]))
    items = [quote.format(tag) for tag in tags]
    if form == "line":
        return f"[{', '.join(items)}]"
    if form == "spaced":
        return f"[ {' , '.join(items)}{draw(st.sampled_from(['', ',', ' , ']))} ]"
    if form == "leading commas":
        return "[ " + "\n  , ".join(items) + "\n]"
    lines = []
    for tag, item in zip(tags, items, strict=True):
        if draw(st.booleans()):
            lines.append(f"    {made.comment(key)}")
        last = tag == tags[-1] and draw(st.booleans())
        lines.append(
            f"    {item}{'' if last else ','}" + (f" {made.comment(f'{key}/{tag}')}" if draw(st.booleans()) else "")
        )
    return "[\n" + "\n".join(lines) + "\n]"


@st.composite
def entries(draw: st.DrawFn, made: Written, key: str, style: str) -> str:
    """One template's entry, as a table, an inline table or dotted keys."""
    tags = draw(st.lists(st.sampled_from(TAGS), min_size=1, max_size=3, unique=True))
    made.tags[key] = tags
    named = draw(st.booleans())
    if style == "inline":
        array = draw(arrays(made, key, tags, one_line=True))
        name = f'template = "T {key}", ' if named else ""
        return (
            f"{quoted(key)} = {{ {name}storage_tags = {array} }}"
            + (f" {made.comment(key)}" if draw(st.booleans()) else "")
            + "\n"
        )
    before = "" if style == "table" else f"{'templates.' if style == 'root dotted' else ''}{quoted(key)}."
    pairs = [f"{before}storage_tags = {draw(arrays(made, key, tags))}"]
    if named:
        pairs.insert(draw(st.integers(0, 1)), f'{before}template = "T {key}"')
    lines = [f"[templates.{quoted(key)}]"] if style == "table" else []
    for pair in pairs:
        if draw(st.booleans()) and lines:
            lines.append(made.comment(key))
        lines.append(pair + (f"  {made.comment(key)}" if draw(st.booleans()) else ""))
    return "\n".join(lines) + "\n"


@st.composite
def documents(draw: st.DrawFn) -> Written:
    """A whole pins.toml with up to four templates."""
    made = Written()
    keys = draw(st.lists(st.sampled_from(KEYS), max_size=4, unique=True))
    style = draw(st.sampled_from(["table", "inline", "dotted", "root dotted", "whole"]))

    def remark() -> str:
        return draw(st.sampled_from(["", "\n", "{}\n", "\n{}\n", "\n{}\n\n{}\n"])).replace("{}", "\0")

    def filled(text: str) -> str:
        while "\0" in text:
            text = text.replace("\0", made.comment(), 1)
        return text

    head, tables = HEAD, [STORAGE_TAGS, ACTIVATION]
    if style == "whole":
        each = [draw(entries(made, key, "inline")).partition("#")[0].strip() for key in keys]
        made.comments.clear()
        head += f"templates = {{ {', '.join(each)} }} {made.comment()}\n"
    elif style == "root dotted":
        head += "".join(filled(remark()) + draw(entries(made, key, style)) for key in keys)
    elif style == "table":
        blocks = [filled(remark()) + draw(entries(made, key, style)) + filled(remark()) for key in keys]
        for block in blocks:
            tables.insert(draw(st.integers(0, len(tables))), block)
    else:
        block = f"[templates] {made.comment()}\n"
        block += "".join(filled(remark()) + draw(entries(made, key, style)) for key in keys)
        tables.insert(draw(st.integers(0, 2)), block + filled(remark()))
    made.text = head + "\n" + "".join(tables)
    if draw(st.booleans()):
        made.text = made.text.rstrip("\n")
    return made
