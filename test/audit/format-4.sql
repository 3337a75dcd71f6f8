-- What the log of format 4 was: its tables and views, as the last version wrote them that knew only those.
-- The physical log. Append-only; every row of `decisions`, `outcomes`, `redacted`, `admin` and `hold_events` takes the next number
-- of one sequence and carries the hash of the row before it: see chain.ts. The published interface is views.sql, not this.

CREATE TABLE contexts (   -- what decisions have in common, stored once; addressed by its content
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

CREATE TABLE decisions (
  seq      INTEGER PRIMARY KEY,         -- also the number of the flow
  at       INTEGER NOT NULL,            -- milliseconds since 1970, UTC
  context  INTEGER NOT NULL REFERENCES contexts (id),
  method   TEXT,
  path     TEXT,
  protocol TEXT NOT NULL,
  hash     TEXT NOT NULL
) STRICT;

CREATE TABLE outcomes (
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

CREATE TABLE redacted (   -- what was taken out of a flow, written with its outcome; never what it was, how long, or a hash of it
  seq       INTEGER PRIMARY KEY,
  flow      INTEGER NOT NULL REFERENCES decisions (seq),
  direction TEXT NOT NULL,              -- out, in
  type      TEXT NOT NULL,
  path      TEXT NOT NULL,              -- where it stood: keys, no data; `…` for all the places beyond some
  count     INTEGER NOT NULL,
  hash      TEXT NOT NULL
) STRICT;

CREATE INDEX redacted_of ON redacted (flow);

CREATE TABLE admin (
  seq     INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  actor   TEXT NOT NULL,
  action  TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail  TEXT NOT NULL,
  hash    TEXT NOT NULL
) STRICT;

CREATE TABLE hold_events ( -- what holds and grants are made of
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
CREATE INDEX hold_events_of ON hold_events (hold, kind, at);
CREATE INDEX hold_openings  ON hold_events (seq) WHERE kind = 'opened';
CREATE INDEX hold_approvals ON hold_events (seq) WHERE kind = 'approved';
CREATE INDEX hold_deadlines ON hold_events (coalesce(json_extract(detail, '$.grant.expiresAt'), json_extract(detail, '$.expiresAt')))
  WHERE kind IN ('opened', 'approved');

CREATE TABLE held (       -- an index to `decisions`: which went under a hold, or were refused under it; `verify` compares
  hold TEXT NOT NULL,
  flow INTEGER NOT NULL REFERENCES decisions (seq),
  PRIMARY KEY (hold, flow)
) STRICT, WITHOUT ROWID;

CREATE TABLE links (      -- beside the chain: flows that followed what an answer told the client
  flow   INTEGER PRIMARY KEY REFERENCES decisions (seq),
  parent INTEGER NOT NULL REFERENCES decisions (seq)
) STRICT;

CREATE TABLE inventory (  -- beside the chain: how hosts were seen to be, to notice when that changes
  host       TEXT PRIMARY KEY,
  traits     TEXT NOT NULL,             -- JSON list
  first_seen INTEGER NOT NULL,
  changed    INTEGER NOT NULL
) STRICT;

CREATE TRIGGER contexts_update  BEFORE UPDATE ON contexts  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER contexts_delete  BEFORE DELETE ON contexts  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER decisions_update BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER decisions_delete BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER outcomes_update  BEFORE UPDATE ON outcomes  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER outcomes_delete  BEFORE DELETE ON outcomes  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER redacted_update  BEFORE UPDATE ON redacted  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER redacted_delete  BEFORE DELETE ON redacted  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER admin_update     BEFORE UPDATE ON admin     BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER admin_delete     BEFORE DELETE ON admin     BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER hold_events_update BEFORE UPDATE ON hold_events BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER hold_events_delete BEFORE DELETE ON hold_events BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER held_update      BEFORE UPDATE ON held      BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER held_delete      BEFORE DELETE ON held      BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TABLE head (       -- the last row of the sequence, or one before decisions that came later: see appender.ts
  one  INTEGER PRIMARY KEY CHECK (one = 1),
  seq  INTEGER NOT NULL,
  hash TEXT NOT NULL
) STRICT;
-- The published interface of the audit database: one row a thing, times as ISO 8601 UTC text. Columns are only ever added.


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
  c.hold_id,
  c.approver,
  o.status,
  coalesce(o.bytes_out, 0) AS bytes_out,
  coalesce(o.bytes_in, 0) AS bytes_in,
  coalesce((SELECT sum(count) FROM redacted WHERE flow = d.seq AND direction = 'out'), 0) AS redactions_out,
  coalesce((SELECT sum(count) FROM redacted WHERE flow = d.seq AND direction = 'in'), 0) AS redactions_in,
  (SELECT json_group_array(type) FROM (SELECT DISTINCT type FROM redacted WHERE flow = d.seq ORDER BY type)) AS redaction_types,
  coalesce(o.inspection, c.inspection) AS inspection,
  c.policy_digest,
  o.error,
  l.parent,
  'would_' || c.would AS would
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

-- One row a call that waits or has waited for a person, or access asked for ahead. One that is past its time has expired, whether or not that
-- was written down yet.
CREATE VIEW holds AS
SELECT
  o.hold AS id,
  strftime('%Y-%m-%dT%H:%M:%fZ', o.at / 1000.0, 'unixepoch') AS created_at,
  CASE WHEN e.kind IN ('approved', 'denied') THEN strftime('%Y-%m-%dT%H:%M:%fZ', e.at / 1000.0, 'unixepoch') END AS decided_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(o.detail, '$.expiresAt') / 1000.0, 'unixepoch') AS expires_at,
  CASE
    WHEN e.kind IS NOT NULL THEN e.kind
    WHEN json_extract(o.detail, '$.expiresAt') <= (julianday('now') - 2440587.5) * 86400000 THEN 'expired'
    ELSE 'pending'
  END AS state,
  json_extract(o.detail, '$.kind') AS kind,
  json_extract(o.detail, '$.held.agent') AS agent,
  o.actor AS requester,
  json_extract(o.detail, '$.held.method') AS method,
  json_extract(o.detail, '$.held.scheme') AS scheme,
  json_extract(o.detail, '$.held.host') AS host,
  json_extract(o.detail, '$.held.port') AS port,
  json_extract(o.detail, '$.held.path') AS path,
  json_extract(o.detail, '$.held.regions') AS regions,
  json_extract(o.detail, '$.held.placement') AS placement,
  json_extract(o.detail, '$.held.rule') AS rule,
  json_extract(o.detail, '$.held.reason') AS reason,
  (
    SELECT json_group_array(json_object('reviewer', actor, 'at', at, 'reason', reason))
    FROM (
      SELECT actor, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS at, json_extract(detail, '$.reason') AS reason
      FROM hold_events WHERE hold = o.hold AND kind IN ('agreed', 'approved') ORDER BY seq
    )
  ) AS votes,
  (SELECT group_concat(value, ', ') FROM json_each(e.detail, '$.grant.approvers')) AS approver,
  json_extract(e.detail, '$.reason') AS decision_reason,
  e.grant_id,
  (SELECT min(flow) FROM held WHERE hold = o.hold) AS flow,
  strftime('%Y-%m-%dT%H:%M:%fZ', e.at / 1000.0, 'unixepoch') AS ended_at,
  e.actor AS ended_by,
  json_extract(o.detail, '$.purpose') AS purpose,
  json_extract(o.detail, '$.held.clientIp') AS client_ip,
  json_extract(o.detail, '$.held.because') AS because,
  json_extract(o.detail, '$.held.bodyBytes') AS body_bytes,
  json_extract(o.detail, '$.held.bodyDigest') AS body_digest,
  json_extract(o.detail, '$.held.classes') AS classes,
  json_extract(o.detail, '$.held.groups') AS groups,
  json_extract(o.detail, '$.held.owner') AS owner,
  json_extract(o.detail, '$.held.zone') AS zone,
  json_extract(o.detail, '$.held.rules') AS rules,
  json_extract(o.detail, '$.held.evidence') AS evidence,
  json_extract(o.detail, '$.terms.approvals') AS approvals,
  CASE WHEN json_type(o.detail, '$.wants') = 'object' THEN json_object(
    'starts_at', strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(o.detail, '$.wants.startsAt') / 1000.0, 'unixepoch'),
    'expires_at', strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(o.detail, '$.wants.expiresAt') / 1000.0, 'unixepoch'),
    'uses', json_extract(o.detail, '$.wants.uses')
  ) END AS wants,
  o.seq
FROM hold_events o
LEFT JOIN hold_events e ON e.seq = (
  SELECT min(seq) FROM hold_events WHERE hold = o.hold AND kind IN ('approved', 'denied', 'expired', 'cancelled')
)
WHERE o.kind = 'opened';

-- One row for what a person gave: leave for one request, or for all of a kind for a time.
CREATE VIEW grants AS
SELECT
  g.grant_id AS id,
  g.hold AS hold_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', g.at / 1000.0, 'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(g.detail, '$.grant.startsAt') / 1000.0, 'unixepoch') AS starts_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(g.detail, '$.grant.expiresAt') / 1000.0, 'unixepoch') AS expires_at,
  CASE
    WHEN e.kind = 'revoked' THEN 'revoked'
    WHEN g.used >= json_extract(g.detail, '$.grant.uses') THEN 'used'
    WHEN e.kind = 'grant-expired' OR json_extract(g.detail, '$.grant.expiresAt') <= (julianday('now') - 2440587.5) * 86400000 THEN 'expired'
    ELSE 'active'
  END AS state,
  json_extract(g.detail, '$.grant.scope.breadth') AS breadth,
  json_extract(g.detail, '$.grant.scope.agent') AS agent,
  json_extract(g.detail, '$.grant.scope.group') AS agent_group,
  json_extract(g.detail, '$.grant.scope.scheme') AS scheme,
  json_extract(g.detail, '$.grant.scope.host') AS host,
  json_extract(g.detail, '$.grant.scope.port') AS port,
  json_extract(g.detail, '$.grant.scope.method') AS method,
  json_extract(g.detail, '$.grant.scope.path') AS path,
  json_extract(g.detail, '$.grant.scope.regions') AS regions,
  json_extract(g.detail, '$.grant.uses') AS uses,
  g.used,
  (SELECT group_concat(value, ', ') FROM json_each(g.detail, '$.grant.approvers')) AS approver,
  json_extract(g.detail, '$.grant.reason') AS reason,
  strftime('%Y-%m-%dT%H:%M:%fZ', coalesce(e.at, CASE WHEN g.used >= json_extract(g.detail, '$.grant.uses') THEN g.used_at END) / 1000.0, 'unixepoch') AS ended_at,
  e.actor AS ended_by,
  json_extract(g.detail, '$.grant.scope.clientIp') AS client_ip,
  json_extract(g.detail, '$.grant.scope.rules') AS rules,
  g.seq
FROM (
  SELECT a.*,
    (SELECT count(*) FROM hold_events WHERE hold = a.hold AND kind = 'used') AS used,
    (SELECT max(at) FROM hold_events WHERE hold = a.hold AND kind = 'used') AS used_at
  FROM hold_events a WHERE a.kind = 'approved'
) g
LEFT JOIN hold_events e ON e.seq = (
  -- What runs under one whose time is over can still be stopped.
  SELECT seq FROM hold_events WHERE hold = g.hold AND kind IN ('revoked', 'grant-expired') ORDER BY kind = 'revoked' DESC, seq LIMIT 1
);

-- One row for what was taken out of a flow: a kind at a place in what left home (`out`) or in its answer (`in`), and how often. `at` is its end.
CREATE VIEW redactions AS
SELECT
  r.flow,
  strftime('%Y-%m-%dT%H:%M:%fZ', o.at / 1000.0, 'unixepoch') AS at,
  r.direction, r.type, r.path, r.count
FROM redacted r
LEFT JOIN outcomes o ON o.flow = r.flow;
