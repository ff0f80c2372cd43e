"""The whole schema of both files, as numbered migrations. A file is ours by its application id, so that an empty or
a foreign file is never taken for a valid store; a newer schema is refused by older code.

Amounts are TEXT (a number column would turn decimals into floats), times INTEGER in UTC ms. Rows are never updated
but for the lease, the heartbeat and a run's end: what was true at any moment can be asked later.
"""

from __future__ import annotations

import sqlite3

from tradecli.errors import StoreFault

LEDGER_ID = 0x7463_4C64
MARKET_ID = 0x7463_4D6B

BUDGET_ID = 0x7463_4275

BUDGET = (
    """
    CREATE TABLE windows (account TEXT PRIMARY KEY, start INTEGER NOT NULL, used INTEGER NOT NULL) STRICT;
    CREATE TABLE stops (venue TEXT PRIMARY KEY, until INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;
    """,
)

LEDGER = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE runs (
        run_id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, mode TEXT NOT NULL, started INTEGER NOT NULL,
        config_digest TEXT NOT NULL, body TEXT NOT NULL, finished INTEGER, summary TEXT
    ) STRICT;
    CREATE TABLE steps (
        run_id TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (run_id, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE orders (
        run_id TEXT NOT NULL, client_id TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,
        status TEXT NOT NULL, instrument TEXT NOT NULL, source TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (run_id, client_id, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE fills (
        scope TEXT NOT NULL, instrument TEXT NOT NULL, trade_id TEXT NOT NULL, run_id TEXT NOT NULL,
        seq INTEGER NOT NULL, at INTEGER NOT NULL, ts INTEGER NOT NULL, client_id TEXT, body TEXT NOT NULL,
        PRIMARY KEY (scope, instrument, trade_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX fills_in_order ON fills (run_id, seq);
    CREATE TABLE entries (
        scope TEXT NOT NULL, ref TEXT NOT NULL, run_id TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,
        ts INTEGER NOT NULL, venue TEXT NOT NULL, coin TEXT NOT NULL, amount TEXT NOT NULL, kind TEXT NOT NULL,
        instrument TEXT, PRIMARY KEY (scope, ref)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX entries_in_order ON entries (run_id, seq);
    CREATE TABLE decisions (
        run_id TEXT NOT NULL, number INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,
        trigger TEXT NOT NULL, equity TEXT, body TEXT NOT NULL, PRIMARY KEY (run_id, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE notices (
        run_id TEXT NOT NULL, seq INTEGER NOT NULL, n INTEGER NOT NULL, at INTEGER NOT NULL, severity TEXT NOT NULL,
        topic TEXT NOT NULL, instrument TEXT, text TEXT NOT NULL, PRIMARY KEY (run_id, seq, n)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE reports (
        run_id TEXT NOT NULL, topic TEXT NOT NULL, focus TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (run_id, topic, focus, at)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE audit (
        run_id TEXT NOT NULL, n INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,
        ref TEXT NOT NULL, digest TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (run_id, n)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE lease (
        id INTEGER PRIMARY KEY CHECK (id = 1), fence INTEGER NOT NULL, holder TEXT NOT NULL
    ) STRICT;
    CREATE TABLE heartbeat (
        id INTEGER PRIMARY KEY CHECK (id = 1), run_id TEXT NOT NULL, at INTEGER NOT NULL, real_at INTEGER NOT NULL,
        pid INTEGER NOT NULL, body TEXT NOT NULL
    ) STRICT;
    """,
    """
    ALTER TABLE runs ADD COLUMN schema INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE audit RENAME TO audit_1;
    CREATE TABLE audit (
        run_id TEXT NOT NULL, n INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,
        ref TEXT NOT NULL, digest TEXT NOT NULL, hash TEXT NOT NULL, body TEXT, PRIMARY KEY (run_id, n)
    ) STRICT;
    INSERT INTO audit SELECT *, NULL FROM audit_1 ORDER BY run_id, n;
    DROP TABLE audit_1;
    ALTER TABLE steps ADD COLUMN record INTEGER;
    ALTER TABLE orders ADD COLUMN record INTEGER;
    ALTER TABLE fills ADD COLUMN record INTEGER;
    ALTER TABLE entries ADD COLUMN record INTEGER;
    ALTER TABLE decisions ADD COLUMN record INTEGER;
    ALTER TABLE notices ADD COLUMN record INTEGER;
    ALTER TABLE reports ADD COLUMN record INTEGER;
    CREATE VIEW steps_full AS
        SELECT t.run_id, t.seq, t.at, t.kind, t.record, coalesce(a.body, t.body) AS body
        FROM steps t LEFT JOIN audit a ON a.run_id = t.run_id AND a.n = t.record;
    CREATE VIEW orders_full AS
        SELECT t.run_id, t.client_id, t.seq, t.at, t.status, t.instrument, t.source, t.record,
            coalesce(a.body, t.body) AS body
        FROM orders t LEFT JOIN audit a ON a.run_id = t.run_id AND a.n = t.record;
    CREATE VIEW fills_full AS
        SELECT t.scope, t.instrument, t.trade_id, t.run_id, t.seq, t.at, t.ts, t.client_id, t.record,
            coalesce(a.body, t.body) AS body
        FROM fills t LEFT JOIN audit a ON a.run_id = t.run_id AND a.n = t.record;
    CREATE VIEW decisions_full AS
        SELECT t.run_id, t.number, t.seq, t.at, t.trigger, t.equity, t.record, coalesce(a.body, t.body) AS body
        FROM decisions t LEFT JOIN audit a ON a.run_id = t.run_id AND a.n = t.record;
    CREATE VIEW reports_full AS
        SELECT t.run_id, t.topic, t.focus, t.at, t.record, coalesce(a.body, t.body) AS body
        FROM reports t LEFT JOIN audit a ON a.run_id = t.run_id AND a.n = t.record;
    """,
)
"""Schema 2: a record of the chain holds what it is of, word for word, in ``body``, and each row names its ``record``.

Such a row leaves its own ``body`` and its record's ``digest`` empty, because both follow from the record; the views
``…_full`` find the body wherever it is. A row without a record is from schema 1, where events, notices and reports had
none. Records are long, which a table without rowids keeps badly.
"""

_AS_NOW = """
    CREATE TEMP VIEW steps_full AS SELECT *, NULL AS record FROM main.steps;
    CREATE TEMP VIEW orders_full AS SELECT *, NULL AS record FROM main.orders;
    CREATE TEMP VIEW fills_full AS SELECT *, NULL AS record FROM main.fills;
    CREATE TEMP VIEW decisions_full AS SELECT *, NULL AS record FROM main.decisions;
    CREATE TEMP VIEW reports_full AS SELECT *, NULL AS record FROM main.reports;
    CREATE TEMP VIEW steps AS SELECT *, NULL AS record FROM main.steps;
    CREATE TEMP VIEW orders AS SELECT *, NULL AS record FROM main.orders;
    CREATE TEMP VIEW fills AS SELECT *, NULL AS record FROM main.fills;
    CREATE TEMP VIEW entries AS SELECT *, NULL AS record FROM main.entries;
    CREATE TEMP VIEW decisions AS SELECT *, NULL AS record FROM main.decisions;
    CREATE TEMP VIEW notices AS SELECT *, NULL AS record FROM main.notices;
    CREATE TEMP VIEW reports AS SELECT *, NULL AS record FROM main.reports;
    CREATE TEMP VIEW audit AS SELECT *, NULL AS body FROM main.audit;
    CREATE TEMP VIEW runs AS SELECT *, 1 AS schema FROM main.runs;
"""

MARKET = (
    """
    CREATE TABLE series (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, interval_ms INTEGER NOT NULL,
        UNIQUE (kind, subject, interval_ms)
    ) STRICT;
    CREATE TABLE points (
        series INTEGER NOT NULL, known INTEGER NOT NULL, ts INTEGER NOT NULL, tag TEXT NOT NULL,
        a REAL, b REAL, c REAL, d REAL, e REAL
    ) STRICT;
    CREATE UNIQUE INDEX points_once ON points (series, known, tag);
    CREATE TABLE blobs (
        series INTEGER NOT NULL, known INTEGER NOT NULL, ts INTEGER NOT NULL, tag TEXT NOT NULL, body BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX blobs_once ON blobs (series, known, tag);
    CREATE TABLE instruments (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
    """,
)


def prepare(
    connection: sqlite3.Connection, path: str, application_id: int, migrations: tuple[str, ...]
) -> None:
    """Bring an open file to the newest schema, one migration a transaction; refuse what is not ours or is newer."""
    found = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if found != application_id and (found != 0 or tables):
        raise StoreFault("this file is not a store of the kind expected", path=path, number=120)
    if version > len(migrations):
        raise StoreFault(
            f"schema {version} is newer than this program knows ({len(migrations)})",
            path=path,
            number=121,
            hint="use the newer program, or restore a backup",
        )
    for number in range(version, len(migrations)):
        script = f"PRAGMA application_id = {application_id}; PRAGMA user_version = {number + 1};"
        try:
            connection.executescript(f"BEGIN IMMEDIATE; {migrations[number]} {script} COMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def read_as_now(connection: sqlite3.Connection) -> None:
    """Let a ledger of schema 1, which may only be read, be asked as one of today; the file stays as it is."""
    for statement in _AS_NOW.split(";"):
        connection.execute(statement)


def check(connection: sqlite3.Connection, path: str, application_id: int, newest: int) -> int:
    """Return the schema; refuse a file that cannot be read as a store: empty, foreign, or of a newer schema."""
    found = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if found != application_id:
        raise StoreFault("this file is not a store of the kind expected", path=path, number=120)
    if version > newest:
        raise StoreFault(
            f"schema {version} is newer than this program knows ({newest})", path=path, number=121
        )
    return int(version)
