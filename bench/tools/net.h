/*
 * Loopback sockets for the benchmark's small servers: listen, connect, one thread a connection, and
 * a bound on how many there may be. Never listens on anything but 127.0.0.1.
 */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connections served at once; one more is closed at once. */
#define CONNECTION_LIMIT 1024

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

static void no_delay(int fd) {
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

/* A port from the command line, or the end of the program. */
static int to_port(const char *text) {
  char *end;
  long port = strtol(text, &end, 10);
  if (*end || port < 1 || port > 65535) {
    fprintf(stderr, "not a port: %s\n", text);
    exit(2);
  }
  return (int)port;
}

struct served {
  int fd;
  void (*serve)(int fd);
};

static atomic_int served_now;

static void *serve_thread(void *argument) {
  struct served *one = argument;
  one->serve(one->fd);
  close(one->fd);
  free(one);
  atomic_fetch_sub(&served_now, 1);
  return NULL;
}

/*
 * Listens and calls `serve` in a thread of its own for each connection; closes it afterwards. Does
 * not return.
 */
static void serve_forever(int port, void (*serve)(int fd)) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  struct sockaddr_in address = loopback(port);
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 1024)) {
    perror("listen");
    exit(1);
  }
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) continue;
    struct served *one = malloc(sizeof *one);
    if (!one || atomic_load(&served_now) >= CONNECTION_LIMIT) {
      free(one);
      close(fd);
      continue;
    }
    no_delay(fd);
    *one = (struct served){fd, serve};
    atomic_fetch_add(&served_now, 1);
    pthread_t thread;
    if (pthread_create(&thread, &attributes, serve_thread, one)) {
      atomic_fetch_sub(&served_now, 1);
      free(one);
      close(fd);
    }
  }
}

#endif
