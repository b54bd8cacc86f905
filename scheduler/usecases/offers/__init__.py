"""Offering a free slot to some patients in turn."""
