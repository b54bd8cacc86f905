"""What was measured, and whether the plans help."""
