#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "lane/log_sink.h"

namespace weir {

/// A Kafka-like broker inside this process, on a port of the loopback interface: the client library's mock cluster. For
/// `weir demo` and tests only; docs/adr/0010-embedded-broker.md lists what it does not do.
class EmbeddedBroker {
 public:
  struct Topic {
    std::string name;
    int32_t partitions = 1;
  };

  /// Starts it with these topics; none can be created later by an admin call.
  static Result<std::unique_ptr<EmbeddedBroker>> start(std::span<const Topic> topics, LogSink log);

  /// host:port for kafka.bootstrap_servers.
  [[nodiscard]] const std::string& bootstrap_servers() const { return bootstrap_servers_; }

  ~EmbeddedBroker();

  /// For tests: the next requests of the kind are answered with this error code of the Kafka protocol.
  void fail_produce_requests(int code, size_t count);
  void fail_offset_commits(int code, size_t count);
  void fail_heartbeats(int code, size_t count);
  void fail_offset_queries(int code, size_t count);
  /// For tests: refuses connections and drops those it has, or takes them again.
  enum class Reachability : uint8_t { kDown, kUp };
  void set(Reachability reachability);

 private:
  struct Impl;
  EmbeddedBroker();
  std::unique_ptr<Impl> impl_;
  std::string bootstrap_servers_;
};

}  // namespace weir
