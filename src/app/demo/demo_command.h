#pragma once

#include <cstdint>
#include <string>

namespace weir {

struct DemoArguments {
  uint32_t seconds = 0;   ///< 0: until interrupted
  uint32_t rate = 2'000;  ///< records a second
  uint64_t seed = 7;
  uint16_t port = 9464;
  std::string json_file;
};

/// `weir demo`: the real pipeline, both stages and all topics, on an embedded Kafka in this process, fed by generated
/// traffic. Shows alerts as they appear. Returns the exit code.
int run_demo(const DemoArguments& arguments);

}  // namespace weir
