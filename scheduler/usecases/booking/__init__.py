"""What every way of booking shares: its rules, its rows, what is kept for somebody; private to the use cases."""
