"""Which passwords are refused, and what the refusal says."""

import pytest

from iop_schedule.adapters.passwords import weakness


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("eleven char", "Use at least 12 characters."),
        ("x" * 257, "Use at most 256 characters."),
        ("password1234", "on the list of common ones"),
        ("P@ssw0rd1234!", "on the list of common ones"),
        ("qwertyuiop123", "on the list of common ones"),
        ("123456789012", "on the list of common ones"),
        ("987654321098", "on the list of common ones"),
        ("aaaaaaaaaaaa", "on the list of common ones"),
        ("summer-2026-summer", "on the list of common ones"),
        ("Carol.Whitfield.1", "on the list of common ones"),
        ("iloveyou forever", "on the list of common ones"),
    ],
)
def test_passwords_that_are_guessed_first_are_refused(password: str, sentence: str) -> None:
    assert sentence in (weakness(password, personal=("Carol", "Whitfield")) or "")


@pytest.mark.parametrize(
    "password", ["correct horse battery", "violet anchor parsnip", "Tr0ub4dor&3xyzzy", "ärgerlich-möwe-12"]
)
def test_passwords_nobody_guesses_are_fine(password: str) -> None:
    assert weakness(password, personal=("Carol", "Whitfield")) is None
