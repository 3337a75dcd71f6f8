/*
 * Just enough HTTP/1.1 for a benchmark that owns both ends: where a head stops, the value of one
 * field, where a chunked body stops. Nothing to build a proxy on: it trusts what a proxy must
 * refuse.
 */
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* No chunk in this benchmark comes near this size; a larger one is an error, not an overflow. */
#define CHUNK_LIMIT ((int64_t)1 << 40)

/*
 * Length of the head at the start of the buffer, blank line included; 0 when it is not complete
 * yet.
 */
static inline size_t head_length(const char *buffer, size_t length) {
  const char *blank = memmem(buffer, length, "\r\n\r\n", 4);
  return blank ? (size_t)(blank + 4 - buffer) : 0;
}

/*
 * The value of a field in a NUL-terminated head, or NULL. The name is given in any case, without
 * the colon.
 */
static inline const char *field(const char *head, const char *name) {
  size_t length = strlen(name);
  for (const char *line = strstr(head, "\r\n"); line; line = strstr(line, "\r\n")) {
    line += 2;
    if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
      line += length + 1;
      return line + strspn(line, " \t");
    }
  }
  return NULL;
}

static inline bool field_is(const char *head, const char *name, const char *value) {
  const char *found = field(head, name);
  return found && strncasecmp(found, value, strlen(value)) == 0;
}

/* Where in a chunked body we are. Zeroed, it stands before the first chunk. */
struct chunks {
  enum { SIZE, EXTENSION, DATA, AFTER_DATA, TRAILER_START, TRAILER } at;
  int64_t left;
};

enum chunks_result { CHUNKS_MORE, CHUNKS_END, CHUNKS_BROKEN };

/*
 * Reads on; `used` is how many of the bytes belonged to the body, its framing and trailers
 * included.
 */
static inline enum chunks_result chunks_feed(struct chunks *c, const char *b, size_t n,
                                             size_t *used) {
  size_t i = 0;
  enum chunks_result result = CHUNKS_MORE;
  while (i < n && result == CHUNKS_MORE) {
    unsigned char ch = b[i];
    switch (c->at) {
    case SIZE:
      if (ch == ';' || ch == '\r') c->at = EXTENSION;
      else if (!isxdigit(ch) || c->left > CHUNK_LIMIT) result = CHUNKS_BROKEN;
      else c->left = c->left * 16 + (isdigit(ch) ? ch - '0' : tolower(ch) - 'a' + 10);
      i++;
      break;
    case EXTENSION:
      if (ch == '\n') c->at = c->left ? DATA : TRAILER_START;
      i++;
      break;
    case DATA: {
      int64_t take = (int64_t)(n - i) < c->left ? (int64_t)(n - i) : c->left;
      c->left -= take;
      i += take;
      if (c->left == 0) c->at = AFTER_DATA;
      break;
    }
    case AFTER_DATA:
      if (ch == '\n') c->at = SIZE;
      i++;
      break;
    case TRAILER_START:
      if (ch == '\n') result = CHUNKS_END;
      else if (ch != '\r') c->at = TRAILER;
      i++;
      break;
    case TRAILER:
      if (ch == '\n') c->at = TRAILER_START;
      i++;
      break;
    }
  }
  *used = i;
  return result;
}

#endif
