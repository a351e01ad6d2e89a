"""Scheduler entry points: read the clock, call one action, repeat until nothing is left."""
