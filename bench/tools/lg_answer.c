/*
 * What comes back on a connection of lg: heads, bodies, and whether both are what they should be. A
 * head that does not fit, a broken chunk or a body of another length than announced is a failure.
 */
#include "lg.h"

#include <stdio.h>
#include <stdlib.h>

static char scratch[1 << 17]; /* bodies go here; only event time stamps are looked at */

static enum progress read_into_head(struct connection *c, size_t *complete);
static int status_of(const char *head);
static enum progress take_body(struct connection *c, const char *b, size_t n);
static void read_stamps(struct connection *c, const char *b, size_t n);
static enum progress answered(struct connection *c);

enum progress read_connect_answer(struct connection *c, bool *accepted) {
  size_t complete = 0;
  if (read_into_head(c, &complete) == WAIT) return WAIT;
  if (!complete) return ON;
  *accepted = status_of(c->head) == 200;
  return *accepted ? ON : fail(c, "CONNECT was refused");
}

enum progress read_head(struct connection *c) {
  size_t complete = 0;
  if (read_into_head(c, &complete) == WAIT) return WAIT;
  while (complete && c->head[9] == '1') { /* 1xx: another head follows */
    c->head_length -= complete;
    memmove(c->head, c->head + complete, c->head_length + 1);
    complete = head_length(c->head, c->head_length);
  }
  if (!complete) return ON;
  c->head[complete - 2] = 0; /* the blank line becomes the end of the string */
  c->ok = status_of(c->head) == 200;
  if (!c->ok) note_error("status", (char[]){c->head[9], c->head[10], c->head[11], 0});
  const char *length = field(c->head, "content-length");
  bool chunked = field_is(c->head, "transfer-encoding", "chunked");
  c->body = chunked ? CHUNKED : length ? BY_LENGTH : UNTIL_CLOSE;
  c->body_left = c->body == BY_LENGTH ? strtoll(length, NULL, 10) : 0;
  c->body_bytes = 0;
  c->chunks = (struct chunks){0};
  c->stamp_length = -1;
  c->close_after = field_is(c->head, "connection", "close");
  c->state = READ_BODY;
  if (c->body == BY_LENGTH && c->body_left == 0) return answered(c);
  size_t rest = c->head_length - complete;
  return rest ? take_body(c, c->head + complete, rest) : ON;
}

enum progress read_body(struct connection *c) {
  int n = read_some(c, scratch, sizeof scratch);
  if (n > 0) return take_body(c, scratch, n);
  if (n == 0) return WAIT;
  if (c->body != UNTIL_CLOSE) return fail(c, "reading a body");
  c->close_after = true;
  return answered(c);
}

/* Reads more of a head. Once it is complete, `complete` is its length. It is always a string. */
static enum progress read_into_head(struct connection *c, size_t *complete) {
  size_t room = sizeof c->head - 1 - c->head_length;
  if (room == 0) return fail(c, "head too long");
  int n = read_some(c, c->head + c->head_length, room);
  if (n < 0) return fail(c, "waiting for an answer");
  if (n == 0) return WAIT;
  c->head_length += n;
  c->head[c->head_length] = 0;
  *complete = head_length(c->head, c->head_length);
  return ON;
}

static int status_of(const char *head) {
  return strncmp(head, "HTTP/1.", 7) == 0 ? atoi(head + 9) : 0;
}

static enum progress take_body(struct connection *c, const char *b, size_t n) {
  if (measuring) counters.bytes_in += n;
  if (options.events) read_stamps(c, b, n);
  c->body_bytes += n;
  if (c->body == UNTIL_CLOSE) return ON;
  if (c->body == BY_LENGTH) {
    c->body_left -= n;
    if (c->body_left < 0) return fail(c, "more body than announced");
    return c->body_left ? ON : answered(c);
  }
  size_t used;
  enum chunks_result result = chunks_feed(&c->chunks, b, n, &used);
  if (result == CHUNKS_BROKEN || used < n) return fail(c, "chunked framing");
  return result == CHUNKS_MORE ? ON : answered(c);
}

/* Looks for `@` and digits: when an event was sent, by the clock this machine shares with sink. */
static void read_stamps(struct connection *c, const char *b, size_t n) {
  uint64_t now = now_ns();
  for (size_t i = 0; i < n; i++) {
    if (c->stamp_length < 0) {
      if (b[i] == '@') c->stamp_length = 0;
    } else if (isdigit((unsigned char)b[i]) && c->stamp_length < (int)sizeof c->stamp - 1) {
      c->stamp[c->stamp_length++] = b[i];
    } else {
      c->stamp[c->stamp_length] = 0;
      c->stamp_length = -1;
      if (!measuring) continue;
      counters.done++;
      record_latency(now - strtoull(c->stamp, NULL, 10));
    }
  }
}

static enum progress answered(struct connection *c) {
  /* A chunked body is counted with its framing: there only too little is certain to be wrong. */
  bool too_short = c->body_bytes < options.body;
  bool too_long = c->body != CHUNKED && c->body_bytes > options.body;
  if (options.body >= 0 && (too_short || too_long)) {
    c->ok = false;
    note_error("wrong body length", "");
  }
  on_answer(c);
  c->state = IDLE;
  if (options.hold) return WAIT;
  if (options.fresh || c->close_after) {
    close_connection(c);
    return WAIT;
  }
  on_ready(c);
  return c->state == IDLE ? WAIT : ON;
}
