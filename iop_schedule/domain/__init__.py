"""Pure rules: values in, values out. The stages, in the order a person's week flows through them:

civil_time, intervals, permissions, sign_in   what everything stands on
availability    work and caregiving constraints -> the time a client has
prescription    the prescribed dose and which one is in force on a day
goals           what a client wants time for, and whether their week leaves it free
care_requests   what a client asks to have changed, the answer, and the dated change it becomes
placement       who can attend what; every rule a plan breaks; the best weeks for one person
series          weekly group and individual series; ending one and starting its successor
occurrences     series + closures + moves -> dated sessions with stable identity
reminders       which reminders are due for a session at an instant
calendar_feeds  when a calendar link serves, and what its entries say
handover        what a counselor leaves for the case manager
support_people  who may come along to one session, how long that holds, what their link tells
attendance      statuses, allowed changes, minutes credited
sign_off        closing a sheet, and what comes late
frequency       delivered against prescribed, per program week
risk            engagement signals and tiers, each with its reasons
outreach        who is contacted by when, when that is over, and how it went
engagement      how a program does: waits, retention, capacity, by admission cohort

A stage may use the stages above it, never those below; `lint-imports` checks it.
"""
