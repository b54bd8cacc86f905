"""Placing a plan's series: proposals, other choices for one session, holds, booking it as a whole."""
