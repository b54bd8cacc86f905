"""What the floors below say in codes, as sentences in a person's language."""
