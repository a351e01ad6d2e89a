"""Reads: values or rows ready to show. No writes, no commit."""
