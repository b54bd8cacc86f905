"""What a patient sees and does on their own page."""
