#pragma once

#include "config/config.h"
#include "lane/log_sink.h"
#include "lane/supervise/memory_share.h"

namespace weir {

/// What all Kafka clients of a process have in common.
struct ClientOptions {
  KafkaConfig kafka;
  MemoryConfig memory = memory_per_lane({}, 1);  ///< nothing in it is left open
  LogSink log;
};

}  // namespace weir
