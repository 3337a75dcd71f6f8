-- The physical log. Append-only; every row of `decisions`, `outcomes`, `redacted`, `stated`, `repeated`, `admin` and `hold_events` takes the next number
-- of one sequence and carries the hash of the row before it: see chain.ts. The published interface is views.sql, not this.

CREATE TABLE IF NOT EXISTS contexts (   -- what decisions have in common, stored once; addressed by its content
  id            INTEGER PRIMARY KEY,
  digest        TEXT NOT NULL UNIQUE,   -- SHA-256 over the columns below, in this order; without the last three where all of them are null
  mode          TEXT NOT NULL,
  client_ip     TEXT NOT NULL,
  agent         TEXT NOT NULL,
  groups        TEXT NOT NULL,          -- JSON list
  scheme        TEXT NOT NULL,
  host          TEXT,
  port          INTEGER,
  located       INTEGER NOT NULL,       -- 1 when the destination was looked up
  regions       TEXT NOT NULL,          -- JSON list
  placement     TEXT NOT NULL,
  evidence      TEXT NOT NULL,          -- JSON list
  action        TEXT NOT NULL,
  enforced      INTEGER NOT NULL,       -- 0 when the action was only observed
  rule          TEXT,
  because       TEXT,
  reason        TEXT NOT NULL,
  inspection    TEXT NOT NULL,
  policy_digest TEXT NOT NULL,
  hold_id       TEXT,                   -- since format 3, like the two below
  approver      TEXT,                   -- all who gave the grant, separated by `, `
  would         TEXT                    -- block, hold: what was only observed
) STRICT;

CREATE TABLE IF NOT EXISTS decisions (
  seq      INTEGER PRIMARY KEY,         -- also the number of the flow
  at       INTEGER NOT NULL,            -- milliseconds since 1970, UTC
  context  INTEGER NOT NULL REFERENCES contexts (id),
  method   TEXT,
  path     TEXT,
  protocol TEXT NOT NULL,
  hash     TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS outcomes (
  flow      INTEGER PRIMARY KEY REFERENCES decisions (seq),
  seq       INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  outcome   TEXT NOT NULL,
  status    INTEGER,
  dialed_ip TEXT,
  bytes_out INTEGER NOT NULL,
  bytes_in  INTEGER NOT NULL,
  error     TEXT,
  hash      TEXT NOT NULL,
  inspection TEXT                       -- since format 4: where more was seen than its context says; hashed behind `error` where it is set
) STRICT;

CREATE TABLE IF NOT EXISTS redacted (   -- what was taken out of a flow, written with its outcome; never what it was, how long, or a hash of it
  seq       INTEGER PRIMARY KEY,
  flow      INTEGER NOT NULL REFERENCES decisions (seq),
  direction TEXT NOT NULL,              -- out, in
  type      TEXT NOT NULL,
  path      TEXT NOT NULL,              -- where it stood: keys, no data; `…` for all the places beyond some
  count     INTEGER NOT NULL,
  hash      TEXT NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS redacted_of ON redacted (flow);

CREATE TABLE IF NOT EXISTS stated (     -- since format 5: of a flow that is a statement what was said, written with its decision; values are placeholders
  flow       INTEGER PRIMARY KEY REFERENCES decisions (seq),
  seq        INTEGER NOT NULL,
  connection INTEGER NOT NULL REFERENCES decisions (seq),
  database   TEXT,
  statement  TEXT NOT NULL,
  kinds      TEXT NOT NULL,             -- JSON list
  hash       TEXT NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS stated_on ON stated (connection);

CREATE TABLE IF NOT EXISTS repeated (   -- since format 5: how often it was sent, and how many rows came, written with its outcome
  flow  INTEGER PRIMARY KEY REFERENCES decisions (seq),
  seq   INTEGER NOT NULL,
  times INTEGER NOT NULL,
  rows  INTEGER NOT NULL,
  hash  TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS admin (
  seq     INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  actor   TEXT NOT NULL,
  action  TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail  TEXT NOT NULL,
  hash    TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS hold_events ( -- what holds and grants are made of
  seq      INTEGER PRIMARY KEY,
  at       INTEGER NOT NULL,
  hold     TEXT NOT NULL,
  grant_id TEXT,
  kind     TEXT NOT NULL,
  actor    TEXT,
  detail   TEXT NOT NULL,               -- JSON object: what the event says beyond these; never payload
  hash     TEXT NOT NULL
) STRICT;

-- All of one hold, and how many of a kind it has; where holds and grants begin, for the views (an index over all kinds would lead old versions
-- of SQLite astray); what ends after a time: what is looked at when the proxy starts.
CREATE INDEX IF NOT EXISTS hold_events_of ON hold_events (hold, kind, at);
CREATE INDEX IF NOT EXISTS hold_openings  ON hold_events (seq) WHERE kind = 'opened';
CREATE INDEX IF NOT EXISTS hold_approvals ON hold_events (seq) WHERE kind = 'approved';
CREATE INDEX IF NOT EXISTS hold_deadlines ON hold_events (coalesce(json_extract(detail, '$.grant.expiresAt'), json_extract(detail, '$.expiresAt')))
  WHERE kind IN ('opened', 'approved');

CREATE TABLE IF NOT EXISTS held (       -- an index to `decisions`: which went under a hold, or were refused under it; `verify` compares
  hold TEXT NOT NULL,
  flow INTEGER NOT NULL REFERENCES decisions (seq),
  PRIMARY KEY (hold, flow)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS links (      -- beside the chain: flows that followed what an answer told the client
  flow   INTEGER PRIMARY KEY REFERENCES decisions (seq),
  parent INTEGER NOT NULL REFERENCES decisions (seq)
) STRICT;

CREATE TABLE IF NOT EXISTS inventory (  -- beside the chain: how hosts were seen to be, to notice when that changes
  host       TEXT PRIMARY KEY,
  traits     TEXT NOT NULL,             -- JSON list
  first_seen INTEGER NOT NULL,
  changed    INTEGER NOT NULL
) STRICT;

CREATE TRIGGER IF NOT EXISTS contexts_update  BEFORE UPDATE ON contexts  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS contexts_delete  BEFORE DELETE ON contexts  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS decisions_update BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS decisions_delete BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS outcomes_update  BEFORE UPDATE ON outcomes  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS outcomes_delete  BEFORE DELETE ON outcomes  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS redacted_update  BEFORE UPDATE ON redacted  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS redacted_delete  BEFORE DELETE ON redacted  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS stated_update BEFORE UPDATE ON stated BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS stated_delete BEFORE DELETE ON stated BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS repeated_update BEFORE UPDATE ON repeated BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS repeated_delete BEFORE DELETE ON repeated BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS admin_update     BEFORE UPDATE ON admin     BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS admin_delete     BEFORE DELETE ON admin     BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS hold_events_update BEFORE UPDATE ON hold_events BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS hold_events_delete BEFORE DELETE ON hold_events BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS held_update      BEFORE UPDATE ON held      BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS held_delete      BEFORE DELETE ON held      BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TABLE IF NOT EXISTS head (       -- the last row of the sequence, or one before decisions that came later: see appender.ts
  one  INTEGER PRIMARY KEY CHECK (one = 1),
  seq  INTEGER NOT NULL,
  hash TEXT NOT NULL
) STRICT;
