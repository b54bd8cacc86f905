"""Throw-away clusters work, and are gone when they should be."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tools import probe
from tools.postgres import Cluster

ROOT = Path(__file__).parents[2]


def _rows(cluster: Cluster, dbname: str, query: str) -> list[tuple[object, ...]]:
    url = cluster.url(dbname).replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        result = connection.execute(query.encode())
        return result.fetchall() if result.description else []


def test_a_database_made_from_a_template_has_its_rows(cluster: Cluster) -> None:
    cluster.create_database("original")
    _rows(cluster, "original", "CREATE TABLE word AS SELECT 'é' AS letter")
    cluster.create_database("copy", template="original")
    assert _rows(cluster, "copy", "SELECT upper(letter) FROM word") == [("É",)]
    cluster.drop_database("copy")
    cluster.drop_database("original")
    with pytest.raises(psycopg.OperationalError, match='database "copy" does not exist'):
        _rows(cluster, "copy", "SELECT 1")


@pytest.mark.parametrize(("durable", "fsync"), [(False, "off"), (True, "on")])
def test_only_a_durable_cluster_waits_for_the_disk(durable: bool, fsync: str) -> None:
    with Cluster(durable=durable) as cluster:
        assert _rows(cluster, "postgres", "SHOW fsync") == [(fsync,)]
        [(folder,)] = _rows(cluster, "postgres", "SHOW data_directory")
    assert not Path(str(folder)).parent.exists()
    assert not probe.listens(cluster.port)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_cluster_ends_with_the_process_that_started_it(number: signal.Signals) -> None:
    # Whoever runs the tests in the background has their children ignore Ctrl-C: this one must not.
    start = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from tools.postgres import Cluster; "
        "print(Cluster().start().port, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", start],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as owner:
        assert owner.stdout is not None
        port = int(owner.stdout.readline())
        assert probe.listens(port)
        os.kill(owner.pid, number)
        owner.wait()
    give_up_at = time.monotonic() + 30
    while probe.listens(port) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    assert not probe.listens(port)
