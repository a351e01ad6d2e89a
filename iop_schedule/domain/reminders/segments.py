"""How long a text message is, as phone companies count: in segments, each of which is paid for."""

from dataclasses import dataclass

#: The letters of GSM 03.38; a text made of these holds 160, any other letter makes it 70.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: Letters that count twice.
_EXTENDED = frozenset("^{}\\[~]|€\f")
_ONE, _MORE = 160, 153
_ONE_WIDE, _MORE_WIDE = 70, 67


@dataclass(frozen=True, slots=True)
class TextLength:
    """The length of a text message."""

    characters: int
    segments: int
    #: Letters that make it cost more than twice as much; empty in a cheap one.
    costly: tuple[str, ...]


def text_length(text: str) -> TextLength:
    """Return how long `text` is as a text message.

    >>> text_length("a" * 160), text_length("a" * 161).segments
    (TextLength(characters=160, segments=1, costly=()), 2)
    >>> text_length("más" + "a" * 68)
    TextLength(characters=71, segments=2, costly=('á',))
    """
    costly = tuple(sorted({letter for letter in text if letter not in _BASIC | _EXTENDED}))
    if costly:
        units = len(text.encode("utf-16-le")) // 2
        return TextLength(len(text), _segments(units, _ONE_WIDE, _MORE_WIDE), costly)
    units = len(text) + sum(letter in _EXTENDED for letter in text)
    return TextLength(len(text), _segments(units, _ONE, _MORE), ())


def _segments(units: int, one: int, more: int) -> int:
    return 1 if units <= one else -(-units // more)
