"""What goes in and out, by noun; beside each answer's schema stands the function that presents it."""
