"""Slots that became free again: who could use one, who is on the waitlist."""
