/* The command line of lg. Every number has bounds, because buffers and tables are sized by them. */
#include "lg.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define CONNECTION_LIMIT 20000
#define HOST_LIMIT 2000 /* the harness makes names for so many */
#define PATH_LIMIT 512  /* a request has to fit into the buffer of a connection */

struct options options = {
  .connections = 64, .hosts = 1, .seconds = 3, .body = -1, .path = "/small",
};

static const char USAGE[] =
  "usage: lg --target PORT --ca FILE [--proxy PORT] [--path P] [--connections N] [--hosts N]\n"
  "          [--first-host I] [--seconds S] [--warm-up S] [--requests N] [--rate R]\n"
  "          [--upload BYTES] [--body BYTES] [--tls 12|13] [--hold S] [--fresh] [--resume]\n"
  "          [--events]\n";

static const struct option KNOWN[] = {
  {"proxy", 1, 0, 'x'},      {"target", 1, 0, 't'},   {"ca", 1, 0, 'a'},
  {"path", 1, 0, 'p'},       {"hosts", 1, 0, 'N'},    {"connections", 1, 0, 'c'},
  {"first-host", 1, 0, 'H'}, {"seconds", 1, 0, 'd'},  {"warm-up", 1, 0, 'w'},
  {"requests", 1, 0, 'n'},   {"rate", 1, 0, 'R'},     {"upload", 1, 0, 'u'},
  {"body", 1, 0, 'b'},       {"tls", 1, 0, 'T'},      {"hold", 1, 0, 'i'},
  {"fresh", 0, 0, 'f'},      {"resume", 0, 0, 'r'},   {"events", 0, 0, 'S'},
  {0, 0, 0, 0},
};

static double number(const char *text, double from, double to) {
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end || !(value >= from && value <= to)) {
    fprintf(stderr, "lg: %s is not a number from %g to %g\n", text, from, to);
    exit(2);
  }
  return value;
}

void read_options(int count, char **arguments) {
  int letter;
  while ((letter = getopt_long(count, arguments, "", KNOWN, NULL)) != -1) {
    switch (letter) {
    case 'x': options.proxy_port = number(optarg, 1, 65535); break;
    case 't': options.target_port = number(optarg, 1, 65535); break;
    case 'a': options.ca = optarg; break;
    case 'p': options.path = optarg; break;
    case 'c': options.connections = number(optarg, 1, CONNECTION_LIMIT); break;
    case 'N': options.hosts = number(optarg, 1, HOST_LIMIT); break;
    case 'H': options.first_host = number(optarg, 0, HOST_LIMIT - 1); break;
    case 'd': options.seconds = number(optarg, 0.1, 3600); break;
    case 'w': options.warm_up = number(optarg, 0, 3600); break;
    case 'n': options.requests = number(optarg, 1, 1e12); break;
    case 'R': options.rate = number(optarg, 1, 1e6); break;
    case 'u': options.upload = number(optarg, 1, 1e12); break;
    case 'b': options.body = number(optarg, 0, 1e12); break;
    case 'T': options.tls = number(optarg, 12, 13); break;
    case 'i': options.hold = number(optarg, 1, 3600); break;
    case 'f': options.fresh = true; break;
    case 'r': options.resume = true; break;
    case 'S': options.events = true; break;
    default: exit(2);
    }
  }
  if (options.ca && options.target_port && strlen(options.path) <= PATH_LIMIT && optind == count)
    return;
  fputs(USAGE, stderr);
  exit(2);
}
