#include "app/commands/range_options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>

#include "app/commands/repeatable.h"

namespace weir {

void add_range_options(CLI::App& command, RangeArguments& arguments) {
  command
      .add_option("--from", arguments.from,
                  "Where the range begins: how long ago (-24h, -90m), a time (2025-01-15T10:00:00Z, 2025-01-15), both "
                  "by the broker's times of the records; an offset of each partition (12345); or beginning")
      ->option_text("PLACE");
  command.add_option("--to", arguments.to, "Where it ends, in the same ways; now is what is there at the start")
      ->option_text("PLACE [now]");
  command
      .add_option("--warm-up", arguments.warm_up,
                  "Also judge what was written so long before --from, without showing it, so that windows and open "
                  "episodes are those of that time; at least score.client_idle_ms (1h) for exact results")
      ->option_text("LENGTH");
  repeatable(command.add_option("--topic", arguments.topics, "Only this topic of the configuration's; may be repeated")
                 ->option_text("NAME"));
  command.add_option("--partitions", arguments.partitions, "Only these partitions: 3, or 0,4-7")->option_text("LIST");
  command.add_option("-j,--threads", arguments.threads, "Threads that read and judge, each its own partitions")
      ->option_text("NUMBER [the cores]")
      ->check(CLI::Range(1U, 1'024U));
  command
      .add_option("--limit-rate", arguments.records_per_second_max,
                  "Read at most so many records a second, to spare the brokers")
      ->option_text("NUMBER")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1'000'000'000}));
}

void give_way_to_daemons() {
  constexpr int kNicer = 10;
  // A system that refuses lets it run as before. (An old niceness of -1 looks like an error, and is none.)
  [[maybe_unused]] const int niceness = ::nice(kNicer);
}

}  // namespace weir
