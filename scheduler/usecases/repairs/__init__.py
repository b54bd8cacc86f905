"""Moving or cancelling one session of a plan, and the smallest repair of the rest."""
