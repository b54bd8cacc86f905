"""Who is away and what is shut: entering it, what it displaces, and where that can go instead."""
