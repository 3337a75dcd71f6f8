-- What the log of format 2 was: its tables and views, as the last version wrote them that knew only those.
-- The physical log. Append-only; every row of `decisions`, `outcomes` and `admin` takes the next number of one sequence
-- and carries the hash of the row before it: see chain.ts. The published interface is views.sql, not this.

CREATE TABLE IF NOT EXISTS contexts (   -- what decisions have in common, stored once; addressed by its content
  id            INTEGER PRIMARY KEY,
  digest        TEXT NOT NULL UNIQUE,   -- SHA-256 over all columns below, in this order
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
  policy_digest TEXT NOT NULL
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
  hash      TEXT NOT NULL
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
CREATE TRIGGER IF NOT EXISTS admin_update     BEFORE UPDATE ON admin     BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS admin_delete     BEFORE DELETE ON admin     BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TABLE IF NOT EXISTS head (       -- the last row of the sequence, or one before decisions that came later: see appender.ts
  one  INTEGER PRIMARY KEY CHECK (one = 1),
  seq  INTEGER NOT NULL,
  hash TEXT NOT NULL
) STRICT;
-- The published interface of the audit database: one row a thing, times as ISO 8601 UTC text. Columns are only ever added.

DROP VIEW IF EXISTS cross_region_flows;
DROP VIEW IF EXISTS destinations;
DROP VIEW IF EXISTS agents;
DROP VIEW IF EXISTS flows;
DROP VIEW IF EXISTS holds;
DROP VIEW IF EXISTS grants;
DROP VIEW IF EXISTS redactions;
DROP VIEW IF EXISTS admin_actions;

-- One row a request. A flow without an outcome is still open, or was when the proxy died.
CREATE VIEW flows AS
SELECT
  d.seq AS id,
  strftime('%Y-%m-%dT%H:%M:%fZ', d.at / 1000.0, 'unixepoch') AS started_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', o.at / 1000.0, 'unixepoch') AS ended_at,
  o.at - d.at AS duration_ms,
  c.mode, c.client_ip, c.agent, c.groups,
  d.method,
  c.scheme, c.host, c.port,
  d.path, d.protocol,
  o.dialed_ip,
  c.regions, c.placement, c.evidence, c.action,
  coalesce(o.outcome, 'open') AS outcome,
  c.rule, c.because, c.reason,
  NULL AS hold_id,
  NULL AS approver,
  o.status,
  coalesce(o.bytes_out, 0) AS bytes_out,
  coalesce(o.bytes_in, 0) AS bytes_in,
  0 AS redactions_out,
  0 AS redactions_in,
  '[]' AS redaction_types,
  c.inspection, c.policy_digest,
  o.error,
  l.parent
FROM decisions d
JOIN contexts c ON c.id = d.context
LEFT JOIN outcomes o ON o.flow = d.seq
LEFT JOIN links l ON l.flow = d.seq;

-- Flows whose data was, would have been, or might have been processed outside the zone they may use.
CREATE VIEW cross_region_flows AS
SELECT * FROM flows
WHERE id IN (
  SELECT d.seq FROM decisions d JOIN contexts c ON c.id = d.context
  WHERE c.located = 1 AND c.placement <> 'inside'
);

-- The inventory: who talks to whom, where that is, since when and how much.
CREATE VIEW destinations AS
SELECT
  host, agent, regions,
  min(started_at) AS first_seen,
  max(started_at) AS last_seen,
  count(*) AS flows,
  sum(outcome = 'forwarded') AS forwarded,
  sum(bytes_out) AS bytes_out,
  sum(bytes_in) AS bytes_in
FROM flows
WHERE host IS NOT NULL
GROUP BY host, agent, regions;

CREATE VIEW agents AS
SELECT
  agent AS id,
  min(started_at) AS first_seen,
  max(started_at) AS last_seen,
  count(*) AS flows,
  sum(outcome = 'forwarded') AS forwarded,
  sum(action <> 'allow') AS refused,
  sum(bytes_out) AS bytes_out,
  sum(bytes_in) AS bytes_in
FROM flows
GROUP BY agent;

CREATE VIEW admin_actions AS
SELECT
  seq AS id,
  strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS at,
  actor, action, subject, detail
FROM admin;

-- Approvals and redaction do not exist yet: these have their columns, and no rows.
CREATE VIEW holds AS
SELECT NULL AS id, NULL AS created_at, NULL AS decided_at, NULL AS state, NULL AS flow, NULL AS approver, NULL AS reason WHERE 0;
CREATE VIEW grants AS
SELECT NULL AS id, NULL AS created_at, NULL AS expires_at, NULL AS agent, NULL AS host, NULL AS regions, NULL AS approver, NULL AS reason WHERE 0;
CREATE VIEW redactions AS
SELECT NULL AS flow, NULL AS direction, NULL AS type, NULL AS count WHERE 0;
