-- The published interface of the audit database: one row a thing, times as ISO 8601 UTC text. Columns are only ever added.

DROP VIEW IF EXISTS cross_region_flows;
DROP VIEW IF EXISTS destinations;
DROP VIEW IF EXISTS agents;
DROP VIEW IF EXISTS flows;
DROP VIEW IF EXISTS holds;
DROP VIEW IF EXISTS grants;
DROP VIEW IF EXISTS redactions;
DROP VIEW IF EXISTS statements;
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
  coalesce((SELECT sum(count) FROM redacted WHERE flow = d.seq AND direction = 'out'), 0) AS redactions_out,
  coalesce((SELECT sum(count) FROM redacted WHERE flow = d.seq AND direction = 'in'), 0) AS redactions_in,
  (SELECT json_group_array(type) FROM (SELECT DISTINCT type FROM redacted WHERE flow = d.seq ORDER BY type)) AS redaction_types,
  coalesce(o.inspection, c.inspection) AS inspection,
  c.policy_digest,
  o.error,
  coalesce(l.parent, s.connection) AS parent,
  'would_' || c.would AS would,
  s.statement
FROM decisions d
JOIN contexts c ON c.id = d.context
LEFT JOIN outcomes o ON o.flow = d.seq
LEFT JOIN links l ON l.flow = d.seq
LEFT JOIN stated s ON s.flow = d.seq;

-- Flows whose data was, would have been, or might have been processed outside the zone they may use.
CREATE VIEW cross_region_flows AS
SELECT * FROM flows
WHERE id IN (
  SELECT d.seq FROM decisions d JOIN contexts c ON c.id = d.context
  WHERE c.located = 1 AND c.placement <> 'inside'
);

-- The inventory: who talks to whom, where that is, since when and how much. The bytes of a statement are among those of its connection.
CREATE VIEW destinations AS
SELECT
  host, agent, regions,
  min(started_at) AS first_seen,
  max(started_at) AS last_seen,
  count(*) AS flows,
  sum(outcome = 'forwarded') AS forwarded,
  sum(CASE WHEN statement IS NULL THEN bytes_out ELSE 0 END) AS bytes_out,
  sum(CASE WHEN statement IS NULL THEN bytes_in ELSE 0 END) AS bytes_in
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
  sum(CASE WHEN statement IS NULL THEN bytes_out ELSE 0 END) AS bytes_out,
  sum(CASE WHEN statement IS NULL THEN bytes_in ELSE 0 END) AS bytes_in
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
  o.seq,
  json_extract(o.detail, '$.held.statement') AS statement
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

-- One row for each statement, or command, that differs in more than its values, on one connection to a database. `parent` is the flow of the connection.
CREATE VIEW statements AS
SELECT
  f.id, s.connection AS parent,
  f.started_at, f.ended_at, f.agent, f.groups, f.client_ip,
  f.protocol, f.host, f.port,
  s.database, s.statement, s.kinds,
  coalesce(r.times, 0) AS times,
  coalesce(r.rows, 0) AS rows_in,
  f.bytes_out, f.bytes_in, f.redactions_out, f.redactions_in, f.redaction_types,
  f.regions, f.placement, f.action, f.outcome, f.rule, f.because, f.reason, f.hold_id, f.approver, f.error, f.would, f.policy_digest
FROM stated s
JOIN flows f ON f.id = s.flow
LEFT JOIN repeated r ON r.flow = s.flow;
