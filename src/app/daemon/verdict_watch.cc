#include "app/daemon/verdict_watch.h"

#include <array>
#include <utility>

#include "app/verdicts/verdict_topic.h"
#include "kafka/topic_reader.h"

namespace weir {
namespace {

constexpr Milliseconds kSlice{500};

}  // namespace

class VerdictWatch::UntilStopped : public Patience {
 public:
  explicit UntilStopped(const VerdictWatch& watch) : watch_(watch) {}
  bool may_wait() override { return !watch_.is_stopped(); }

 private:
  const VerdictWatch& watch_;
};

VerdictWatch::VerdictWatch(const KafkaConfig& kafka, LogSink log)
    : topic_(kafka.topics.verdicts), log_(std::move(log)) {
  options_.kafka = kafka;
  options_.log = [](LogLevel, std::string_view) {};
  thread_ = std::thread([this] { loop(); });
}

VerdictWatch::~VerdictWatch() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::vector<RuleVerdicts> VerdictWatch::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

void VerdictWatch::loop() {
  while (!is_stopped()) {
    if (const Status status = follow(); !status && status.error().detail != said_) {
      said_ = status.error().detail;
      log_(LogLevel::kWarning, "verdicts: " + said_ + "; their metric stays as it is");
    }
    pause();
  }
}

/// Reads the topic from its beginning, and what comes from then on. Returns when there is none, or when the brokers failed.
Status VerdictWatch::follow() {
  UntilStopped patience(*this);
  const auto there = has_verdict_topic(options_, topic_, patience);
  if (!there) return tl::unexpected(there.error());
  if (!*there) return {};
  const std::array<std::string, 1> topics{topic_};
  const auto reader = TopicReader::open(options_, topics, TopicReader::Start::kBeginning);
  if (!reader) return tl::unexpected(reader.error());
  book_ = VerdictBook();
  bool is_stale = true;
  while (!is_stopped()) {
    const auto record = (*reader)->next(kSlice);
    if (!record) return tl::unexpected(record.error());
    if (*record) {
      book_.take((*record)->key, (*record)->value);
      is_stale = true;
    } else if (std::exchange(is_stale, false)) {
      publish();  // not for each of those that were there
    }
  }
  return {};
}

void VerdictWatch::publish() {
  std::vector<RuleVerdicts> totals;
  for (auto& [id, of] : by_cause(book_))
    totals.push_back({id, of.title, of.is_false, of.is_true});
  said_.clear();
  const std::lock_guard lock(mutex_);
  totals_ = std::move(totals);
}

bool VerdictWatch::is_stopped() const {
  const std::lock_guard lock(mutex_);
  return stop_;
}

void VerdictWatch::pause() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kLookAgain, [this] { return stop_; });
}

}  // namespace weir
