"""Bringing a clinic in: patients and appointments from CSV files, a diary from an iCalendar file."""
