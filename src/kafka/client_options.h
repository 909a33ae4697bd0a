#pragma once

#include "config/config.h"
#include "kafka/log_sink.h"

namespace weir {

/// What all Kafka clients of a process have in common.
struct ClientOptions {
  KafkaConfig kafka;
  MemoryConfig memory;
  LogSink log;
};

}  // namespace weir
