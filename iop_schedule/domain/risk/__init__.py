"""The engagement monitor: whom to contact first, and why. It never predicts what a person will do.

policy          every number it uses, with defaults and a version
beta            the beta distribution behind the LEVEL channel
level           how much a client attends, honest for small counts
change          a personal two-arm CUSUM: something changed
monitor         both channels, one session at a time; replay and pages use the same one
watch           a client's sessions -> the monitor, from the first one that is new
reasons, tiers  what the numbers and dates ask for: reasons, tier, one sentence each
self_report     scoring of a brief self-report, in its own lane
estimate        a program's own prior and threshold from its history

A tier helps decide whom to contact. It is not used for discharge, sanctions, overbooking or reports to
others, and no formula knows anything about a person but their sessions.
"""
