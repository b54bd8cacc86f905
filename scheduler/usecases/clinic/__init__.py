"""The clinic and what it is set up with: locations, rooms, appointment types, its own rules."""
