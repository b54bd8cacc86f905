"""Patients at the desk: registering, finding, changing, looking at them."""
