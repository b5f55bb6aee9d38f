"""What Debian's own packages bring beyond what the Python packages do."""

import psycopg
import pytest

from tests.servers import postgres


@pytest.mark.debian
def test_debians_postgresql_finds_by_trigram(postgres_server: postgres.Server) -> None:
    name = postgres_server.create()
    with psycopg.connect(postgres_server.url_of(name), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        assert connection.execute("SELECT similarity('macchina', 'machina') > 0.5").fetchone() == (True,)
    postgres_server.drop(name)
