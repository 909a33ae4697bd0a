#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/topic_table.h"
#include "config/config.h"
#include "kafka/client_options.h"
#include "kafka/handles.h"
#include "lane/log_sink.h"

namespace weir {

class KafkaConsumer;
class KafkaProducer;

/// A property of the client library. Every value is treated as a secret: none is logged or stands in an error.
struct ClientProperty {
  std::string name;
  Secret value;
};

/// What makes a client a member of a group.
struct GroupMember {
  std::string group_id;
  std::string instance_id;  ///< static membership; empty: dynamic
  bool finds_ends = false;  ///< hears where partitions begin and end (RecordSource::exhausted, AssignedPartition::low)
  uint32_t held_back_max =
      0;  ///< partitions that may wait for others (RecordSource::hold_back), each with a queue of its own
  std::vector<std::string> subscription{};  ///< names and patterns (^…) of topics; empty: those that are known

  /// New topics may come to match.
  [[nodiscard]] bool has_patterns() const {
    return std::any_of(subscription.begin(), subscription.end(), is_topic_pattern);
  }
};

/// Where to connect and how to prove who one is.
std::vector<ClientProperty> connection_properties(const KafkaConfig& kafka, std::string_view client_id);
/// What the library may fetch ahead into one of its queues: the common one, and one for each partition that is held back.
uint32_t queue_kbytes(const MemoryConfig& memory, const GroupMember& member);
/// Connection, then the consumer's settings (docs/kafka.md lists them with their reasons), then the user's own.
std::vector<ClientProperty> consumer_properties(const ClientOptions& options, std::string_view client_id,
                                                const GroupMember& member);
/// With a transactional id also what transactions need.
std::vector<ClientProperty> producer_properties(const ClientOptions& options, std::string_view client_id,
                                                std::string_view transactional_id = {});

/// Before librdkafka 2.1 a consumer whose queue was full looks again only after up to a second, whatever room there is by then
/// (later versions: fetch.queue.backoff.ms); unless a request to the broker wakes it.
bool fetches_need_wake_up();

/// What a client's callbacks need; at a fixed address, and outlives the client.
struct ClientContext {
  LogSink log;
  std::string client_id;
  KafkaConsumer* consumer = nullptr;
  KafkaProducer* producer = nullptr;

  /// Problems that a person may have to act on.
  enum class Problem : uint8_t {
    kConnection,  ///< no broker is reached; cleared when one answers
    kGroup,       ///< the group or its topics refuse; cleared when partitions are assigned or a record comes
  };
  void set_problem(Problem kind, std::string text);
  void clear_problem(Problem kind);
  [[nodiscard]] bool has_problem(Problem kind) const {
    return present_[static_cast<size_t>(kind)].load(std::memory_order_relaxed);
  }
  bool sends_certificate = false;  ///< set by make_client
  /// The last connection error was a refusal (wrong password, certificate), which waiting does not heal.
  std::atomic<bool> refused{false};
  /// OpenSSL's last error about the broker's certificate; 0 for none.
  std::atomic<int> certificate_error{0};
  /// How often a connection to a broker was lost or a group did not hear from its coordinator.
  mutable std::atomic<uint64_t> connection_losses{0};
  /// The problems' text; empty when there is none.
  [[nodiscard]] std::string problems() const;

 private:
  std::array<std::atomic<bool>, 2> present_{};
  mutable std::mutex mutex_;  // taken when something is wrong, never per record
  std::array<std::string, 2> texts_;
};

/// Creates a client with logging and error callbacks that end in `context`. Fails with kInvalidArgument on a property
/// that the library refuses, naming the property but not its value. `set_callbacks` may add further callbacks. Does not block: connecting happens in the background.
Result<ClientHandle> make_client(rd_kafka_type_t type, const std::vector<ClientProperty>& properties,
                                 ClientContext& context, void (*set_callbacks)(rd_kafka_conf_t*) = nullptr);

/// "what: reason", with what to do about it where the library's code tells.
Error kafka_error(std::string_view what, rd_kafka_resp_err_t code, std::string_view reason = {});

/// What is wrong with the broker's certificate, by OpenSSL's error number.
std::string_view certificate_problem(int x509_error);

/// A hint for a person on an error code or the text that came with it; empty when there is nothing to add.
std::string_view hint_for(rd_kafka_resp_err_t code, std::string_view reason);

}  // namespace weir
