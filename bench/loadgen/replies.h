// What a server sends: counts the messages, whatever way their bytes are cut.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { MAX_CONTROL = 125 };

typedef struct {
  uint8_t header[10];
  int header_size;    // bytes of the next header that came
  uint64_t left;      // bytes of the current payload still to come
  int in_payload, control, final;
  uint8_t ping[MAX_CONTROL];  // the payload of the control frame under way
  int ping_size;
  int ping_seen;      // a ping came and waits for its answer
  uint64_t verified;  // bytes of the first message that were compared
  int checked;        // the first message was compared
  int close_seen;     // the server sent its Close
  uint64_t raw;       // without WebSocket: bytes of the current message
} reply_reader;

// Returns how many messages ended in these bytes. The first message of each connection is compared with what was sent.
uint64_t count_replies(reply_reader *reader, const uint8_t *bytes, size_t size);

// For servers that send back the bytes as they came.
uint64_t count_raw_replies(reply_reader *reader, const uint8_t *bytes, size_t size);
