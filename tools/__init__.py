"""What builds, checks and runs the service on a developer's machine; nothing the service imports."""
