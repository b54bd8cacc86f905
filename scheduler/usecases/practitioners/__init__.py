"""Practitioners: their credentials, their hours, their private calendars."""
