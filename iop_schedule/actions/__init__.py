"""Writes: one function per thing a person or a tick does, with access, audit and one commit inside."""
