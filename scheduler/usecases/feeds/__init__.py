"""Calendars that people subscribe to, and the secret addresses that open them."""
