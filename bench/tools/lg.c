/*
 * lg: the client of the benchmark. One thread, epoll, OpenSSL; HTTPS through a proxy's CONNECT or
 * straight to a server, on 127.0.0.1 only. In a closed loop each connection asks again at once. In
 * an open one requests are due at a fixed rate, and latency counts from the moment a request was
 * due, so that a stalled proxy cannot hide its stall.
 *
 * stdout: the line `measuring` when the warm-up is over; with --hold the line `holding` once every
 * connection has had its answer; at the end one line of JSON.
 */
#include "lg.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#define BATCH 512     /* epoll events taken at once */
#define RAMP 256      /* connections being established at once */
#define HOPELESS 2000 /* errors without one answer after which the run ends */
#define HOLD_SETUP_SECONDS 300
#define SECOND 1000000000ull

bool measuring;

static int epoll;
static struct connection *closed_list, *idle_list;
static int establishing;
static uint64_t began, measured_from, holding_from, next_due, cpu_before;

static void raise_file_limit(void);
static bool finished(uint64_t now);
static void begin_measuring(uint64_t now);
static void open_connections(void);
static struct timespec start_due(uint64_t now);
static uint64_t cpu_us(void);

int main(int count, char **arguments) {
  read_options(count, arguments);
  raise_file_limit();
  signal(SIGPIPE, SIG_IGN);
  if (!prepare_tls()) return 2;
  epoll = epoll_create1(0);
  struct connection *all = calloc(options.connections, sizeof *all);
  if (epoll < 0 || !all) {
    perror("lg");
    return 1;
  }
  for (int i = options.connections - 1; i >= 0; i--) {
    all[i].fd = -1;
    all[i].next = closed_list;
    closed_list = &all[i];
  }
  began = now_ns();
  uint64_t now = began;
  while (!finished(now)) {
    if (!measuring && now - began >= options.warm_up * SECOND) begin_measuring(now);
    open_connections();
    struct timespec wait = start_due(now);
    struct epoll_event events[BATCH];
    int n = epoll_pwait2(epoll, events, BATCH, &wait, NULL);
    for (int i = 0; i < n; i++) step(events[i].data.ptr);
    now = now_ns();
  }
  report((now - measured_from) / 1e9, cpu_us() - cpu_before);
  return 0;
}

static void raise_file_limit(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * SECOND + t.tv_nsec;
}

static uint64_t cpu_us(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000ull + used.ru_utime.tv_usec +
         used.ru_stime.tv_usec;
}

static void say(const char *line) {
  puts(line);
  fflush(stdout);
}

static void begin_measuring(uint64_t now) {
  measuring = true;
  measured_from = now;
  cpu_before = cpu_us();
  say("measuring");
}

static bool finished(uint64_t now) {
  uint64_t ended = counters.done + counters.errors;
  if (counters.errors > HOPELESS && counters.done == 0) return true;
  if (options.hold) {
    if (!holding_from && ended >= (uint64_t)options.connections) {
      holding_from = now;
      say("holding");
    }
    return holding_from ? now - holding_from > options.hold * SECOND
                        : now - began > HOLD_SETUP_SECONDS * SECOND;
  }
  if (options.requests && ended >= (uint64_t)options.requests) return true;
  return measuring && now - measured_from > options.seconds * SECOND;
}

/* Opens what is closed, a bounded number at once. The only place where connections begin. */
static void open_connections(void) {
  for (int i = 0; i < RAMP && closed_list && establishing < RAMP; i++) {
    uint64_t wanted = counters.started + establishing;
    if (options.requests && wanted >= (uint64_t)options.requests) return;
    struct connection *c = closed_list;
    closed_list = c->next;
    establishing++;
    open_connection(c);
  }
}

void watch(struct connection *c, uint32_t events) {
  if (c->watched == events) return;
  struct epoll_event event = {.events = events, .data.ptr = c};
  epoll_ctl(epoll, c->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c->fd, &event);
  c->watched = events;
}

void on_ready(struct connection *c) {
  if (!c->established) establishing--;
  c->established = true;
  if (options.rate > 0) {
    c->next = idle_list;
    idle_list = c;
  } else if (!options.requests || counters.started < (uint64_t)options.requests) {
    start_request(c, options.fresh ? c->opened_at : now_ns());
  }
}

void on_answer(struct connection *c) {
  if (!c->ok) counters.not_ok++;
  if (!measuring || options.events) return;
  counters.done++;
  record_latency(now_ns() - c->asked_at);
}

void on_closed(struct connection *c, enum state was) {
  if (!c->established) establishing--;
  c->established = false;
  if (was == IDLE && options.rate > 0) {
    struct connection **link = &idle_list;
    while (*link && *link != c) link = &(*link)->next;
    if (*link) *link = c->next;
  }
  c->next = closed_list;
  closed_list = c;
}

/* Starts the open loop's requests that are due; returns how long to sleep at most. */
static struct timespec start_due(uint64_t now) {
  uint64_t longest = SECOND / 20;
  if (options.rate <= 0) return (struct timespec){0, (long)longest};
  if (!next_due) next_due = now;
  while (now >= next_due && idle_list) {
    struct connection *c = idle_list;
    idle_list = c->next;
    start_request(c, next_due);
    next_due += SECOND / options.rate;
    step(c);
    now = now_ns();
  }
  if (now > next_due + SECOND) {
    if (measuring) counters.late++;
    next_due = now;
  }
  /* Without an idle connection nothing can start: an answer will wake us. */
  uint64_t wait = !idle_list ? longest : next_due > now ? next_due - now : 0;
  return (struct timespec){0, (long)(wait < longest ? wait : longest)};
}
