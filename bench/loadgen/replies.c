// Reads the frames of a server (RFC 6455, section 5.2), no further than counting and a first comparison need.
#include "replies.h"

#include <errno.h>
#include <string.h>

#include "common.h"
#include "options.h"
#include "traffic.h"

enum { FIN = 0x80, RSV1 = 0x40, CONTROL = 0x08, CLOSE = 0x08, PING = 0x09, MASKED = 0x80 };

static _Noreturn void differs(void) {
  errno = 0;
  die("an answer differs from what was sent");
}

// A server may compress as it likes: of a compressed answer only the mark is checked.
static void compare(reply_reader *reader, const uint8_t *bytes, uint64_t size) {
  if (options.compressed) return;
  if (size > traffic.payload_size - reader->verified) differs();
  if (memcmp(bytes, traffic.payload + reader->verified, size) != 0) differs();
  reader->verified += size;
}

static void message_ended(reply_reader *reader) {
  if (!options.compressed && !reader->checked && reader->verified != traffic.payload_size) differs();
  reader->checked = 1;
}

static uint64_t payload_length(const uint8_t *header) {
  int length = header[1] & 127;
  if (length == 126) return header[2] << 8 | header[3];
  if (length < 126) return length;
  uint64_t long_length = 0;
  for (int i = 2; i < 10; i++) long_length = long_length << 8 | header[i];
  return long_length;
}

static int header_length(const uint8_t *header) {
  int length = header[1] & 127;
  return length < 126 ? 2 : length == 126 ? 4 : 10;
}

static void begin_frame(reply_reader *reader) {
  uint8_t first = reader->header[0];
  if (reader->header[1] & MASKED) differs();
  reader->control = (first & CONTROL) != 0;
  reader->final = (first & FIN) != 0;
  if ((first & 0x0f) == CLOSE) reader->close_seen = 1;
  int opens_message = !reader->control && (first & 0x0f) != 0;
  if (opens_message && ((first & RSV1) != 0) != options.compressed) {
    errno = 0;
    die(options.compressed ? "an answer is not compressed" : "an answer is compressed");
  }
  reader->left = payload_length(reader->header);
  if (reader->control && reader->left > MAX_CONTROL) differs();
  if (reader->control) reader->ping_size = 0;
  reader->header_size = 0;
  reader->in_payload = 1;
}

// Whole small messages that begin and end in this chunk: the case that has to be fast. Returns where it stopped.
static const uint8_t *skip_small(const uint8_t *at, const uint8_t *end, uint64_t *messages) {
  while (end - at >= 2) {
    uint8_t length = at[1];
    if (length >= 126 || (at[0] & (FIN | CONTROL)) != FIN || end - at < 2 + length) break;
    at += 2 + length;
    *messages += 1;
  }
  return at;
}

static const uint8_t *take_header(reply_reader *reader, const uint8_t *at) {
  reader->header[reader->header_size++] = *at++;
  if (reader->header_size >= 2 && reader->header_size == header_length(reader->header)) begin_frame(reader);
  return at;
}

static const uint8_t *take_payload(reply_reader *reader, const uint8_t *at, const uint8_t *end) {
  uint64_t size = (uint64_t)(end - at) < reader->left ? (uint64_t)(end - at) : reader->left;
  if (reader->control) {
    memcpy(reader->ping + reader->ping_size, at, size);
    reader->ping_size += size;
  } else if (!reader->checked) {
    compare(reader, at, size);
  }
  reader->left -= size;
  return at + size;
}

// Returns how many messages that ended: one or none.
static int frame_ended(reply_reader *reader) {
  reader->in_payload = 0;
  if (reader->control) {
    if ((reader->header[0] & 0x0f) == PING) reader->ping_seen = 1;
    return 0;
  }
  if (!reader->final) return 0;
  message_ended(reader);
  return 1;
}

uint64_t count_replies(reply_reader *reader, const uint8_t *bytes, size_t size) {
  const uint8_t *at = bytes, *end = bytes + size;
  uint64_t messages = 0;
  for (;;) {
    if (reader->in_payload) {
      at = take_payload(reader, at, end);
      if (reader->left > 0) return messages;
      messages += frame_ended(reader);
    }
    if (reader->checked && reader->header_size == 0) at = skip_small(at, end, &messages);
    if (at == end) return messages;
    at = take_header(reader, at);
  }
}

uint64_t count_raw_replies(reply_reader *reader, const uint8_t *bytes, size_t size) {
  if (!reader->checked) {
    uint64_t left = traffic.frame_size - reader->verified;
    uint64_t piece = size < left ? size : left;
    if (memcmp(bytes, traffic.frames + reader->verified, piece) != 0) differs();
    reader->verified += piece;
    reader->checked = reader->verified == traffic.frame_size;
  }
  reader->raw += size;
  uint64_t messages = reader->raw / traffic.frame_size;
  reader->raw %= traffic.frame_size;
  return messages;
}
