"""Verbs of the clinic, one transaction each; the only floor that commits."""
