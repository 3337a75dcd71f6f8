/*
 * relay: lets h2load, which knows no proxies, drive one. Each connection is CONNECTed through the
 * proxy, then bytes are copied both ways. Both sides are on 127.0.0.1.
 *
 *   relay LISTEN-PORT PROXY-PORT HOST:PORT
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "net.h"

static int proxy_port;
static const char *target;

struct direction {
  int from, to;
};

static void serve(int client);
static bool open_tunnel(int proxy);
static void *copy(void *argument);

int main(int count, char **arguments) {
  if (count != 4) {
    fprintf(stderr, "usage: relay LISTEN-PORT PROXY-PORT HOST:PORT\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  proxy_port = to_port(arguments[2]);
  target = arguments[3];
  serve_forever(to_port(arguments[1]), serve);
}

static void serve(int client) {
  int proxy = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = loopback(proxy_port);
  if (proxy < 0) return;
  if (connect(proxy, (void *)&address, sizeof address) == 0 && open_tunnel(proxy)) {
    no_delay(proxy);
    struct direction out = {client, proxy}, in = {proxy, client};
    pthread_t thread;
    if (pthread_create(&thread, NULL, copy, &out) == 0) {
      copy(&in);
      pthread_join(thread, NULL);
    }
  }
  close(proxy);
}

/*
 * Asks for the tunnel and reads the answer byte by byte, so that nothing behind its head is
 * swallowed.
 */
static bool open_tunnel(int proxy) {
  char text[4096];
  int length = snprintf(text, sizeof text, "CONNECT %1$s HTTP/1.1\r\nHost: %1$s\r\n\r\n", target);
  if (length >= (int)sizeof text || write(proxy, text, length) != length) return false;
  for (size_t n = 0; n < sizeof text; n++) {
    if (read(proxy, text + n, 1) != 1) return false;
    if (n >= 12 && memcmp(text + n - 3, "\r\n\r\n", 4) == 0) return memcmp(text + 9, "200", 3) == 0;
  }
  return false;
}

/* Copies until the sender ends, then passes the end on. */
static void *copy(void *argument) {
  struct direction *d = argument;
  char bytes[65536];
  ssize_t n;
  while ((n = read(d->from, bytes, sizeof bytes)) > 0) {
    for (ssize_t sent = 0, w; sent < n; sent += w) {
      w = write(d->to, bytes + sent, n - sent);
      if (w <= 0) {
        shutdown(d->from, SHUT_RD);
        return NULL;
      }
    }
  }
  shutdown(d->to, SHUT_WR);
  return NULL;
}
