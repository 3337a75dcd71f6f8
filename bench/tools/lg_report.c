/* What lg counts and says at the end: latencies, bounded in number, and one line of JSON. */
#include "lg.h"

#include <stdio.h>
#include <stdlib.h>

#define SAMPLE_LIMIT (1 << 25)

struct counters counters;

static char first_error[160];
static uint32_t *samples; /* in units of 100 ns */
static size_t sample_count, sample_room;

void record_latency(uint64_t ns) {
  if (sample_count == sample_room) {
    sample_room = sample_room ? sample_room * 2 : 1 << 16;
    samples = sample_room <= SAMPLE_LIMIT ? realloc(samples, sample_room * sizeof *samples) : NULL;
    if (!samples) {
      fprintf(stderr, "lg: too many samples\n");
      exit(1);
    }
  }
  uint64_t units = ns / 100;
  samples[sample_count++] = units < UINT32_MAX ? (uint32_t)units : UINT32_MAX;
}

void note_error(const char *what, const char *detail) {
  if (first_error[0]) return;
  snprintf(first_error, sizeof first_error, "%s%s%s", what, *detail ? ": " : "", detail);
  for (char *p = first_error; *p; p++) /* it goes between quotes */
    if (*p < ' ' || *p > '~' || *p == '"' || *p == '\\') *p = '\'';
}

static int by_size(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static double percentile_us(double share) {
  return sample_count ? samples[(size_t)(share * (sample_count - 1))] / 10.0 : 0;
}

void report(double seconds, uint64_t client_cpu_us) {
  double sum = 0;
  if (sample_count) qsort(samples, sample_count, sizeof *samples, by_size);
  for (size_t i = 0; i < sample_count; i++) sum += samples[i] / 10.0;
  printf("{\"requests\":%lu,\"errors\":%lu,\"notOk\":%lu,\"late\":%lu,\"seconds\":%.4f,",
         counters.done, counters.errors, counters.not_ok, counters.late, seconds);
  printf("\"bytesIn\":%lu,\"bytesOut\":%lu,\"handshakes\":%lu,\"resumed\":%lu,",
         counters.bytes_in, counters.bytes_out, counters.handshakes, counters.resumed);
  printf("\"meanUs\":%.1f,\"p50Us\":%.1f,\"p90Us\":%.1f,\"p99Us\":%.1f,\"maxUs\":%.1f,",
         sample_count ? sum / sample_count : 0, percentile_us(.5), percentile_us(.9),
         percentile_us(.99), percentile_us(1));
  printf("\"clientCpuUs\":%lu,\"error\":\"%s\"}\n", client_cpu_us, first_error);
}
