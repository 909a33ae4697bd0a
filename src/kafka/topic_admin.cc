#include "kafka/topic_admin.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "kafka/ask_bounds.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds kAdminSlice{250};
constexpr Milliseconds kLeaderTimeout{2'000};
constexpr int kAdminPollMs = 10;
constexpr Milliseconds kRefusedMax{
    5'000};  // a wrong password stays wrong; a broker that just starts gets this much time

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

std::vector<TopicSpec> topic_specs(const KafkaTopics& topics, DecisionsTopic decisions) {
  // Retention, and the broker's limits of how far off a message may be, go by its clock then, not by those of weir's machines: one
  // that is a day behind would have its observations removed unread, one an hour ahead could write nothing.
  const std::pair<std::string, std::string> by_broker_time{"message.timestamp.type", "LogAppendTime"};
  std::vector<TopicSpec> specs;
  for (const std::string& name : topics.requests)
    if (!is_topic_pattern(name)) specs.push_back({name, false, 0, {}});
  // A day of observations is far more than a restart ever replays.
  specs.push_back({topics.observations,
                   true,
                   topics.observations_partitions,
                   {by_broker_time, {"cleanup.policy", "delete"}, {"retention.ms", "86400000"}}});
  specs.push_back({topics.alerts, true, topics.alerts_partitions, {by_broker_time, {"cleanup.policy", "delete"}}});
  // As large as a record that input topics are commonly allowed to hold: dead letters keep the original bytes.
  specs.push_back({topics.dead_letter,
                   true,
                   topics.alerts_partitions,
                   {by_broker_time, {"cleanup.policy", "delete"}, {"max.message.bytes", "16777216"}}});
  // One snapshot per chunk counts; compaction removes the rest soon, so that a restore reads little.
  specs.push_back({topics.state,
                   true,
                   topics.observations_partitions,
                   {by_broker_time,
                    {"cleanup.policy", "compact"},
                    {"min.cleanable.dirty.ratio", "0.2"},
                    {"segment.ms", "600000"},
                    {"segment.bytes", "67108864"},
                    {"max.message.bytes", "16777216"}}});
  if (decisions == DecisionsTopic::kUsed) {
    specs.push_back({topics.decisions,
                     true,
                     topics.alerts_partitions,
                     {by_broker_time,
                      {"cleanup.policy", "compact"},
                      {"min.cleanable.dirty.ratio", "0.2"},
                      {"segment.ms", "3600000"},
                      {"segment.bytes", "67108864"}}});
  }
  return specs;
}

TopicAdmin::TopicAdmin(const ClientOptions& options) : options_(options) {
  context_.log = options.log;
  context_.client_id = "weir-admin";
  asker_context_.log = [](LogLevel, std::string_view) {};  // the other client has told it
  asker_context_.client_id = "weir-look";
}

Result<std::unique_ptr<TopicAdmin>> TopicAdmin::create(const ClientOptions& options) {
  std::unique_ptr<TopicAdmin> admin(new TopicAdmin(options));
  // A producer's settings: the user's own properties are checked with them too, before any lane starts.
  auto client =
      make_client(RD_KAFKA_PRODUCER, producer_properties(options, admin->context_.client_id), admin->context_);
  if (!client) return tl::unexpected(client.error());
  admin->client_ = std::move(*client);
  return admin;
}

Status TopicAdmin::wait_for_broker(Milliseconds timeout, Patience* patience, const Waiting& waiting) {
  const auto begin = Clock::now();
  auto code = RD_KAFKA_RESP_ERR__TIMED_OUT;
  const auto may_go_on = [&] {
    const auto passed = Clock::now() - begin;
    const bool refused = context_.refused.load(std::memory_order_relaxed) && passed >= kRefusedMax;
    const bool over = timeout != Milliseconds{0} && passed >= timeout;
    return !refused && !over && (patience == nullptr || patience->may_wait());
  };
  while (may_go_on()) {
    const rd_kafka_metadata_t* metadata = nullptr;
    code = rd_kafka_metadata(client_.get(), 0, nullptr, &metadata, static_cast<int>(kAdminSlice.count()));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const MetadataHandle owner(metadata);
      return {};
    }
    rd_kafka_poll(client_.get(), kAdminPollMs);  // the error callback hears the reason
    if (code != RD_KAFKA_RESP_ERR__TIMED_OUT) std::this_thread::sleep_for(kAdminSlice);  // a refusal comes at once
    if (waiting) waiting(context_.problems(), std::chrono::duration_cast<Milliseconds>(Clock::now() - begin));
  }
  const std::string reason = context_.problems();
  const std::string waited =
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin).count());
  return fail(ErrorCode::kKafka, "kafka",
              "no broker of " + options_.kafka.bootstrap_servers + " answered within " + waited +
                  " s: " + (reason.empty() ? kafka_error("metadata", code).detail : reason));
}

Result<std::map<std::string, int32_t>> TopicAdmin::partitions(std::span<const std::string> topics,
                                                              Milliseconds timeout) {
  const rd_kafka_metadata_t* metadata = nullptr;
  // Of all topics: asking for one by name would create it on a broker that does so on use.
  const auto code = rd_kafka_metadata(client_.get(), 1, nullptr, &metadata, static_cast<int>(timeout.count()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error("cannot list the topics", code));
  const MetadataHandle owner(metadata);
  std::map<std::string, int32_t> found;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const auto& topic = metadata->topics[i];
    if (std::find(topics.begin(), topics.end(), topic.topic) == topics.end()) continue;
    if (topic.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) continue;
    if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR && topic.err != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) {
      return tl::unexpected(kafka_error(std::string("topic ") + topic.topic, topic.err));
    }
    if (topic.partition_cnt > 0) found[topic.topic] = topic.partition_cnt;
  }
  return found;
}

Result<std::map<std::string, int32_t>> TopicAdmin::ensure(std::span<const TopicSpec> specs, TopicCreation creation,
                                                          int32_t replication_factor, Milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  std::vector<std::string> names;
  for (const TopicSpec& spec : specs)
    names.push_back(spec.name);
  auto found = partitions(names, timeout);
  if (!found) return found;

  std::vector<const TopicSpec*> to_create;
  std::vector<std::string> absent;
  for (const TopicSpec& spec : specs) {
    if (found->contains(spec.name)) continue;
    absent.push_back(spec.name);
    if (creation == TopicCreation::kIfMissing && spec.create) to_create.push_back(&spec);
  }
  if (!absent.empty()) {
    if (Status refused = refuse_missing(specs, absent, creation, timeout); !refused)
      return tl::unexpected(refused.error());
  }
  if (!to_create.empty()) {
    if (Status created = create_topics(to_create, replication_factor, timeout, CreationTrial::kReal); !created)
      return tl::unexpected(created.error());
  }
  std::string not_ready;
  while (Clock::now() < deadline) {
    found = partitions(names, timeout);
    if (!found) return found;
    not_ready.clear();
    if (found->size() == names.size()) not_ready = partition_without_leader(specs, *found);
    if (found->size() == names.size() && not_ready.empty()) return found;
    std::this_thread::sleep_for(kAdminSlice);
  }
  return fail(ErrorCode::kKafka, "kafka",
              not_ready.empty()
                  ? "topics were created but did not appear within the time for starting"
                  : "the leader of " + not_ready + " did not answer within the time for starting: are all brokers up?");
}

/// Which of the topics that no list shows cannot be had: hidden for want of a right, or missing and not weir's to create.
Status TopicAdmin::refuse_missing(std::span<const TopicSpec> specs, std::span<const std::string> absent,
                                  TopicCreation creation, Milliseconds timeout) {
  const auto seen = look(absent, timeout);
  if (!seen) return tl::unexpected(seen.error());
  std::vector<std::string> hidden, missing;
  for (const TopicSpec& spec : specs) {
    const auto item = seen->find(spec.name);
    if (item == seen->end()) continue;
    if (item->second == TopicSight::kHidden)
      hidden.push_back(spec.name);
    else if (!spec.create || creation == TopicCreation::kNever)
      missing.push_back(spec.name);
  }
  std::string text;
  if (!hidden.empty())
    text = "topics that may not be seen: " + joined(hidden) +
           "; grant READ and DESCRIBE on the requests topics, and WRITE and DESCRIBE on weir's own";
  if (!missing.empty()) {
    text += (text.empty() ? "" : "; ") + std::string("topics that do not exist: ") + joined(missing) +
            "; create them, or correct kafka.topics in the configuration (weir creates its own topics when "
            "kafka.topics.create is true, the requests topics never)";
  }
  if (text.empty()) return {};
  return fail(hidden.empty() ? ErrorCode::kNotFound : ErrorCode::kKafka, "kafka", text);
}

Result<std::map<std::string, TopicSight>> TopicAdmin::look(std::span<const std::string> topics, Milliseconds timeout) {
  if (asker_ == nullptr) {
    auto client = make_client(RD_KAFKA_CONSUMER,
                              consumer_properties(options_, asker_context_.client_id, {options_.kafka.group_id, {}}),
                              asker_context_);
    if (!client) return tl::unexpected(client.error());
    asker_ = std::move(*client);
  }
  std::map<std::string, TopicSight> seen;
  for (const std::string& name : topics) {
    const TopicHandle topic(rd_kafka_topic_new(asker_.get(), name.c_str(), nullptr));
    if (topic == nullptr) return tl::unexpected(kafka_error("topic " + name, rd_kafka_last_error()));
    const rd_kafka_metadata_t* metadata = nullptr;
    const auto code = rd_kafka_metadata(asker_.get(), 0, topic.get(), &metadata, static_cast<int>(timeout.count()));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error("cannot look for topic " + name, code));
    const MetadataHandle owner(metadata);
    const auto answer = metadata->topic_cnt > 0 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    const bool missing =
        answer == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || answer == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    const bool hidden = answer == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    seen[name] = missing ? TopicSight::kMissing : hidden ? TopicSight::kHidden : TopicSight::kThere;
  }
  return seen;
}

/// The first partition that weir writes to whose leader does not serve it yet; empty when all do. Until then it must not be
/// written to, also when another process has just created the topic: of several requests in flight the leader may refuse the
/// first, become ready, and accept the second, and then the first is lost for good, in spite of idempotence and transactions
/// (KAFKA-15591, up to Kafka 4.3).
std::string TopicAdmin::partition_without_leader(std::span<const TopicSpec> specs,
                                                 const std::map<std::string, int32_t>& counts) {
  for (const TopicSpec& spec : specs) {
    if (!spec.create) continue;  // the user's own: only read
    for (int32_t partition = 0; partition < counts.at(spec.name); ++partition) {
      int64_t end = 0;
      const auto code = ask_end(client_.get(), spec.name, partition, kLeaderTimeout, end);
      // A missing right to ask is no sign of a missing leader.
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        return spec.name + " [" + std::to_string(partition) + "]";
    }
  }
  return {};
}

Status TopicAdmin::create_topics(std::span<const TopicSpec* const> specs, int32_t replication_factor,
                                 Milliseconds timeout, CreationTrial trial) {
  std::array<char, 512> text{};
  std::vector<NewTopicHandle> owners;
  std::vector<rd_kafka_NewTopic_t*> topics;
  for (const TopicSpec* spec : specs) {
    owners.emplace_back(
        rd_kafka_NewTopic_new(spec->name.c_str(), spec->partitions, replication_factor, text.data(), text.size()));
    if (owners.back() == nullptr)
      return fail(ErrorCode::kInvalidArgument, "kafka", "topic " + spec->name + ": " + text.data());
    topics.push_back(owners.back().get());
    for (const auto& [name, value] : spec->settings) {
      const auto code = rd_kafka_NewTopic_set_config(topics.back(), name.c_str(), value.c_str());
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error("topic setting " + name, code));
    }
  }
  const AdminOptionsHandle options(rd_kafka_AdminOptions_new(client_.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS));
  const auto set = rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(timeout.count()),
                                                             text.data(), text.size());
  if (set != RD_KAFKA_RESP_ERR_NO_ERROR)
    return tl::unexpected(kafka_error("time for creating topics", set, text.data()));
  if (trial == CreationTrial::kValidatedOnly)
    static_cast<void>(rd_kafka_AdminOptions_set_validate_only(options.get(), 1, text.data(), text.size()));
  const QueueHandle answers(rd_kafka_queue_new(client_.get()));
  rd_kafka_CreateTopics(client_.get(), topics.data(), topics.size(), options.get(), answers.get());
  const EventHandle answer(rd_kafka_queue_poll(answers.get(), static_cast<int>((timeout + kAdminSlice).count())));
  if (answer == nullptr) return tl::unexpected(kafka_error("creating topics", RD_KAFKA_RESP_ERR__TIMED_OUT));
  if (const auto code = rd_kafka_event_error(answer.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return tl::unexpected(kafka_error("creating topics", code, rd_kafka_event_error_string(answer.get())));
  }
  size_t count = 0;
  const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer.get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_topic_result_error(results[i]);
    const std::string name = rd_kafka_topic_result_name(results[i]);
    if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;  // another process was faster
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      const char* reason = rd_kafka_topic_result_error_string(results[i]);
      return tl::unexpected(kafka_error("cannot create topic " + name, code, reason == nullptr ? "" : reason));
    }
    if (trial == CreationTrial::kReal) context_.log(LogLevel::kInfo, "kafka: created topic " + name);
  }
  return {};
}

Result<std::map<std::string, std::string>> TopicAdmin::settings(const std::string& topic, Milliseconds timeout) {
  std::array<char, 512> text{};
  const ConfigResourceHandle resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  const AdminOptionsHandle options(rd_kafka_AdminOptions_new(client_.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
  static_cast<void>(rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(timeout.count()),
                                                              text.data(), text.size()));
  const QueueHandle answers(rd_kafka_queue_new(client_.get()));
  rd_kafka_ConfigResource_t* item = resource.get();
  rd_kafka_DescribeConfigs(client_.get(), &item, 1, options.get(), answers.get());
  const EventHandle answer(rd_kafka_queue_poll(answers.get(), static_cast<int>((timeout + kAdminSlice).count())));
  if (answer == nullptr) return tl::unexpected(kafka_error("settings of " + topic, RD_KAFKA_RESP_ERR__TIMED_OUT));
  if (const auto code = rd_kafka_event_error(answer.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return tl::unexpected(kafka_error("settings of " + topic, code));
  size_t count = 0;
  const auto* resources =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(answer.get()), &count);
  std::map<std::string, std::string> found;
  for (size_t i = 0; i < count; ++i) {
    if (const auto code = rd_kafka_ConfigResource_error(resources[i]); code != RD_KAFKA_RESP_ERR_NO_ERROR)
      return tl::unexpected(kafka_error("settings of " + topic, code));
    size_t entries = 0;
    const auto* const* list = rd_kafka_ConfigResource_configs(resources[i], &entries);
    for (size_t k = 0; k < entries; ++k) {
      const char* value = rd_kafka_ConfigEntry_value(list[k]);
      found[rd_kafka_ConfigEntry_name(list[k])] = value == nullptr ? "" : value;
    }
  }
  return found;
}

}  // namespace weir
