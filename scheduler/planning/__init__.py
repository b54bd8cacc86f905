"""Pure arithmetic on time: standard library only, no Flask, no database."""
