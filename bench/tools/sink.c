/*
 * sink: the upstream for what nginx cannot play. A thread a connection, TLS, keep-alive.
 *
 *   sink PORT CERT.pem KEY.pem
 *
 *   POST …         reads the whole body (Content-Length or chunked), then answers 200 with `ok`
 *   GET /sse?us=N  an endless event stream, one event every N microseconds; each carries `@` and
 *                  the time it was sent (CLOCK_MONOTONIC, ns), so that a reader on the same machine
 *                  can tell how long it took
 */
#define _GNU_SOURCE
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

#include "http.h"
#include "net.h"

#define HEAD_LIMIT 65536
#define PIECE 65536
/*
 * A peer's pool keeps connections open between workloads, so only a forgotten one runs into this.
 */
#define IDLE_LIMIT_SECONDS 3600

static SSL_CTX *context;

struct request {
  char bytes[HEAD_LIMIT + PIECE + 1];
  size_t length; /* bytes read and not consumed */
};

static void serve(int fd);
static bool serve_request(SSL *tls, struct request *r);
static bool skip_body(SSL *tls, struct request *r, int64_t length);
static bool skip_chunks(SSL *tls, struct request *r);
static void send_events(SSL *tls, long every_us);

int main(int count, char **arguments) {
  if (count != 4) {
    fprintf(stderr, "usage: sink PORT CERT.pem KEY.pem\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  context = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(context, arguments[2]) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, arguments[3], SSL_FILETYPE_PEM) != 1) {
    fprintf(stderr, "cannot load %s and %s\n", arguments[2], arguments[3]);
    return 1;
  }
  serve_forever(to_port(arguments[1]), serve);
}

static void serve(int fd) {
  struct timeval idle = {.tv_sec = IDLE_LIMIT_SECONDS};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof idle);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &idle, sizeof idle);
  SSL *tls = SSL_new(context);
  struct request *r = calloc(1, sizeof *r);
  if (tls && r && SSL_set_fd(tls, fd) && SSL_accept(tls) == 1) {
    while (serve_request(tls, r)) continue;
  }
  free(r);
  SSL_free(tls);
}

/* Appends what the client sent; false when it is gone or the buffer is full. */
static bool read_more(SSL *tls, struct request *r) {
  size_t room = sizeof r->bytes - 1 - r->length;
  int n = room ? SSL_read(tls, r->bytes + r->length, (int)(room < PIECE ? room : PIECE)) : 0;
  if (n <= 0) return false;
  r->length += n;
  return true;
}

static void consume(struct request *r, size_t n) {
  memmove(r->bytes, r->bytes + n, r->length - n);
  r->length -= n;
}

static bool write_text(SSL *tls, const char *text) {
  return SSL_write(tls, text, (int)strlen(text)) > 0;
}

/* One request and its answer; false when the connection is over. */
static bool serve_request(SSL *tls, struct request *r) {
  size_t head;
  while (!(head = head_length(r->bytes, r->length))) {
    if (r->length >= HEAD_LIMIT || !read_more(tls, r)) return false;
  }
  r->bytes[head - 2] = 0; /* the blank line becomes the end of a string */
  const char *length = field(r->bytes, "content-length");
  int64_t announced = length ? strtoll(length, NULL, 10) : 0;
  bool chunked = field_is(r->bytes, "transfer-encoding", "chunked");
  bool expects = field(r->bytes, "expect") != NULL;
  bool events = strncmp(r->bytes, "GET /sse", 8) == 0;
  const char *every = strstr(r->bytes, "us=");
  long every_us = every ? strtol(every + 3, NULL, 10) : 0;
  consume(r, head);

  if (expects && !write_text(tls, "HTTP/1.1 100 Continue\r\n\r\n")) return false;
  if (!(chunked ? skip_chunks(tls, r) : skip_body(tls, r, announced))) return false;
  if (events) {
    send_events(tls, every_us < 100 ? 100 : every_us);
    return false;
  }
  return write_text(tls, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                         "Content-Length: 2\r\n\r\nok");
}

static bool skip_body(SSL *tls, struct request *r, int64_t length) {
  while (length > 0) {
    if (r->length == 0 && !read_more(tls, r)) return false;
    size_t take = (int64_t)r->length < length ? r->length : (size_t)length;
    consume(r, take);
    length -= (int64_t)take;
  }
  return length == 0;
}

static bool skip_chunks(SSL *tls, struct request *r) {
  struct chunks chunks = {0};
  for (;;) {
    if (r->length == 0 && !read_more(tls, r)) return false;
    size_t used;
    enum chunks_result result = chunks_feed(&chunks, r->bytes, r->length, &used);
    consume(r, used);
    if (result != CHUNKS_MORE) return result == CHUNKS_END;
  }
}

/*
 * Sends until the client goes away. The schedule is absolute: a slow write delays no later event.
 */
static void send_events(SSL *tls, long every_us) {
  if (!write_text(tls, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                       "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"))
    return;
  struct timespec next;
  clock_gettime(CLOCK_MONOTONIC, &next);
  for (;;) {
    next.tv_nsec += every_us * 1000 % 1000000000;
    next.tv_sec += every_us / 1000000 + next.tv_nsec / 1000000000;
    next.tv_nsec %= 1000000000;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long long stamp = now.tv_sec * 1000000000ll + now.tv_nsec;
    char event[128], chunk[160];
    const char *format = "data: {\"token\":\"lorem ipsum\",\"ts\":\"@%lld\"}\n\n";
    int length = snprintf(event, sizeof event, format, stamp);
    snprintf(chunk, sizeof chunk, "%x\r\n%s\r\n", length, event);
    if (!write_text(tls, chunk)) return;
  }
}
