#include "app/verdicts/verdict_topic.h"

#include <array>
#include <chrono>

#include "kafka/topic_admin.h"
#include "kafka/topic_reader.h"

namespace weir {
namespace {

constexpr Milliseconds kCallTimeout{10'000};
constexpr Milliseconds kLookTimeout{3'000};
constexpr Milliseconds kSlice{200};
constexpr Milliseconds kVerdictSilenceMax{10'000};

TopicSpec spec_of(const std::string& name) {
  return {name, true, 1, {{"cleanup.policy", "compact"}, {"message.timestamp.type", "LogAppendTime"}}};
}

}  // namespace

Status ensure_verdict_topic(const ClientOptions& options, const KafkaTopics& topics) {
  auto admin = TopicAdmin::create(options);
  if (!admin) return tl::unexpected(admin.error());
  if (Status status = (*admin)->wait_for_broker(kCallTimeout); !status) return status;
  const std::array specs{spec_of(topics.verdicts)};
  const auto there = (*admin)->ensure(specs, topics.create, topics.replication_factor, kCallTimeout);
  return there ? Status() : tl::unexpected(there.error());
}

Result<bool> has_verdict_topic(const ClientOptions& options, const std::string& topic, Patience& patience) {
  auto admin = TopicAdmin::create(options);
  if (!admin) return tl::unexpected(admin.error());
  if (Status status = (*admin)->wait_for_broker(kCallTimeout, &patience); !status)
    return tl::unexpected(status.error());
  const std::array<std::string, 1> topics{topic};
  const auto seen = (*admin)->look(topics, kLookTimeout);
  if (!seen) return tl::unexpected(seen.error());
  return seen->at(topic) == TopicSight::kThere;
}

Result<VerdictBook> read_verdicts(const ClientOptions& options, const std::string& topic, Patience& patience) {
  VerdictBook book;
  const std::array<std::string, 1> topics{topic};
  const auto there = has_verdict_topic(options, topic, patience);
  if (!there) return tl::unexpected(there.error());
  if (!*there) return book;
  auto reader = TopicReader::open(options, topics, TopicReader::Start::kBeginning);
  if (!reader) return tl::unexpected(reader.error());
  auto heard = std::chrono::steady_clock::now();
  while (!(*reader)->has_reached_ends() && patience.may_wait()) {
    const auto record = (*reader)->next(kSlice);
    if (!record) return tl::unexpected(record.error());
    const auto now = std::chrono::steady_clock::now();
    if (*record) {
      heard = now;
      book.take((*record)->key, (*record)->value);
    } else if (now - heard > kVerdictSilenceMax) {
      return fail(ErrorCode::kKafka, "topic " + topic, "the brokers do not answer");
    }
  }
  return book;
}

}  // namespace weir
