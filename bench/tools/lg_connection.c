/*
 * One connection of lg on its way out: CONNECT through the proxy, TLS with the host verified, then
 * requests. Every buffer is fixed; whatever goes wrong closes the connection and is counted.
 */
#include "lg.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define UPLOAD_PIECE 65536

static SSL_CTX *context;
static SSL_SESSION **sessions;          /* the last one of each host */
static const char zeros[UPLOAD_PIECE];  /* what uploads are made of */

static enum progress advance(struct connection *c);
static enum progress connected(struct connection *c);
static enum progress send_out(struct connection *c, enum state then);
static enum progress read_connect(struct connection *c);
static enum progress start_tls(struct connection *c);
static enum progress handshake(struct connection *c);
static enum progress idle(struct connection *c);
static enum progress send_upload(struct connection *c);

static const char *host_name(const struct connection *c) {
  static char name[64];
  snprintf(name, sizeof name, "h%d.bench.test", options.first_host + c->host);
  return name;
}

static int keep_session(SSL *tls, SSL_SESSION *session) {
  struct connection *c = SSL_get_app_data(tls);
  SSL_SESSION_free(sessions[c->host]);
  sessions[c->host] = session;
  return 1; /* the reference is ours now */
}

/* False, with the reason on stderr, when the CA cannot be loaded. */
bool prepare_tls(void) {
  context = SSL_CTX_new(TLS_client_method());
  sessions = calloc(options.hosts, sizeof *sessions);
  if (!context || !sessions || SSL_CTX_load_verify_locations(context, options.ca, NULL) != 1) {
    fprintf(stderr, "lg: cannot load %s\n", options.ca);
    return false;
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set1_groups_list(context, "X25519:P-256");
  if (options.tls == 12) SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  if (options.tls == 13) SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  if (options.resume) {
    int mode = SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL;
    SSL_CTX_set_session_cache_mode(context, mode);
    SSL_CTX_sess_set_new_cb(context, keep_session);
  }
  return true;
}

void open_connection(struct connection *c) {
  static uint64_t opened;
  struct sockaddr_in to = {.sin_family = AF_INET};
  to.sin_port = htons(options.proxy_port ? options.proxy_port : options.target_port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  c->state = CONNECTING;
  c->host = (int)(opened++ % options.hosts);
  c->watched = 0;
  c->opened_at = now_ns();
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (c->fd < 0) {
    fail(c, "socket");
    return;
  }
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  /* A reset instead of TIME_WAIT: thousands of connections a second would use up the ports. */
  struct linger reset = {1, 0};
  if (options.fresh) setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  if (connect(c->fd, (void *)&to, sizeof to) && errno != EINPROGRESS) fail(c, "connect");
  else watch(c, EPOLLOUT);
}

void start_request(struct connection *c, uint64_t since) {
  char length[64] = "";
  if (options.upload)
    snprintf(length, sizeof length, "Content-Length: %lld\r\n", (long long)options.upload);
  /* It fits: the length of the path was checked. */
  c->out_length = snprintf(c->out, sizeof c->out,
                           "%s %s HTTP/1.1\r\nHost: %s:%d\r\n"
                           "User-Agent: lg/1\r\nAccept: */*\r\n%s\r\n",
                           options.upload ? "POST" : "GET", options.path, host_name(c),
                           options.target_port, length);
  c->out_sent = 0;
  c->upload_left = options.upload;
  c->head_length = 0;
  c->asked_at = since;
  c->state = SEND;
  counters.started++;
}

void step(struct connection *c) {
  errno = 0; /* so that the end of a stream is not reported as an older error */
  while (advance(c) == ON) continue;
}

static enum progress advance(struct connection *c) {
  switch (c->state) {
  case CLOSED: return WAIT;
  case CONNECTING: return connected(c);
  case SEND_CONNECT: return send_out(c, READ_CONNECT);
  case READ_CONNECT: return read_connect(c);
  case HANDSHAKE: return handshake(c);
  case IDLE: return idle(c);
  case SEND: return c->out_sent < c->out_length ? send_out(c, SEND) : send_upload(c);
  case READ_HEAD: return read_head(c);
  case READ_BODY: return read_body(c);
  }
  return WAIT;
}

static enum progress connected(struct connection *c) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error) {
    errno = error;
    return fail(c, "connect");
  }
  if (!options.proxy_port) return start_tls(c);
  c->out_length = snprintf(c->out, sizeof c->out,
                           "CONNECT %1$s:%2$d HTTP/1.1\r\nHost: %1$s:%2$d\r\n\r\n", host_name(c),
                           options.target_port);
  c->out_sent = 0;
  c->head_length = 0;
  c->state = SEND_CONNECT;
  return ON;
}

int read_some(struct connection *c, char *b, size_t n) {
  if (!c->tls) {
    ssize_t r = read(c->fd, b, n);
    return r > 0 ? (int)r : r < 0 && errno == EAGAIN ? 0 : -1;
  }
  int r = SSL_read(c->tls, b, (int)n);
  if (r > 0) return r;
  return SSL_get_error(c->tls, r) == SSL_ERROR_WANT_READ ? 0 : -1;
}

/* As read_some. While it blocks only room to write wakes us, or an early answer would spin. */
static int write_some(struct connection *c, const char *b, size_t n) {
  bool blocked;
  int r;
  if (c->tls) {
    r = SSL_write(c->tls, b, (int)n);
    blocked = r <= 0 && SSL_get_error(c->tls, r) == SSL_ERROR_WANT_WRITE;
  } else {
    r = (int)write(c->fd, b, n);
    blocked = r < 0 && errno == EAGAIN;
  }
  if (r > 0) return r;
  if (blocked) watch(c, EPOLLOUT);
  return blocked ? 0 : -1;
}

static enum progress send_out(struct connection *c, enum state then) {
  int n = write_some(c, c->out + c->out_sent, c->out_length - c->out_sent);
  if (n < 0) return fail(c, "sending a head");
  c->out_sent += n;
  if (c->out_sent < c->out_length) return n ? ON : WAIT;
  if (then != SEND) watch(c, EPOLLIN);
  c->state = then;
  return ON;
}

static enum progress read_connect(struct connection *c) {
  bool accepted = false;
  enum progress progress = read_connect_answer(c, &accepted);
  return accepted ? start_tls(c) : progress;
}

static enum progress start_tls(struct connection *c) {
  const char *host = host_name(c);
  c->tls = SSL_new(context);
  if (!c->tls || !SSL_set_fd(c->tls, c->fd) || !SSL_set_tlsext_host_name(c->tls, host) ||
      !SSL_set1_host(c->tls, host))
    return fail(c, "TLS set-up");
  SSL_set_app_data(c->tls, c);
  if (options.resume && sessions[c->host]) SSL_set_session(c->tls, sessions[c->host]);
  SSL_set_connect_state(c->tls);
  c->state = HANDSHAKE;
  return ON;
}

static enum progress handshake(struct connection *c) {
  int r = SSL_do_handshake(c->tls);
  if (r != 1) {
    int error = SSL_get_error(c->tls, r);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return fail(c, "handshake");
    watch(c, error == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT);
    return WAIT;
  }
  if (measuring) {
    counters.handshakes++;
    counters.resumed += SSL_session_reused(c->tls);
  }
  watch(c, EPOLLIN);
  c->state = IDLE;
  on_ready(c);
  return c->state == IDLE ? WAIT : ON;
}

/* Nothing is expected but session tickets, which OpenSSL keeps to itself, and the end. */
static enum progress idle(struct connection *c) {
  char unexpected[16];
  int n = read_some(c, unexpected, sizeof unexpected);
  return n == 0 ? WAIT : fail(c, n < 0 ? "closed while idle" : "bytes while idle");
}

static enum progress send_upload(struct connection *c) {
  if (c->upload_left > 0) {
    int64_t piece = c->upload_left < UPLOAD_PIECE ? c->upload_left : UPLOAD_PIECE;
    int n = write_some(c, zeros, (size_t)piece);
    if (n < 0) return fail(c, "sending a body");
    c->upload_left -= n;
    if (measuring) counters.bytes_out += n;
    return n ? ON : WAIT;
  }
  watch(c, EPOLLIN);
  c->state = READ_HEAD;
  return ON;
}

enum progress fail(struct connection *c, const char *during) {
  unsigned long error = ERR_get_error();
  const char *why = "";
  if (error) why = ERR_reason_error_string(error);
  else if (errno && errno != EAGAIN) why = strerror(errno);
  note_error(during, why ? why : "");
  ERR_clear_error();
  if (measuring) counters.errors++;
  close_connection(c);
  return WAIT;
}

void close_connection(struct connection *c) {
  enum state was = c->state;
  /* No close_notify: it would be one more write, and the session would be lost for resumption. */
  if (c->tls) SSL_set_shutdown(c->tls, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(c->tls);
  c->tls = NULL;
  if (c->fd >= 0) close(c->fd);
  c->fd = -1;
  c->state = CLOSED;
  on_closed(c, was);
}
