"""Figures about the clinic, and everything as CSV."""
