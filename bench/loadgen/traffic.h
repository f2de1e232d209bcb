// What is sent: one masked frame, prepared once and many times over, so that sending costs one system call and nothing else.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct {
  const uint8_t *payload;  // the message in clear, as an echo must bring it back
  size_t payload_size;
  const uint8_t *frames;   // the frame, repeated
  size_t frame_size;
  size_t frames_size;
} prepared_traffic;

extern prepared_traffic traffic;

void prepare_traffic(void);
