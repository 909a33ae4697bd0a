#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "lane/detect_lane.h"
#include "lane/read_positions.h"
#include "lane/record_source.h"
#include "lane/state/stored_state.h"
#include "lane/transaction_client.h"

// A Kafka in memory with what matters to exactly-once: transactions with producer epochs, ends of transactions that are written
// late, lost answers, group generations, members that are taken for dead and go on, compaction. Everything follows from a seed.
namespace weir::test {

class SimulatedKafka {
 public:
  static constexpr int32_t kPartitions = 2;

  struct Transaction {
    enum class State : uint8_t { kOpen, kCommitted, kAborted };
    State state = State::kOpen;
    std::string id;
    int epoch = 0;
    std::map<int32_t, int64_t> offsets;
    bool offsets_marked = false;  // its end is written to the offsets
    bool state_marked = false;    // and to the state topic
  };
  struct Message {
    std::string key, value;
    size_t transaction = 0;
  };
  struct Member {
    int64_t generation = 0;  // that it has partitions of; 0: none
    bool joined = false;     // to the generation under way
    bool evicted = false;
  };

  explicit SimulatedKafka(uint64_t seed) : chance_(seed) {}

  std::map<int32_t, std::map<int64_t, std::string>> observations;  // with gaps, as transaction ends leave them
  std::vector<Message> alerts;
  std::map<int32_t, std::vector<std::pair<int64_t, Message>>> state;
  std::vector<Transaction> transactions;
  std::map<std::string, int> epochs;
  std::map<int32_t, int64_t> committed;
  std::map<int, Member> members;
  std::map<int32_t, int> owner;
  int64_t generation = 1;
  bool rebalancing = false;
  bool faults = true;

  bool happens(double probability) { return faults && std::uniform_real_distribution<>(0, 1)(chance_) < probability; }
  uint64_t pick(uint64_t below) { return std::uniform_int_distribution<uint64_t>(0, below - 1)(chance_); }

  // --- transactions

  /// A new producer with this id: what an older one has open is aborted.
  int init(const std::string& id) {
    for (Transaction& transaction : transactions) {
      if (transaction.id != id) continue;
      if (transaction.state == Transaction::State::kOpen) transaction.state = Transaction::State::kAborted;
      write_ends(transaction);
    }
    return ++epochs[id];
  }
  /// A producer's next transaction waits until the ends of its last one are written everywhere.
  size_t begin(const std::string& id, int epoch) {
    for (Transaction& transaction : transactions) {
      if (transaction.id == id && transaction.state != Transaction::State::kOpen) write_ends(transaction);
    }
    transactions.push_back({Transaction::State::kOpen, id, epoch, {}, false, false});
    return transactions.size() - 1;
  }
  [[nodiscard]] bool fenced(const Transaction& transaction) const {
    return epochs.at(transaction.id) != transaction.epoch;
  }
  bool commit(size_t number) {
    Transaction& transaction = transactions[number];
    if (fenced(transaction) || transaction.state != Transaction::State::kOpen)
      return transaction.state == Transaction::State::kCommitted;
    transaction.state = Transaction::State::kCommitted;
    return true;
  }
  void write_ends(Transaction& transaction) {
    if (transaction.state == Transaction::State::kCommitted && !transaction.offsets_marked) {
      for (const auto& [partition, offset] : transaction.offsets)
        committed[partition] = offset;
    }
    transaction.offsets_marked = transaction.state_marked = true;
  }
  /// Time goes by: ends are written, in each place when it comes.
  void advance() {
    for (Transaction& transaction : transactions) {
      if (transaction.state == Transaction::State::kOpen) continue;
      if (!transaction.offsets_marked && !happens(0.5)) {
        const bool state_marked = transaction.state_marked;
        write_ends(transaction);
        transaction.state_marked = state_marked;
      }
      if (!transaction.state_marked && !happens(0.7)) transaction.state_marked = true;
    }
  }
  /// What a reader who waits for decided offsets gets: open transactions time out meanwhile.
  int64_t stable_committed(int32_t partition) {
    for (Transaction& transaction : transactions) {
      if (transaction.offsets_marked || !transaction.offsets.contains(partition)) continue;
      if (transaction.state == Transaction::State::kOpen) transaction.state = Transaction::State::kAborted;
      const bool state_marked = transaction.state_marked;
      write_ends(transaction);
      transaction.state_marked = state_marked;  // there it may still come late
    }
    const auto found = committed.find(partition);
    return found == committed.end() ? PartitionOffset::kUnknown : found->second;
  }

  // --- the group

  void request_rebalance() {
    rebalancing = true;
    for (auto& [id, member] : members)
      member.joined = false;
  }
  void complete_rebalance_if_joined() {
    if (!rebalancing) return;
    for (auto& [id, member] : members) {
      // A silent member is given up after its session timeout.
      if (!member.joined && !member.evicted && !happens(0.05)) return;
      if (!member.joined) member.evicted = true;
    }
    rebalancing = false;
    ++generation;
    owner.clear();
    std::vector<int> live;
    for (const auto& [id, member] : members) {
      if (member.joined) live.push_back(id);
    }
    for (int32_t partition = 0; partition < kPartitions && !live.empty(); ++partition)
      owner[partition] = live[static_cast<size_t>(partition + generation) % live.size()];
  }

 private:
  std::mt19937_64 chance_;
};

/// A member of the group.
class SimulatedSource : public RecordSource {
 public:
  SimulatedSource(SimulatedKafka& kafka, int id) : kafka_(kafka), id_(id) {
    kafka_.members[id] = {};
    kafka_.request_rebalance();
  }
  void subscribe(RebalanceListener& listener) { listener_ = &listener; }
  /// As after kill -9: the group finds out by itself.
  void vanish() {
    kafka_.members.erase(id_);
    kafka_.request_rebalance();
  }
  [[nodiscard]] bool member_of_generation() const {
    const auto& me = kafka_.members.at(id_);
    return assigned_ != 0 && assigned_ == kafka_.generation && !me.evicted;
  }

  std::span<const InputRecord> poll(uint32_t, Milliseconds, Milliseconds) override {
    batch_.clear();
    auto& me = kafka_.members.at(id_);
    const bool lost = me.evicted || (assigned_ != 0 && assigned_ != kafka_.generation);
    if (assigned_ != 0 && (lost || (kafka_.rebalancing && !me.joined)) && !kafka_.happens(0.3)) {
      positions_.give_up_batch();
      listener_->on_revoked(lost);
      positions_.clear();
      assigned_ = 0;
    }
    if (assigned_ == 0 && me.evicted) {
      me.evicted = false;
      if (!kafka_.rebalancing) kafka_.request_rebalance();
    }
    if (assigned_ == 0 && kafka_.rebalancing) me.joined = true;
    kafka_.complete_rebalance_if_joined();
    if (assigned_ == 0 && !kafka_.rebalancing && me.joined) assign();
    fetch();
    return batch_;
  }
  std::string_view header(const InputRecord&, const char* name) const override {
    return std::string_view(name) == kAppendTimeHeader ? "1700000000000" : "";
  }
  void batch_done() override { positions_.batch_done(); }
  std::span<const PartitionOffset> uncommitted() override { return positions_.uncommitted(); }
  Status commit(std::span<const PartitionOffset>, Patience&) override { return {}; }
  void mark_committed(std::span<const PartitionOffset> offsets) override { positions_.mark_committed(offsets); }
  Result<std::vector<PartitionOffset>> read_committed(std::span<const PartitionOffset> partitions, Patience&) override {
    std::vector<PartitionOffset> found(partitions.begin(), partitions.end());
    for (PartitionOffset& offset : found)
      offset.offset = kafka_.stable_committed(offset.partition);
    return found;
  }
  bool exhausted(int32_t partition, int64_t until) const override { return positions_.exhausted(partition, until); }
  bool connected() override { return true; }
  Unread unread() override { return Unread::kNone; }
  void hold_back(const PartitionOffset& from) override { positions_.hold_back(from); }
  void let_go(uint16_t topic, int32_t partition, int64_t) override {
    if (ReadPosition* position = positions_.find(topic, partition)) position->held = false;
  }
  bool at_end(uint16_t, int32_t partition) const override {
    const auto all = positions_.all();
    return std::any_of(all.begin(), all.end(), [&](const ReadPosition& position) {
      return position.partition == partition && position.at_end();
    });
  }
  Status renew(CarryDone, Patience&) override { return {}; }
  Status seek(const PartitionOffset& target) override {
    positions_.seek(target);
    return {};
  }
  Status rewind() override {
    positions_.rewind();
    return {};
  }
  void tick() override {}
  Status health() const override { return health_; }
  void close(Patience&) override {}

 private:
  void assign() {
    std::vector<AssignedPartition> partitions;
    std::vector<int64_t> on_record;
    for (const auto& [partition, owner] : kafka_.owner) {
      if (owner != id_) continue;
      const int64_t committed = kafka_.stable_committed(partition);
      partitions.push_back({0, partition, committed, committed, 0});
      on_record.push_back(committed);
    }
    assigned_ = kafka_.generation;
    health_ = listener_->on_assigned(partitions);
    positions_.assign(partitions, on_record);
  }
  void fetch() {
    uint64_t count = kafka_.faults ? kafka_.pick(4) : 3;
    for (const auto& [partition, log] : kafka_.observations) {
      ReadPosition* position = positions_.find(0, partition);
      if (position == nullptr || position->held) continue;
      auto next = log.lower_bound(position->expected);
      for (; next != log.end() && count > 0; ++next, --count) {
        batch_.push_back({0, partition, next->first, EventTime(Milliseconds(1'000)), {}, next->second, nullptr});
        ReadPositions::hand_out(*position, next->first);
      }
      // A consumer hears of the end when it gets there; markers of transactions may stand before it.
      if (next == log.end()) ReadPositions::reach_end(*position, log.rbegin()->first + 1);
    }
  }

  SimulatedKafka& kafka_;
  int id_;
  RebalanceListener* listener_ = nullptr;
  int64_t assigned_ = 0;
  ReadPositions positions_;
  std::vector<InputRecord> batch_;
  Status health_;
};

/// A transactional producer whose answers may be lost.
class SimulatedTransactions : public TransactionClient {
 public:
  SimulatedTransactions(SimulatedKafka& kafka, SimulatedSource& source, std::string id)
      : kafka_(kafka), source_(source), id_(std::move(id)) {}

  TransactionResult init(Patience&) override {
    if (kafka_.happens(0.05)) return {TransactionStep::kUnknown, "no answer"};
    epoch_ = kafka_.init(id_);
    return {};
  }
  TransactionResult begin() override {
    number_ = kafka_.begin(id_, epoch_);
    return {};
  }
  Status produce(const OutputMessage& message, Patience&) override {
    if (kafka_.happens(0.005)) return fail(ErrorCode::kKafka, "test", "refused");
    if (kafka_.fenced(now())) return fail(ErrorCode::kKafka, "test", "fenced");
    SimulatedKafka::Message kept{std::string(message.key), std::string(message.value), number_};
    if (message.topic == "state") {
      auto& log = kafka_.state[message.partition];
      log.emplace_back(log.empty() ? 0 : log.back().first + 1, std::move(kept));
    } else {
      kafka_.alerts.push_back(std::move(kept));
    }
    return {};
  }
  TransactionResult flush(Patience&) override { return trouble(0.01); }
  TransactionResult send_offsets(std::span<const PartitionOffset> offsets, Patience&) override {
    if (const auto result = trouble(0.01); !result.done()) return result;
    if (!source_.member_of_generation()) return {TransactionStep::kAbort, "illegal generation"};
    for (const PartitionOffset& offset : offsets)
      now().offsets[offset.partition] = offset.offset;
    return kafka_.happens(0.01) ? TransactionResult{TransactionStep::kUnknown, "no answer"} : TransactionResult{};
  }
  TransactionResult commit(Patience&) override {
    if (kafka_.happens(0.03)) return {TransactionStep::kUnknown, "the request was lost"};
    if (!kafka_.commit(number_)) return {TransactionStep::kRenew, "fenced or timed out"};
    if (kafka_.happens(0.05)) return {TransactionStep::kUnknown, "the answer was lost"};
    return {};
  }
  TransactionResult abort(Patience&) override {
    if (kafka_.happens(0.05)) return {TransactionStep::kUnknown, "no answer"};
    if (kafka_.fenced(now())) return {TransactionStep::kRenew, "fenced"};
    if (now().state == SimulatedKafka::Transaction::State::kOpen)
      now().state = SimulatedKafka::Transaction::State::kAborted;
    return {};
  }
  size_t take_refused_bytes(const std::string&) override { return 0; }

 private:
  SimulatedKafka::Transaction& now() { return kafka_.transactions[number_]; }
  TransactionResult trouble(double probability) {
    if (kafka_.fenced(now())) return {TransactionStep::kRenew, "fenced"};
    if (now().state != SimulatedKafka::Transaction::State::kOpen) return {TransactionStep::kRenew, "timed out"};
    if (kafka_.happens(probability)) return {TransactionStep::kAbort, "a broker refused"};
    return kafka_.happens(probability) ? TransactionResult{TransactionStep::kRenew, "fatal"} : TransactionResult{};
  }

  SimulatedKafka& kafka_;
  SimulatedSource& source_;
  std::string id_;
  int epoch_ = 0;
  size_t number_ = 0;
};

/// Reads the state topic as StateReader does: up to the first undecided transaction, and again when that is not enough.
class SimulatedStore : public StateStore {
 public:
  explicit SimulatedStore(SimulatedKafka& kafka) : kafka_(kafka) {}

  Result<std::vector<StoredState>> read(std::span<const Request> partitions, uint32_t, Patience&) override {
    if (kafka_.happens(0.02)) return fail(ErrorCode::kKafka, "test", "no broker answers");
    std::vector<StoredState> states;
    for (const Request& partition : partitions)
      states.push_back(read(partition.partition, partition.committed));
    return states;
  }

 private:
  StoredState read(int32_t partition, int64_t committed) {
    StateCollector collector(committed);
    collect(partition, collector);
    if (collector.enough()) return collector.take();
    for (auto& transaction : kafka_.transactions) {
      if (transaction.state == SimulatedKafka::Transaction::State::kOpen)
        transaction.state = SimulatedKafka::Transaction::State::kAborted;
      transaction.state_marked = true;
    }
    StateCollector again(committed);
    collect(partition, again);
    return again.take();
  }
  void collect(int32_t partition, StateCollector& collector) {
    for (const auto& [offset, message] : kafka_.state[partition]) {
      const auto& transaction = kafka_.transactions[message.transaction];
      if (!transaction.state_marked) return;
      if (transaction.state == SimulatedKafka::Transaction::State::kCommitted) collector.add(offset, message.value);
    }
  }
  SimulatedKafka& kafka_;
};

}  // namespace weir::test
