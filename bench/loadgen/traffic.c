// Prepares the frames that are sent (RFC 6455, section 5.2).
#include "traffic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "options.h"

enum { MAX_HEADER = 14, BLOCK = 8 << 20, FIN = 0x80, RSV1 = 0x40, MASKED = 0x80, TEXT = 1, BINARY = 2 };

// Any key will do: servers have to unmask with whatever comes.
static const uint8_t key[4] = {0x12, 0xa7, 0x5b, 0xe3};

prepared_traffic traffic;

static void read_payload(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) die(path);
  uint8_t *bytes = malloc(BLOCK);
  traffic.payload_size = fread(bytes, 1, BLOCK, file);
  traffic.payload = bytes;
  fclose(file);
}

static void make_payload(size_t size, int binary) {
  uint8_t *bytes = malloc(size + 1);
  for (size_t i = 0; i < size; i++) bytes[i] = binary ? (uint8_t)(i * 131 + (i >> 8) * 7) : (uint8_t)('a' + i % 26);
  traffic.payload = bytes;
  traffic.payload_size = size;
}

// Returns the size of the header.
static size_t put_header(uint8_t *at, uint8_t first, uint64_t size) {
  size_t length = 2;
  at[0] = first;
  if (size < 126) {
    at[1] = size;
  } else if (size < 65536) {
    at[1] = 126;
    at[2] = size >> 8;
    at[3] = size;
    length = 4;
  } else {
    at[1] = 127;
    for (int i = 0; i < 8; i++) at[2 + i] = size >> (8 * (7 - i));
    length = 10;
  }
  at[1] |= MASKED;
  memcpy(at + length, key, sizeof key);
  return length + sizeof key;
}

// As many frames as may be due at once, as long as they fit a block: more of them make no fewer system calls.
static size_t copies(size_t frame_size) {
  size_t wanted = options.depth > 64 ? (size_t)options.depth : 64;
  size_t fitting = BLOCK / frame_size;
  if (fitting < 1) return 1;
  return wanted < fitting ? wanted : fitting;
}

void prepare_traffic(void) {
  if (options.payload != NULL) read_payload(options.payload);
  else make_payload(options.size, options.binary);
  size_t size = traffic.payload_size;
  uint8_t *frame = malloc(size + MAX_HEADER);
  uint8_t first = FIN | (options.compressed ? RSV1 : 0) | (options.binary ? BINARY : TEXT);
  size_t header = put_header(frame, first, size);
  for (size_t i = 0; i < size; i++) frame[header + i] = traffic.payload[i] ^ key[i % 4];
  traffic.frame_size = header + size;
  size_t times = copies(traffic.frame_size);
  traffic.frames_size = times * traffic.frame_size;
  uint8_t *frames = malloc(traffic.frames_size);
  if (frames == NULL) die("no memory for the frames");
  for (size_t i = 0; i < times; i++) memcpy(frames + i * traffic.frame_size, frame, traffic.frame_size);
  traffic.frames = frames;
  free(frame);
}
