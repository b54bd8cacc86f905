"""Treatment plans and the life of their sessions."""
