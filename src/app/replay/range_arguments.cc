#include "app/replay/range_arguments.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "app/setup/command_setup.h"
#include "app/setup/terminal_log.h"
#include "app/setup/time_argument.h"
#include "app/terminal/terminal.h"
#include "config/source_topics.h"

namespace weir {
namespace {

constexpr int32_t kPartitionMax = 1'000'000;
constexpr size_t kOffsetDigitsMax = 18;

/// One end of a range.
struct Position {
  enum class Kind : uint8_t { kBeginning, kNow, kOffset, kTime };
  Kind kind = Kind::kNow;
  int64_t offset = 0;
  EventTime time{};
};

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Result<Position> position_argument(const char* option, const std::string& text) {
  if (text == "beginning") return Position{Position::Kind::kBeginning};
  if (text == "now") return Position{Position::Kind::kNow};
  if (is_number(text) && text.size() <= kOffsetDigitsMax) return Position{Position::Kind::kOffset, std::stoll(text)};
  const auto time = text.empty() ? Result<EventTime>(fail(ErrorCode::kInvalidArgument, option, ""))
                                 : time_argument(option, text.starts_with('-') ? text.substr(1) : text);
  if (time) return Position{Position::Kind::kTime, 0, *time};
  return fail(
      ErrorCode::kInvalidArgument, option,
      "'" + printable(text) +
          "' is no place in a topic; give how long ago (-24h, -90m), a time (2025-01-15T10:00:00Z, 2025-01-15), "
          "an offset (12345), beginning or now");
}

/// What the command line says, read.
struct Wanted {
  Position from, to;
  Milliseconds warm_up{0};
  std::vector<int32_t> partitions;  ///< empty: all
};

Result<Wanted> read(const RangeArguments& arguments) {
  Wanted wanted;
  const auto from = position_argument("--from", arguments.from);
  if (!from) return tl::unexpected(from.error());
  const auto to = position_argument("--to", arguments.to);
  if (!to) return tl::unexpected(to.error());
  wanted.from = *from;
  wanted.to = *to;
  const bool both_times = from->kind == Position::Kind::kTime && to->kind == Position::Kind::kTime;
  if (both_times && to->time < from->time)
    return fail(ErrorCode::kInvalidArgument, "--to", "'" + arguments.to + "' is before --from " + arguments.from);
  if (!arguments.warm_up.empty()) {
    const auto length = length_argument("--warm-up", arguments.warm_up);
    if (!length) return tl::unexpected(length.error());
    wanted.warm_up = *length;
    if (from->kind != Position::Kind::kTime)
      return fail(ErrorCode::kInvalidArgument, "--warm-up",
                  "a lead needs --from as a time or as how long ago: what was written so long before an offset is not "
                  "known");
  }
  const auto partitions = partitions_argument(arguments.partitions);
  if (!partitions) return tl::unexpected(partitions.error());
  wanted.partitions = *partitions;
  return wanted;
}

/// Looks the ranges of one topic up.
class TopicLookUp {
 public:
  TopicLookUp(TopicRanges& ranges, std::string topic, std::vector<int32_t> partitions)
      : ranges_(ranges), topic_(std::move(topic)), partitions_(std::move(partitions)) {}

  Status find(const Wanted& wanted, uint16_t number, std::vector<PartitionRange>& found) {
    for (const int32_t partition : partitions_) {
      const auto bounds = ranges_.bounds(topic_, partition);
      if (!bounds) return tl::unexpected(bounds.error());
      bounds_.push_back(*bounds);
    }
    const auto begins = offsets_of(wanted.from);
    if (!begins) return tl::unexpected(begins.error());
    const auto ends = offsets_of(wanted.to);
    if (!ends) return tl::unexpected(ends.error());
    auto leads = *begins;
    if (wanted.warm_up.count() > 0) {
      Position earlier = wanted.from;
      earlier.time -= wanted.warm_up;
      const auto earlier_offsets = offsets_of(earlier);
      if (!earlier_offsets) return tl::unexpected(earlier_offsets.error());
      leads = *earlier_offsets;
    }
    for (size_t i = 0; i < partitions_.size(); ++i) {
      const int64_t end = std::max((*ends)[i], (*begins)[i]);
      found.push_back({number, partitions_[i], std::min(leads[i], (*begins)[i]), (*begins)[i], end});
    }
    return {};
  }

 private:
  /// For each partition; never outside of what there is.
  Result<std::vector<int64_t>> offsets_of(const Position& position) {
    std::vector<int64_t> offsets;
    if (position.kind == Position::Kind::kTime) {
      auto found = ranges_.at_time(topic_, partitions_, position.time);
      if (!found) return found;
      offsets = std::move(*found);
    }
    for (size_t i = 0; i < partitions_.size(); ++i) {
      if (position.kind == Position::Kind::kBeginning) offsets.push_back(bounds_[i].low);
      if (position.kind == Position::Kind::kNow) offsets.push_back(bounds_[i].high);
      if (position.kind == Position::Kind::kOffset) offsets.push_back(position.offset);
      offsets[i] = std::clamp(offsets[i], bounds_[i].low, bounds_[i].high);
    }
    return offsets;
  }

  TopicRanges& ranges_;
  std::string topic_;
  std::vector<int32_t> partitions_;
  std::vector<TopicRanges::Bounds> bounds_;
};

/// Those of the wanted ones that the topic has, or all.
std::vector<int32_t> partitions_there(const std::vector<int32_t>& wanted, int32_t count) {
  std::vector<int32_t> there;
  for (int32_t partition = 0; partition < count; ++partition) {
    if (wanted.empty() || std::binary_search(wanted.begin(), wanted.end(), partition)) there.push_back(partition);
  }
  return there;
}

Status check_topics(const RangeArguments& arguments, const TopicTable& topics, const std::vector<int32_t>& counts) {
  std::string names;
  for (size_t topic = 0; topic < topics.size(); ++topic)
    if (counts[topic] > 0) names += (names.empty() ? "" : ", ") + topics[topic];
  for (const std::string& name : arguments.topics) {
    const auto number = topics.find(name);
    if (number && counts[*number] > 0) continue;
    return fail(
        ErrorCode::kInvalidArgument, "--topic",
        "'" + name + "' is no topic of requests that is there" + (names.empty() ? "" : "; there are: " + names));
  }
  if (!names.empty()) return {};
  return fail(ErrorCode::kNotFound, "kafka",
              "none of the topics that kafka.topics.requests or sources name is there: " +
                  (topics.empty() ? std::string("no topic matches their patterns") : topics[0]));
}

Result<std::vector<PartitionRange>> find_ranges(TopicRanges& ranges, const RangeArguments& arguments,
                                                const Wanted& wanted, const TopicTable& topics,
                                                const std::vector<int32_t>& counts) {
  std::vector<PartitionRange> found;
  for (size_t topic = 0; topic < topics.size(); ++topic) {
    const bool is_chosen = arguments.topics.empty() || std::find(arguments.topics.begin(), arguments.topics.end(),
                                                                 topics[topic]) != arguments.topics.end();
    if (!is_chosen || counts[topic] == 0) continue;
    auto there = partitions_there(wanted.partitions, counts[topic]);
    if (there.empty()) continue;
    TopicLookUp look_up(ranges, topics[topic], std::move(there));
    if (Status status = look_up.find(wanted, static_cast<uint16_t>(topic), found); !status)
      return tl::unexpected(status.error());
  }
  if (found.empty())
    return fail(ErrorCode::kInvalidArgument, "--partitions", "none of " + arguments.partitions + " is there");
  return found;
}

}  // namespace

Result<Milliseconds> length_argument(const char* option, const std::string& text) {
  static const std::map<char, std::chrono::seconds> kUnits{{'s', std::chrono::seconds(1)},
                                                           {'m', std::chrono::minutes(1)},
                                                           {'h', std::chrono::hours(1)},
                                                           {'d', std::chrono::hours(24)}};
  const auto unit = text.empty() ? kUnits.end() : kUnits.find(text.back());
  const std::string number = text.substr(0, text.empty() ? 0 : text.size() - 1);
  if (unit == kUnits.end() || !is_number(number) || number.size() > 9)
    return fail(ErrorCode::kInvalidArgument, option,
                "'" + printable(text) + "' is no length of time; give one such as 90s, 15m, 2h or 7d");
  return std::stol(number) * unit->second;
}

Result<std::vector<int32_t>> partitions_argument(const std::string& text) {
  std::vector<int32_t> partitions;
  const auto wrong = [&] {
    return fail(ErrorCode::kInvalidArgument, "--partitions",
                "'" + printable(text) + "' is no list of partitions; give one such as 3 or 0,4-7");
  };
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    const size_t dash = part.find('-');
    const std::string first = part.substr(0, dash), last = dash == std::string::npos ? first : part.substr(dash + 1);
    if (!is_number(first) || !is_number(last) || first.size() > 7 || last.size() > 7) return wrong();
    if (std::stoi(last) < std::stoi(first) || std::stoi(last) > kPartitionMax) return wrong();
    for (int32_t partition = std::stoi(first); partition <= std::stoi(last); ++partition)
      partitions.push_back(partition);
    begin = end + 1;
    if (end + 1 == text.size()) return wrong();
  }
  std::sort(partitions.begin(), partitions.end());
  partitions.erase(std::unique(partitions.begin(), partitions.end()), partitions.end());
  return partitions;
}

Result<ReplayOptions> prepare_replay(const Config& config, const RangeArguments& arguments) {
  const auto wanted = read(arguments);
  if (!wanted) return tl::unexpected(wanted.error());
  ReplayOptions options;
  options.client.kafka = config.kafka;
  options.client.log = log_to_terminal();
  options.threads = arguments.threads == 0 ? std::max(1U, std::thread::hardware_concurrency()) : arguments.threads;
  options.client.memory = memory_per_lane(config.memory, options.threads);
  options.records_per_second_max = arguments.records_per_second_max;
  options.score = config.score;
  options.topics = topic_table(config);
  options.analyzer = analyzer_options(config);
  options.analyzer.topics = options.topics;
  auto brokers = TopicRanges::connect(options.client);
  if (!brokers) return tl::unexpected(brokers.error());
  const auto counts = (*brokers)->partitions(options.topics);
  if (!counts) return tl::unexpected(counts.error());
  if (Status status = check_topics(arguments, options.topics, *counts); !status) return tl::unexpected(status.error());
  auto ranges = find_ranges(**brokers, arguments, *wanted, options.topics, *counts);
  if (!ranges) return tl::unexpected(ranges.error());
  options.ranges = std::move(*ranges);
  // Which client's state stands where goes by the partitions that the daemons' topic has.
  const auto observations = (*brokers)->partitions_of(config.kafka.topics.observations);
  if (!observations) return tl::unexpected(observations.error());
  options.observations_partitions = *observations > 0 ? *observations : config.kafka.topics.observations_partitions;
  return options;
}

std::string describe_ranges(const ReplayOptions& options) {
  int64_t offsets = 0, lead = 0;
  std::vector<std::string> topics;
  for (const PartitionRange& range : options.ranges) {
    offsets += range.end - range.begin;
    lead += range.begin - range.lead;
    if (const std::string& name = options.topics[range.topic]; topics.empty() || topics.back() != name)
      topics.push_back(name);
  }
  std::string names;
  for (const std::string& name : topics)
    names += (names.empty() ? "" : ", ") + name;
  return with_separators(static_cast<uint64_t>(offsets)) + " offsets of " + std::to_string(options.ranges.size()) +
         (options.ranges.size() == 1 ? " partition of " : " partitions of ") + names +
         (lead > 0 ? ", and " + with_separators(static_cast<uint64_t>(lead)) + " before them to warm up" : "");
}

}  // namespace weir
