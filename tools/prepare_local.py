"""Run several `flask --app wsgi` commands, separated by `--`, in one process: the app starts only once."""

import itertools
import os
import sys


def main() -> int:
    """Run the commands in order until one fails; its exit code."""
    os.environ["FLASK_RUN_FROM_CLI"] = "true"  # as the flask command does before it imports the app
    from flask.cli import FlaskGroup

    from wsgi import app

    flask = FlaskGroup(create_app=lambda: app)
    for is_separator, words in itertools.groupby(sys.argv[1:], key=lambda word: word == "--"):
        if is_separator:
            continue
        try:
            flask.main(list(words), prog_name="flask")
        except SystemExit as end:
            if end.code:
                return end.code if isinstance(end.code, int) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
