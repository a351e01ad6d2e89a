"""What reports are made from.

episodes     every episode of care of one program, with its sessions
program      the facts behind a program's report
clients      the sections of one client's report, and a caseload in numbers
disclosures  consents, what was disclosed, and what was issued
history      a program's past, for trying settings of the monitor
"""
