"""Single appointments: booking, moving, cancelling, following them through the day, reading them."""
