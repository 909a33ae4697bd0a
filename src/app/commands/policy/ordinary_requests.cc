#include "app/commands/policy/ordinary_requests.h"

#include <utility>

namespace weir {

Status OrdinaryRequests::use(const AnalyzerOptions& options) {
  auto judge = RecordJudge::create(options, judgement_);
  if (!judge) return tl::unexpected<Error>(judge.error());
  judge_.emplace(std::move(*judge));
  return {};
}

Status OrdinaryRequests::take(FeedFile&, const std::vector<std::string_view>& lines) {
  for (const auto line : lines)
    take_line(line);
  return {};
}

void OrdinaryRequests::take_line(std::string_view line) {
  ++lines_;
  judge_->begin(0, line, EventTime{});
  ParseOutcome outcome;
  for (auto next = judge_->next(record_, outcome); next != EventParser::Next::kEnd;
       next = judge_->next(record_, outcome)) {
    if (next == EventParser::Next::kEvent) take_request();
  }
}

void OrdinaryRequests::take_request() {
  ++requests_;
  arena_.clear();
  judge_->decode(record_);
  judge_->identify(EventTime::max(), arena_, record_);
  judge_->prepare(record_);
  judge_->match({&record_, 1});
  // By the rules alone: what the policy finds comes with judge().
  if (record_.detection.malicious) {
    ++malicious_;
    return;
  }
  judge_->judge(record_);
  take_(record_);
}

}  // namespace weir
