"""Mails: owing them, what they say, claiming them, and what became of them."""
