"""Whether the coming weeks can carry what waits."""
