"""People who sign in, and keys of programs."""
