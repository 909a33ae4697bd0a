#include "kafka/check/library_faults.h"

#include <librdkafka/rdkafka.h>

#include <array>

namespace weir {
namespace {

struct Fault {
  int fixed_in = 0;  ///< as rd_kafka_version() counts: 0xMMmmrrxx
  const char* text = "";
};

constexpr std::array<Fault, 4> kFaults{{
    {0x02060100,
     "SCRAM does not work with Kafka 4.x (before 2.6.1): use PLAIN over TLS or mutual TLS, or a newer library"},
    {0x02030000,
     "asking where a partition ends goes on for ever while its leader is away (before 2.3.0): weir asks in another "
     "way"},
    {0x02010000, "fetching pauses for up to a second when a queue was full (before 2.1.0): weir wakes it up"},
    {0x02010000,
     "batch reads may skip records around a pause (before 2.1.0): weir checks that offsets follow each other"},
}};

}  // namespace

std::vector<std::string> library_faults(int version) {
  std::vector<std::string> found;
  for (const Fault& fault : kFaults)
    if (version < fault.fixed_in) found.emplace_back(fault.text);
  return found;
}

std::vector<std::string> library_faults() {
  return library_faults(rd_kafka_version());
}

}  // namespace weir
