#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "app/scan/file_feed.h"
#include "app/scan/record_place.h"
#include "base/arena.h"
#include "pipeline/record_judge.h"

namespace weir {

/// The requests in lines of files, one after the other, for those who look at each of them.
class JudgedRequests : public LineTaker {
 public:
  /// Gets each request after the match; what the policy finds comes with RecordJudge::judge(), which is left to it. All is valid during the
  /// call.
  using Take = std::function<void(RecordJudge&, JudgedRecord&, const RecordPlace&)>;

  JudgedRequests(Judgement judgement, Take take) : judgement_(std::move(judgement)), take_(std::move(take)) {}

  Status use(const AnalyzerOptions& options) override;
  Status take(FeedFile& file, const std::vector<std::string_view>& lines) override;
  void pause() override {}
  [[nodiscard]] uint64_t lines() const override { return lines_; }
  [[nodiscard]] uint64_t requests() const override { return requests_; }

 private:
  void take_line(std::string_view line, const RecordPlace& place);

  Judgement judgement_;
  Take take_;
  std::optional<RecordJudge> judge_;
  JudgedRecord record_;
  Arena arena_;
  uint64_t lines_ = 0, requests_ = 0;
};

}  // namespace weir
