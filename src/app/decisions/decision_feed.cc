#include "app/decisions/decision_feed.h"

#include <utility>
#include <vector>

namespace weir {
namespace {

constexpr Milliseconds kLookAgain{200};
constexpr int kRecordsAtOnce = 10'000;

}  // namespace

Result<DecisionFeed> DecisionFeed::open(const Config& config, LogSink log) {
  ClientOptions options;
  options.kafka = config.kafka;
  options.log = std::move(log);
  const std::vector<std::string> topics{config.kafka.topics.decisions};
  auto reader = TopicReader::open(options, topics, TopicReader::Start::kBeginning);
  if (!reader) {
    Error error = reader.error();
    if (error.code == ErrorCode::kNotFound)
      error.detail += ": a weir with decisions.rules in its configuration makes it";
    return tl::unexpected(std::move(error));
  }
  DecisionFeed feed;
  feed.reader_ = std::move(*reader);
  return feed;
}

Status DecisionFeed::read_all(Interruption& interruption, const Take& take) {
  while (!reader_->has_reached_ends() && !interruption.requested()) {
    const auto more = read_more(kLookAgain, take);
    if (!more) return tl::unexpected(more.error());
  }
  return {};
}

Result<bool> DecisionFeed::read_more(Milliseconds wait, const Take& take) {
  bool any = false;
  for (int i = 0; i < kRecordsAtOnce; ++i) {
    auto record = reader_->next(any ? Milliseconds(0) : wait);
    if (!record) return tl::unexpected(record.error());
    if (!*record) break;
    any = true;
    take((*record)->key, (*record)->value);
  }
  return any;
}

}  // namespace weir
