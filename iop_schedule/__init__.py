"""Scheduling and attendance for intensive outpatient programs."""
