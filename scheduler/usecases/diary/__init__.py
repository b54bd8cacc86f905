"""The diary of a location: its days, and how full they are."""
