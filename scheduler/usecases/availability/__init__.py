"""Who and what is free when, and the slots that follow from it."""
