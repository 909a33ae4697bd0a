#include "kafka/move/state_move.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "base/assert.h"
#include "kafka/groups/committed_offsets.h"
#include "kafka/groups/partition_owner.h"
#include "kafka/move/state_writer.h"
#include "kafka/ranges/range_source.h"
#include "kafka/ranges/topic_ranges.h"
#include "kafka/topic_admin.h"
#include "kafka/topic_checks.h"
#include "lane/detect_lane.h"
#include "pipeline/client_identity.h"
#include "pipeline/observation_block.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds kTimeout{30'000};
constexpr Milliseconds kSessionSlack{5'000};
constexpr Milliseconds kMembersPause{500};
constexpr const char* kStage = "state move";

tl::unexpected<Error> refuse(std::string why) {
  return fail(ErrorCode::kKafka, kStage, std::move(why));
}

/// Whether a block holds anything that is not told again: processes that detect say how far their sources are whenever they start.
bool is_to_be_scored(const InputRecord& record, const RangeSource& source, std::string_view own_group) {
  const std::string_view group = source.header(record, kGroupHeader);
  if (!group.empty() && group != own_group) return false;
  ObservationBlock block;
  if (!decode_block(record.payload, block)) return true;
  return !block.observations.empty() || !block.correlations.events.empty() || !block.orders.empty();
}

/// What the score group has committed of a topic's partitions.
Result<std::vector<int64_t>> scored_of(const ClientOptions& options, const std::string& topic, int32_t count,
                                       Patience& patience) {
  std::vector<PartitionOffset> asked;
  for (int32_t partition = 0; partition < count; ++partition)
    asked.push_back({0, partition, PartitionOffset::kUnknown});
  return committed_offsets(options, options.kafka.group_id + "-score", {topic}, asked, patience);
}

}  // namespace

Result<std::unique_ptr<StateMove>> StateMove::prepare(StateMoveOptions options, Patience& patience) {
  std::unique_ptr<StateMove> move(new StateMove(std::move(options)));
  const StateMoveOptions& to = move->options_;
  const KafkaTopics& topics = to.client.kafka.topics;
  if (Status status = move->check_names(); !status) return tl::unexpected(status.error());
  if (to.score.order == ScoreOrder::kEventTime) {
    return fail(ErrorCode::kUnsupported, "score.order",
                "state in the order of event time cannot be moved: let weir run with score.order: arrival until "
                "records have come, "
                "stop it, move with that configuration, and set event_time again");
  }
  auto admin = TopicAdmin::create(to.client);
  if (!admin) return tl::unexpected(admin.error());
  if (Status status = (*admin)->wait_for_broker(kTimeout, &patience); !status) return tl::unexpected(status.error());
  const std::vector<std::string> names{topics.observations, topics.state, to.observations, to.state};
  const auto there = (*admin)->partitions(names, kTimeout);
  if (!there) return tl::unexpected(there.error());
  for (const std::string& name : {topics.observations, topics.state})
    if (!there->contains(name))
      return fail(ErrorCode::kNotFound, kStage, "there is no topic " + name + ", so there is no state to move");
  if (Status status = move->check_groups(patience); !status) return tl::unexpected(status.error());
  if (Status status = move->check_new_topics(*there); !status) return tl::unexpected(status.error());
  if (Status status = move->find_partitions(there->at(topics.observations), patience); !status)
    return tl::unexpected(status.error());
  if (Status status = move->check_nothing_unread(patience); !status) return tl::unexpected(status.error());
  return move;
}

Status StateMove::check_names() const {
  const KafkaTopics& topics = options_.client.kafka.topics;
  std::set<std::string> taken(topics.requests.begin(), topics.requests.end());
  taken.insert(
      {topics.observations, topics.state, topics.alerts, topics.dead_letter, topics.decisions, topics.verdicts});
  for (const auto& [option, name] :
       {std::pair("--observations", options_.observations), std::pair("--state", options_.state)}) {
    if (!taken.insert(name).second)
      return fail(ErrorCode::kInvalidArgument, option,
                  "'" + name + "' is in use already: give the new topic a name of its own");
  }
  return {};
}

/// A process with a name of its own (kafka.instance_id) stays a member for a while after it has stopped, which is waited for.
Status StateMove::check_group(const std::string& group, Patience& patience) const {
  const Milliseconds session = options_.client.kafka.session_timeout;
  const auto give_up = Clock::now() + session + kSessionSlack;
  bool said = false;
  while (true) {
    const auto members = members_of(options_.client, group, kTimeout);
    if (!members) return tl::unexpected(members.error());
    if (members->empty()) return {};
    const bool may_have_stopped = std::none_of(members->begin(), members->end(),
                                               [](const PartitionOwner& member) { return member.instance_id.empty(); });
    if (!may_have_stopped || Clock::now() >= give_up || !patience.may_wait()) {
      const PartitionOwner& first = members->front();
      return refuse("the group " + group + " has " + std::to_string(members->size()) + " members (" + first.client_id +
                    " at " + first.host + "): stop all weir processes; one that was killed is a member for up to " +
                    std::to_string(session.count() / 1'000) + " s more");
    }
    if (!std::exchange(said, true)) {
      options_.client.log(LogLevel::kWarning,
                          "the group " + group + " still has " + std::to_string(members->size()) +
                              " members with names of their own, which leave it some time after they have stopped "
                              "(kafka.session_timeout_ms): waiting for that");
    }
    std::this_thread::sleep_for(kMembersPause);
  }
}

Status StateMove::check_groups(Patience& patience) const {
  for (const char* stage : {"-score", "-detect"})
    if (Status status = check_group(options_.client.kafka.group_id + stage, patience); !status) return status;
  return {};
}

/// What an earlier attempt has left is to be deleted by somebody, not by this command: it may be what a weir goes on with.
Status StateMove::check_new_topics(const std::map<std::string, int32_t>& there) {
  auto ranges = TopicRanges::connect(options_.client);
  if (!ranges) return tl::unexpected(ranges.error());
  for (const std::string& name : {options_.observations, options_.state}) {
    const auto found = there.find(name);
    if (found == there.end()) continue;
    if (found->second != options_.partitions) {
      return refuse("the topic " + name + " exists and has " + std::to_string(found->second) + " partitions, not " +
                    std::to_string(options_.partitions) + ": delete it, or give another name or number");
    }
    for (int32_t partition = 0; partition < found->second; ++partition) {
      const auto bounds = (*ranges)->bounds_of_all(name, partition);
      if (!bounds) return tl::unexpected(bounds.error());
      if (bounds->high == 0) continue;
      return refuse("the topic " + name +
                    " is not empty: delete it if an earlier attempt left it, or give another name");
    }
  }
  return {};
}

/// Where each old partition stands; and that a new one has not begun.
Status StateMove::find_partitions(int32_t count, Patience& patience) {
  const std::string& observations = options_.client.kafka.topics.observations;
  const auto committed = scored_of(options_.client, observations, count, patience);
  if (!committed) return tl::unexpected(committed.error());
  auto ranges = TopicRanges::connect(options_.client);
  if (!ranges) return tl::unexpected(ranges.error());
  for (int32_t partition = 0; partition < count; ++partition) {
    const auto bounds = (*ranges)->bounds(observations, partition);
    if (!bounds) return tl::unexpected(bounds.error());
    const auto all = (*ranges)->bounds_of_all(observations, partition);
    if (!all) return tl::unexpected(all.error());
    if (all->high > bounds->high) {
      return refuse(observations + "/" + std::to_string(partition) +
                    " has a transaction that is not decided: a process was killed; the brokers end it within a minute");
    }
    partitions_.push_back(
        {0, partition, (*committed)[static_cast<size_t>(partition)], PartitionOffset::kUnknown, bounds->low});
    ends_.push_back(bounds->high);
  }
  if (std::all_of(committed->begin(), committed->end(),
                  [](int64_t offset) { return offset == PartitionOffset::kUnknown; })) {
    return fail(ErrorCode::kNotFound, kStage,
                "the group " + options_.client.kafka.group_id + "-score has scored nothing of " + observations +
                    ", so there is no state to move: is this the configuration of the processes?");
  }
  const auto begun = scored_of(options_.client, options_.observations, options_.partitions, patience);
  if (!begun) return tl::unexpected(begun.error());
  if (std::any_of(begun->begin(), begun->end(), [](int64_t offset) { return offset != PartitionOffset::kUnknown; })) {
    return refuse("the group has committed offsets of " + options_.observations +
                  " already: the state was moved there before, or a weir has run with it; give another name");
  }
  return {};
}

/// What lies behind the committed offset may be markers of transactions, and blocks that only say how far sources have come.
Status StateMove::check_nothing_unread(Patience& patience) const {
  const TopicTable topics{options_.client.kafka.topics.observations};
  uint64_t unread = 0;
  size_t behind = 0;
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const int64_t from = std::max(partitions_[i].committed, partitions_[i].low);
    if (from >= ends_[i]) continue;
    auto source = RangeSource::open(
        options_.client, topics, {.partition = partitions_[i].partition, .lead = from, .begin = from, .end = ends_[i]});
    if (!source) return tl::unexpected(source.error());
    const uint64_t before = unread;
    do {
      if (!patience.may_wait()) return refuse("interrupted");
      for (const InputRecord& record : (*source)->poll(1'000, Milliseconds(100), {}))
        unread += is_to_be_scored(record, **source, options_.client.kafka.group_id) ? 1 : 0;
      if (Status health = (*source)->health(); !health) return health;
    } while (!(*source)->exhausted(partitions_[i].partition, ends_[i]));
    behind += unread > before ? 1 : 0;
  }
  if (unread == 0) return {};
  return refuse(std::to_string(unread) + " blocks of observations in " + std::to_string(behind) + " partitions of " +
                topics[0] +
                " are not scored yet: start weir with stages: [score] until its lag is 0, stop it, and run this again");
}

Status StateMove::read(const Progress& progress, Patience& patience) {
  PartitionRestoreOptions restore{options_.client, options_.score, options_.topics,
                                  static_cast<uint32_t>(partitions_.size()), mark_of_hash_key(options_.hash_key)};
  std::vector<WholeState> states;
  progress(0, partitions_.size());
  for (const AssignedPartition& partition : partitions_) {
    const auto scored = [&](uint64_t) { progress(states.size(), partitions_.size()); };
    auto state = restore_partition(restore, partition, restore_losses_, scored, patience);
    if (!state) return tl::unexpected(state.error());
    states.push_back(std::move(*state));
    progress(states.size(), partitions_.size());
  }
  const auto hash_of = [key = options_.hash_key](ClientKind kind, std::string_view client) {
    return client_hash_of(key, kind, client);
  };
  division_ =
      std::make_unique<StateDivision>(options_.score, options_.topics, std::move(states), options_.partitions, hash_of);
  return {};
}

/// As the daemon creates them, with what it demands of topics that were there.
Status StateMove::create_topics() {
  KafkaTopics topics = options_.client.kafka.topics;
  topics.observations = options_.observations;
  topics.state = options_.state;
  topics.observations_partitions = options_.partitions;
  std::vector<TopicSpec> specs = topic_specs(topics, DecisionsTopic::kUnused);
  std::erase_if(specs,
                [&](const TopicSpec& spec) { return spec.name != topics.observations && spec.name != topics.state; });
  auto admin = TopicAdmin::create(options_.client);
  if (!admin) return tl::unexpected(admin.error());
  const auto there = (*admin)->ensure(specs, topics.create, topics.replication_factor, kTimeout);
  if (!there) return tl::unexpected(there.error());
  return check_state_topics(**admin,
                            {topics.observations, there->at(topics.observations), topics.state, there->at(topics.state),
                             options_.snapshot_round},
                            options_.client.log, kTimeout);
}

Status StateMove::divide(Writing writing, const Progress& progress, Patience& patience) {
  WEIR_ASSERT(division_ != nullptr, "what was read is divided");
  std::unique_ptr<StateWriter> writer;
  if (writing == Writing::kYes) {
    if (Status status = create_topics(); !status) return status;
    auto opened = StateWriter::open(options_.client,
                                    {options_.client.kafka.group_id, options_.observations, options_.state,
                                     options_.partitions, mark_of_hash_key(options_.hash_key)},
                                    patience);
    if (!opened) return tl::unexpected(opened.error());
    writer = std::move(*opened);
  }
  const uint32_t chunks = division_->chunk_count();
  const uint64_t total = uint64_t{chunks} * static_cast<uint64_t>(options_.partitions);
  std::string bytes;
  for (uint64_t done = 0; done < total; ++done) {
    if (!patience.may_wait()) return refuse("interrupted");
    const auto partition = static_cast<int32_t>(done / chunks);
    const auto chunk = static_cast<uint32_t>(done % chunks);
    bytes.clear();
    if (Status status = division_->make(partition, chunk, bytes); !status) return status;
    if (writer != nullptr) {
      if (Status status = writer->add(partition, chunk, chunks, bytes); !status) return status;
    }
    progress(done + 1, total);
  }
  if (writer == nullptr) return {};
  if (Status status = writer->flush(); !status) return status;
  if (Status status = check_groups(patience); !status) return status;  // may wait longer than a transaction lives
  if (Status status = writer->finish(); !status) return status;
  bytes_ = writer->bytes();
  return {};
}

}  // namespace weir
