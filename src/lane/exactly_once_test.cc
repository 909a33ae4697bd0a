#include "lane/exactly_once.h"

#include <deque>

#include "base/catch.h"
#include "lane/pause.h"
#include "lane/test_support.h"

using namespace weir;
using namespace weir::test;

namespace {

/// What happens at the steps of the next producers; done when nothing is said.
struct Script {
  std::deque<TransactionResult> init, send_offsets, commit, abort;
  std::function<void()> at_lost_commit;
  size_t refused_bytes = 0;
  std::vector<std::string> calls;
  int clients = 0;
};

TransactionResult next(std::deque<TransactionResult>& results) {
  if (results.empty()) return {};
  TransactionResult result = results.front();
  results.pop_front();
  return result;
}

class ScriptedClient : public TransactionClient {
 public:
  explicit ScriptedClient(Script& script) : script_(script) { ++script_.clients; }
  TransactionResult init(Patience&) override { return said("init", script_.init); }
  TransactionResult begin() override {
    script_.calls.emplace_back("begin");
    return {};
  }
  Status produce(const OutputMessage& message, Patience&) override {
    std::string call = "produce " + std::string(message.value);
    for (const OutputHeader& header : message.headers)
      call += " " + std::string(header.name) + "=" + std::string(header.value);
    script_.calls.push_back(call);
    return {};
  }
  TransactionResult flush(Patience&) override {
    script_.calls.emplace_back("flush");
    return script_.refused_bytes > 0 ? TransactionResult{TransactionStep::kAbort, "too large"} : TransactionResult{};
  }
  TransactionResult send_offsets(std::span<const PartitionOffset>, Patience&) override {
    return said("offsets", script_.send_offsets);
  }
  TransactionResult commit(Patience&) override {
    const TransactionResult result = said("commit", script_.commit);
    if (!result.done() && script_.at_lost_commit) script_.at_lost_commit();
    return result;
  }
  TransactionResult abort(Patience&) override { return said("abort", script_.abort); }
  size_t take_refused_bytes(const std::string&) override { return std::exchange(script_.refused_bytes, 0); }

 private:
  TransactionResult said(const char* call, std::deque<TransactionResult>& results) {
    script_.calls.emplace_back(call);
    return next(results);
  }
  Script& script_;
};

struct Fixture {
  Fixture()
      : output(
            [this]() -> Result<std::unique_ptr<TransactionClient>> { return std::make_unique<ScriptedClient>(script); },
            source, "dead", lines.sink(), counters, "score") {
    pauses_take_time() = false;
  }
  ~Fixture() { pauses_take_time() = true; }
  CommitOutcome commit() {
    REQUIRE(output.begin(patience));
    REQUIRE(output.produce({"alerts", 0, "k", "v", {}}, patience));
    return output.commit({&offset, 1}, patience);
  }

  Script script;
  FakeSource source;
  LogLines lines;
  KafkaCounters counters;
  Unlimited patience;
  PartitionOffset offset{0, 2, 17};
  ExactlyOnceOutput output;
};

const TransactionResult kLost{TransactionStep::kUnknown, "no answer"};
const TransactionResult kFenced{TransactionStep::kRenew, "fenced"};
const TransactionResult kRefused{TransactionStep::kAbort, "illegal generation"};

}  // namespace

TEST_CASE("output and offsets are one transaction", "[kafka]") {
  Fixture test;
  CHECK(test.commit() == CommitOutcome::kCommitted);
  CHECK(test.script.calls == std::vector<std::string>{"init", "begin", "produce v", "flush", "offsets", "commit"});
  CHECK(test.source.committed[2] == 17);
  CHECK(test.counters.transactions_committed.value() == 1);
}

TEST_CASE("a commit without an answer that took effect is a commit", "[kafka]") {
  Fixture test;
  test.script.commit = {kLost};
  test.script.at_lost_commit = [&] { test.source.committed[2] = 17; };
  CHECK(test.commit() == CommitOutcome::kCommitted);
  CHECK(test.script.clients == 2);  // the first one's transaction is ended by the second one's init
  CHECK(test.counters.producer_renewals.value() == 1);
}

TEST_CASE("a commit without an answer that did not take effect is aborted, whatever kind of error it was", "[kafka]") {
  for (const TransactionResult& error : {kLost, kFenced, kRefused}) {
    Fixture test;
    test.source.committed[2] = 9;
    test.script.commit = {error};
    test.script.init = {{}, kLost};  // the coordinator does not answer the new producer at once either
    CHECK(test.commit() == CommitOutcome::kAborted);
    CHECK(test.source.committed[2] == 9);
    CHECK(test.script.clients == 3);
  }
}

TEST_CASE("offsets that are refused abort the transaction, and the producer goes on", "[kafka]") {
  Fixture test;
  test.script.send_offsets = {kRefused};
  CHECK(test.commit() == CommitOutcome::kAborted);
  CHECK(test.output.offsets_failed());
  test.output.abort(test.patience);
  CHECK(test.script.calls.back() == "abort");
  CHECK(test.commit() == CommitOutcome::kCommitted);
  CHECK(test.script.clients == 1);
  CHECK_FALSE(test.output.offsets_failed());
}

TEST_CASE("a fenced producer, or one that cannot abort, is made anew", "[kafka]") {
  Fixture test;
  test.script.send_offsets = {kFenced, kRefused};
  test.script.abort = {kLost};
  CHECK(test.commit() == CommitOutcome::kAborted);
  test.output.abort(test.patience);
  CHECK(test.commit() == CommitOutcome::kAborted);
  CHECK(test.script.clients == 2);
  test.output.abort(test.patience);
  CHECK(test.commit() == CommitOutcome::kCommitted);
  CHECK(test.script.clients == 3);
}

TEST_CASE("a dead letter that the broker finds too large goes without its payload from then on", "[kafka]") {
  Fixture test;
  REQUIRE(test.output.begin(test.patience));
  REQUIRE(test.output.produce({"dead", 0, "k", "0123456789", {}}, test.patience));
  test.script.refused_bytes = 10;
  CHECK(test.output.commit({&test.offset, 1}, test.patience) == CommitOutcome::kAborted);
  test.output.abort(test.patience);
  REQUIRE(test.output.begin(test.patience));
  REQUIRE(test.output.produce({"dead", 0, "k", "0123456789", {}}, test.patience));
  CHECK(test.script.calls.back() == "produce  weir.payload.truncated=10");
  REQUIRE(test.output.produce({"dead", 0, "k", "012345678", {}}, test.patience));
  CHECK(test.script.calls.back() == "produce 012345678");
  CHECK(test.counters.dead_letters_truncated.value() == 1);
}
