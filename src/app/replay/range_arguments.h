#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/replay/replay.h"
#include "config/config.h"

namespace weir {

/// Which records of the requests topics a command line means, and how they are read.
struct RangeArguments {
  std::string from;                 ///< as `to`; empty: no range was asked for
  std::string to = "now";           ///< a time, how long ago (-24h), an offset, "beginning" or "now"
  std::string warm_up;              ///< a length of time; empty: none
  std::vector<std::string> topics;  ///< of the configuration's; empty: all
  std::string partitions;           ///< "0,4-7"; empty: all
  uint32_t threads = 0;             ///< 0: the cores
  uint64_t records_per_second_max = 0;
};

/// "90s", "15m", "2h", "7d".
Result<Milliseconds> length_argument(const char* option, const std::string& text);

/// "0,4-7" as a sorted list without repeats.
Result<std::vector<int32_t>> partitions_argument(const std::string& text);

/// What a replay needs, with the ranges looked up at the brokers, which it waits for 30 s. Errors with kInvalidArgument are wrong usage.
Result<ReplayOptions> prepare_replay(const Config& config, const RangeArguments& arguments);

/// What is about to be read, in one sentence.
std::string describe_ranges(const ReplayOptions& options);

}  // namespace weir
