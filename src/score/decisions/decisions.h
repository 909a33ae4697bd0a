#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "alert/alert.h"
#include "base/binary_format.h"
#include "score/decisions/decision.h"
#include "score/decisions/decision_policy.h"
#include "score/hash_filter.h"

namespace weir {

/// What the alerts of one partition's clients lead to (docs/adr/0056). A part of the state, by the chunk of the client: a pure
/// function of alerts, orders and the partition's event time, and what one chunk does depends on no other. Without a policy nothing new
/// is decided, and what is in force ends.
class Decisions {
 public:
  /// Of a chunk: addresses whose named clients are counted. Further ones are not, until those of yesterday are forgotten.
  static constexpr size_t kCompaniesMax = 8'192;
  /// Event time after which a named client does not stand behind its address any more.
  static constexpr int64_t kCompanyKeptMs = 86'400'000;

  Decisions(std::shared_ptr<const DecisionPolicy> policy, uint32_t chunks);

  /// A client of one chunk.
  struct Subject {
    uint64_t client_hash = 0;
    uint32_t chunk = 0;
  };
  /// A record of a named client came from this address.
  void meet(Subject address, uint64_t customer_hash, int64_t time_ms, int64_t now_ms) {
    if (policy_ && policy_->customers_max > 0) note_customer(address, customer_hash, time_ms, now_ms);
  }
  /// To be called with each alert of a client that is told, in their order, when the partition's event time is `now_ms`.
  /// The budget goes by `budget_ms` (PartitionClock).
  void take(const Alert& alert, Subject client, int64_t now_ms, int64_t budget_ms);
  /// A person's decision: it takes the place of what is in force, and no alert changes it.
  void impose(Decision decision, Subject client, int64_t now_ms);
  /// Ends what is in force of the client.
  void lift(Subject client, ClientKind kind, std::string_view name);
  /// Ends and forgets what has its end at `now_ms` or before.
  void advance(int64_t now_ms) {
    if (!due_.empty() && std::get<0>(*due_.begin()) <= now_ms) end_due(now_ms);
  }
  /// Nothing is kept of the client, nor is anything in force.
  void forget(Subject client, ClientKind kind, std::string_view name);

  /// What is kept of a client's decisions; nothing if there was none, or none that is remembered. `check`: its client_check().
  [[nodiscard]] std::optional<ClientDecisions> of(Subject subject, uint64_t check) const;
  [[nodiscard]] bool decides() const { return policy_ != nullptr; }
  /// What has happened since the last call, in order.
  [[nodiscard]] std::vector<DecisionChange> take_changes() { return std::exchange(changes_, {}); }
  [[nodiscard]] bool has_changes() const { return !changes_.empty(); }
  [[nodiscard]] const DecisionCounts& counts() const { return counts_; }
  [[nodiscard]] uint64_t bytes() const { return clients_ * sizeof(Client) * 2; }
  void clear();

  /// Whether the chunk has anything to save.
  [[nodiscard]] bool any(uint32_t chunk, int64_t now_ms) const;
  void save(uint32_t chunk, int64_t now_ms, BinaryWriter& out) const;
  /// Adds what a saved chunk has of clients and addresses that `has` names by their hash; no filter: all. False if the bytes are none
  /// of save().
  bool load(uint32_t chunk, BinaryReader& in, const HashFilter& has = {});

 private:
  static constexpr int64_t kUnspent = std::numeric_limits<int64_t>::min();

  /// When the alerts came that a rule counts, the newest ones, ascending.
  struct Counted {
    uint16_t rule = 0;
    std::vector<int64_t> times;
  };
  struct Client {
    ClientKind kind = ClientKind::kAddress;
    std::string name;
    std::vector<Counted> counted;
    std::optional<Decision> decision;  // in force
    uint32_t times = 0;                // decisions, since there was none for so long that they are forgotten
    int64_t last_until_ms = 0;         // of these
    int64_t forget_ms = 0;             // when nothing of it matters any more
    int64_t due_ms = 0;                // as it stands in due_
  };
  /// Who stands behind an address.
  struct Company {
    std::vector<uint32_t> customers;  // of their hashes, each once, one more than allowed at most
    int64_t newest_ms = 0;
  };
  struct Chunk {
    absl::flat_hash_map<uint64_t, std::unique_ptr<Client>> clients;  // by client_hash
    absl::flat_hash_map<uint64_t, Company> companies;                // by the client_hash of the address
    int64_t swept_ms = kUnspent;                                     // when companies were looked over last
    int64_t spent_ms = kUnspent;                                     // event time up to which the budget is spent
  };
  /// An alert that a rule answers.
  struct Answer {
    const DecisionRule& rule;
    const Alert& alert;
    std::string subject;
    int64_t now_ms;
    int64_t budget_ms;
  };

  const DecisionRule* rule_for(const Alert& alert, Client& client) const;
  [[nodiscard]] bool fits_any(const Alert& alert) const;
  static bool count(Counted& counted, const DecisionRule& rule, int64_t time_ms);
  Client* client_of(Subject subject, ClientKind kind, std::string_view name);
  Client* known_client(Subject subject, ClientKind kind, std::string_view name);
  void put(Client& client, Decision decision, DecisionChange::What what);
  void note_customer(Subject address, uint64_t customer_hash, int64_t time_ms, int64_t now_ms);
  [[nodiscard]] bool is_crowded(Subject address, int64_t time_ms) const;
  void save_companies(const Chunk& chunk, BinaryWriter& out) const;
  bool load_companies(Chunk& chunk, BinaryReader& in, const HashFilter& has) const;
  bool make_room(Chunk& chunk, uint32_t number);
  void answer(Client& client, Subject subject, const Answer& answer);
  void prolong(Client& client, const Answer& answer);
  void make(Client& client, const Answer& answer, DecisionChange::What what);
  bool take_budget(Chunk& chunk, int64_t budget_ms) const;
  [[nodiscard]] bool is_spent(const Chunk& chunk, int64_t now_ms) const {
    return chunk.spent_ms != kUnspent && chunk.spent_ms > now_ms - budget_held_ms_;
  }
  void tell(DecisionChange::What what, const Decision& decision);
  void end(Client& client, DecisionChange::What what);
  void end_due(int64_t now_ms);
  void schedule(Client& client, Subject subject);
  void remove(Subject subject);
  static void save_client(const Client& client, BinaryWriter& out);
  bool load_client(Client& client, BinaryReader& in, bool keeps_counted) const;

  std::shared_ptr<const DecisionPolicy> policy_;
  uint64_t policy_digest_ = 0;
  size_t chunk_clients_max_ = 0;
  int64_t budget_step_ms_ = 0;  // what one decision takes of a chunk's budget
  int64_t budget_held_ms_ = 0;  // what is saved up of it
  std::vector<Chunk> chunks_;
  size_t clients_ = 0;
  std::set<std::tuple<int64_t, uint32_t, uint64_t>> due_;  // when, chunk, client_hash
  std::vector<DecisionChange> changes_;
  DecisionCounts counts_;
};

}  // namespace weir
