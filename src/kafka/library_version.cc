#include "kafka/library_version.h"

#include <librdkafka/rdkafka.h>

namespace weir {

std::string client_library_version() {
  return rd_kafka_version_str();
}

}  // namespace weir
