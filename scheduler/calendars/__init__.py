"""Appointments as text/calendar bytes."""
