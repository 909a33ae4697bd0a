#include "app/scan/judged_requests.h"

namespace weir {

Status JudgedRequests::use(const AnalyzerOptions& options) {
  auto judge = RecordJudge::create(options, judgement_);
  if (!judge) return tl::unexpected<Error>(judge.error());
  judge_.emplace(std::move(*judge));
  return {};
}

Status JudgedRequests::take(FeedFile& file, const std::vector<std::string_view>& lines) {
  int64_t number = file.reader.first_line();
  for (const auto line : lines)
    take_line(line, {file.name, std::nullopt, number++});
  return {};
}

void JudgedRequests::take_line(std::string_view line, const RecordPlace& place) {
  ++lines_;
  judge_->begin(0, line, EventTime{});
  ParseOutcome outcome;
  for (auto next = judge_->next(record_, outcome); next != EventParser::Next::kEnd;
       next = judge_->next(record_, outcome)) {
    if (next != EventParser::Next::kEvent) continue;
    ++requests_;
    arena_.clear();
    judge_->decode(record_);
    judge_->identify(EventTime::max(), arena_, record_);
    judge_->prepare(record_);
    judge_->match({&record_, 1});
    take_(*judge_, record_, place);
  }
}

}  // namespace weir
