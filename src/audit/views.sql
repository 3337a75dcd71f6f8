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
  c.hold_id,
  c.approver,
  o.status,
  coalesce(o.bytes_out, 0) AS bytes_out,
  coalesce(o.bytes_in, 0) AS bytes_in,
  0 AS redactions_out,
  0 AS redactions_in,
  '[]' AS redaction_types,
  c.inspection, c.policy_digest,
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

-- Approvals and redaction do not exist yet: these have their columns, and no rows.
CREATE VIEW holds AS
SELECT NULL AS id, NULL AS created_at, NULL AS decided_at, NULL AS state, NULL AS flow, NULL AS approver, NULL AS reason WHERE 0;
CREATE VIEW grants AS
SELECT NULL AS id, NULL AS created_at, NULL AS expires_at, NULL AS agent, NULL AS host, NULL AS regions, NULL AS approver, NULL AS reason WHERE 0;
CREATE VIEW redactions AS
SELECT NULL AS flow, NULL AS direction, NULL AS type, NULL AS count WHERE 0;
