"""Rules for every template, stylesheet and script: what the security policy and plain words ask of them."""

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from iop_schedule.web.presenting import icon

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "iop_schedule/templates").rglob("*.html"))
STATIC = sorted(
    path for path in (ROOT / "iop_schedule/static").rglob("*") if path.is_file() and path.suffix != ".png"
)
CSS = (ROOT / "iop_schedule/static/steady.css").read_text(encoding="utf-8")

#: Words that label people, in any place a page or a message could take them from.
NEVER = r"addict|alcoholic|junkie|abuser|substance abuse|non-?complian|delinquen|no-show|drop-?outs?\b|frequent flyer|high-risk"
#: Words that have another meaning in code, looked for only in what people read.
NEVER_SHOWN = (
    r"\bclean\b|\bdirty\b|\bfailed\b|\brefused\b|\bviolation|\bdischarged\b|\binvalid\b|\bhabit\b"
    r"|\brelapse\b(?! Prevention)|(?<![-\w])users?(?![-\w])"
)

by_path = {"ids": lambda path: str(path.relative_to(ROOT))} if TEMPLATES else {}


def source_of(path: Path) -> str:
    """Return a template without its comments."""
    return re.sub(r"{#.*?#}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


class Tags(HTMLParser):
    """Collects attributes that a strict security policy would refuse."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.refused: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.refused += [f"<{tag} {name}>" for name in names if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and not names.get("src")):
            self.refused.append(f"<{tag}>")
        self.refused += [
            f"<{tag} {value}>" for value in names.values() if value and value.startswith("javascript:")
        ]


def plain_html(source: str) -> str:
    """Return the markup with the template's own tags blanked out."""
    return re.sub(r"{%.*?%}|{{.*?}}", " x ", source, flags=re.DOTALL)


@pytest.mark.parametrize("path", TEMPLATES, **by_path)
def test_a_template_has_no_inline_style_script_or_handler(path: Path) -> None:
    source = source_of(path)
    tags = Tags()
    tags.feed(plain_html(source))
    assert tags.refused == []
    # What the parser cannot see: attributes written inside template expressions.
    assert re.findall(r"""\bstyle\s*=\s*["']|\bon(?:click|load|change|submit|input)\s*=""", source) == []


@pytest.mark.parametrize("path", TEMPLATES + STATIC, **by_path)
def test_nothing_points_to_another_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    addresses = re.findall(r"https?://[^\s\"'<>)]+", text) + re.findall(
        r"""(?:src|href)=["']//[^"']+""", text
    )
    assert [address for address in addresses if not address.startswith("http://www.w3.org/")] == []


@pytest.mark.parametrize("path", TEMPLATES, **by_path)
def test_a_template_compiles_and_names_icons_that_exist(path: Path) -> None:
    tree = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    calls = [call for call in tree.find_all(nodes.Call) if getattr(call.node, "name", "") == "icon"]
    for call in calls:
        if isinstance(call.args[0], nodes.Const):
            assert icon(call.args[0].value).startswith("<svg")


def shown_words(path: Path) -> list[str]:
    """Return what a template or script says to people: its text and its sentences in quotes."""
    source = source_of(path)
    if path.suffix == ".js":
        code = re.sub(r"^\s*//.*$", "", source, flags=re.MULTILINE)
        return [
            text for text in re.findall(r"['\"`]([^'\"`]*)['\"`]", code) if " " in text or text[:1].isupper()
        ]
    expressions = " ".join(re.findall(r"{%.*?%}|{{.*?}}", source, flags=re.DOTALL))
    quoted = [text for text in re.findall(r'"([^"]*)"', expressions) if " " in text or text[:1].isupper()]
    return [re.sub(r"<[^>]*>", " ", plain_html(source)), *quoted]


@pytest.mark.parametrize("path", TEMPLATES + STATIC, **by_path)
def test_no_word_labels_a_person(path: Path) -> None:
    assert re.findall(NEVER, path.read_text(encoding="utf-8"), flags=re.IGNORECASE) == []
    if path.suffix in {".html", ".js"}:
        found = [re.findall(NEVER_SHOWN, words, flags=re.IGNORECASE) for words in shown_words(path)]
        assert [words for words in found if words] == []


def test_the_word_lists_find_what_they_are_for() -> None:
    assert re.findall(NEVER, "A No-Show, a dropout, substance abuse", flags=re.IGNORECASE) == [
        "No-Show",
        "dropout",
        "substance abuse",
    ]
    shown = "Relapse rate of users; Relapse Prevention B; users-round; a clean start"
    assert re.findall(NEVER_SHOWN, shown, flags=re.IGNORECASE) == ["Relapse", "users", "clean"]


def test_no_third_party_stylesheet_or_script_is_in_our_sources() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout.split("\0")
    marks = [b"Bootstrap " + b" v5", b"var " + b"htmx=", b"vl" + b"-convert-generated"]
    found = [
        name
        for name in tracked
        if name.endswith((".css", ".js", ".map", ".html", ".svg")) and (ROOT / name).is_file()
        if any(mark in (ROOT / name).read_bytes() for mark in marks)
    ]
    assert found == []
    assert any(name.endswith("steady.css") for name in tracked)


def block_after(start: str) -> str:
    """Return the declarations inside the braces that follow `start` in the stylesheet."""
    return re.sub(r"\s+", " ", CSS.split(start, 1)[1].split("}", 1)[0]).strip()


def test_a_dark_device_and_a_chosen_dark_show_the_same_colors() -> None:
    device = block_after(':root:not([data-bs-theme="light"]) {')
    chosen = block_after(':root[data-bs-theme="dark"] {')
    assert device == chosen
    assert device.startswith("color-scheme: dark;")


def test_a_block_of_the_week_can_start_and_last_at_every_five_minutes() -> None:
    starts = dict(re.findall(r"\.t-(\d{4}) { grid-row-start: (\d+) }", CSS))
    lengths = dict(re.findall(r"\.d-(\d+) { grid-row-end: span (\d+) }", CSS))
    expected = {f"{m // 60:02}{m % 60:02}": str((m - 360) // 5 + 3) for m in range(360, 1321, 5)}
    assert starts == expected
    assert lengths == {str(m): str(m // 5) for m in range(5, 961, 5)}


def _luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colors, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


PAIRS = [
    *[(ink, ground, 4.5) for ink in ("ink", "ink-2", "ink-3") for ground in ("paper", "surface", "sunken")],
    *[(tone, f"{tone}-soft", 4.5) for tone in ("present", "late", "excused", "absent", "reach", "brand")],
    *[
        (f"on-{tone}", tone, 4.5)
        for tone in ("present", "late", "excused", "absent", "brand", "hero", "reach")
    ],
    *[("line-strong", ground, 3.0) for ground in ("paper", "surface", "sunken")],
    *[("focus", ground, 3.0) for ground in ("paper", "surface", "sunken")],
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("one", "other", "least"), PAIRS, ids=str)
def test_colors_that_meet_have_enough_contrast(scheme: str, one: str, other: str, least: float) -> None:
    start = ":root {" if scheme == "light" else ':root[data-bs-theme="dark"] {'
    colors = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block_after(start)))
    assert contrast(colors[one], colors[other]) >= least
