#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "app/decisions/decision_board.h"
#include "http/handlers.h"

namespace weir {

/// Tells decisions to programs that enforce them, in the protocol of CrowdSec's local API that bouncers speak: GET /v1/decisions and
/// GET /v1/decisions/stream (docs/decisions.md). Simulated decisions do not exist here. Any thread.
class BouncerApi {
 public:
  /// Bouncers whose place in the stream is known; of further ones the one that has been away longest gets everything anew.
  static constexpr size_t kBouncersMax = 1'024;

  /// One record of the topic.
  DecisionBoard::Taken take(std::string_view key, std::string_view value);
  /// What the topic held at the start is there: until then the answers are 503.
  void set_loaded() { is_loaded_ = true; }
  [[nodiscard]] bool is_loaded() const { return is_loaded_; }
  /// The brokers said at `at` that so many records of the topic are not taken yet.
  void note_behind(uint64_t records, EventTime at);
  /// A request was answered so.
  void note_answer(int status);

  [[nodiscard]] std::vector<ApiRoute> routes();
  /// In Prometheus' text form.
  [[nodiscard]] std::string metrics();

 private:
  /// What of the query chooses decisions.
  struct Filter;
  struct Bouncer {
    uint64_t place = 0;
    uint64_t turn = 0;  // of its last call
  };

  ApiAnswer answer_decisions(const ApiCall& call);
  ApiAnswer answer_stream(const ApiCall& call);
  std::vector<const Decision*> chosen(const Filter& filter) const;
  Bouncer& bouncer_of(const ApiCall& call, bool& is_new);

  std::mutex mutex_;  // guards what follows
  DecisionBoard board_;
  std::map<std::string, Bouncer> bouncers_;  // by key and address
  uint64_t turns_ = 0;
  uint64_t told_ = 0, ended_told_ = 0, refused_ = 0;
  uint64_t behind_ = 0;
  EventTime asked_{};  // when the brokers last said how far it is behind
  std::map<int, uint64_t> answers_{{200, 0}, {400, 0}, {401, 0}, {403, 0},
                                   {404, 0}, {429, 0}, {503, 0}, {0, 0}};  // by status; 0: others
  std::atomic<bool> is_loaded_{false};
};

}  // namespace weir
