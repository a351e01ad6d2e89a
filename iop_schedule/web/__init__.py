"""Pages: parse what was sent, call one action or query, render."""
