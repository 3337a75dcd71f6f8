/*
 * lg, the client of the benchmark: what its parts share. lg.c decides when a connection opens and
 * when a request starts, lg_connection.c takes one connection through CONNECT, TLS and its
 * requests, lg_answer.c reads what comes back, lg_report.c counts, lg_options.c reads the command
 * line.
 */
#ifndef BENCH_LG_H
#define BENCH_LG_H

#define _GNU_SOURCE
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "http.h"

struct options {
  int proxy_port;        /* 0: TLS straight to the target */
  int target_port;
  const char *path;
  const char *ca;        /* PEM file; chain and host name are verified in every handshake */
  int connections;
  int hosts, first_host; /* connection i goes to h<first + i mod hosts>.bench.test */
  double seconds, warm_up;
  double rate;           /* open loop: requests a second; 0: a closed loop */
  int64_t requests;      /* end after so many; 0: no limit */
  int64_t upload;        /* POST so many bytes; 0: GET */
  int64_t body;          /* bytes every answer must have; -1: any */
  bool fresh;            /* one request a connection */
  bool resume;           /* offer the last TLS session of the host */
  bool events;           /* measure server-sent events, not requests */
  int tls;               /* 12, 13; 0: whatever is agreed */
  int hold;              /* one request a connection, then keep all open so many seconds */
};

struct counters {
  uint64_t started;              /* requests sent or being sent */
  uint64_t done, errors, not_ok; /* answers, failures, answers that were not the expected 200 */
  uint64_t late;                 /* times an open-loop schedule a second behind was given up */
  uint64_t bytes_in, bytes_out, handshakes, resumed;
};

enum state {
  CLOSED, CONNECTING, SEND_CONNECT, READ_CONNECT, HANDSHAKE, IDLE, SEND, READ_HEAD, READ_BODY
};
enum body { BY_LENGTH, CHUNKED, UNTIL_CLOSE };

/* Whether a connection can go on at once or has to wait for its socket. A closed one waits. */
enum progress { WAIT, ON };

struct connection {
  enum state state;
  int fd, host;
  uint32_t watched;             /* epoll events asked for; 0 before the first time */
  SSL *tls;
  char out[1024];
  int out_length, out_sent;
  int64_t upload_left;
  char head[8192 + 1];
  size_t head_length;
  enum body body;
  int64_t body_left, body_bytes;
  struct chunks chunks;
  bool established;             /* was ready for its first request */
  bool close_after, ok;
  uint64_t opened_at, asked_at; /* ns */
  char stamp[24];               /* digits of an event's time stamp read so far */
  int stamp_length;             /* -1: not in a stamp */
  struct connection *next;      /* in the list of closed or of idle connections */
};

extern struct options options;
extern struct counters counters;
extern bool measuring; /* the warm-up is over */

/* lg_options.c; ends the program when they are wrong */
void read_options(int count, char **arguments);

/* lg.c */
uint64_t now_ns(void);
void watch(struct connection *c, uint32_t events);
void on_ready(struct connection *c);  /* open and idle: may start its next request */
void on_answer(struct connection *c); /* an answer is complete */
void on_closed(struct connection *c, enum state was);

/* lg_connection.c */
bool prepare_tls(void);
void open_connection(struct connection *c);
void step(struct connection *c); /* as far as it can go without waiting */
/* Its latency counts from `since`. Call step() after it. */
void start_request(struct connection *c, uint64_t since);
/* Bytes read; 0 when it would block; -1 when the other side is gone. */
int read_some(struct connection *c, char *b, size_t n);
enum progress fail(struct connection *c, const char *during);
void close_connection(struct connection *c);

/* lg_answer.c */
enum progress read_connect_answer(struct connection *c, bool *accepted);
enum progress read_head(struct connection *c);
enum progress read_body(struct connection *c);

/* lg_report.c */
void record_latency(uint64_t ns);
void note_error(const char *what, const char *detail); /* kept if it is the first */
void report(double seconds, uint64_t client_cpu_us);

#endif
