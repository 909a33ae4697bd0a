#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "app/scan/file_feed.h"
#include "base/arena.h"
#include "pipeline/record_judge.h"

namespace weir {

/// Of the requests in lines, those that no rule finds malicious; what the policy says of them does not matter for that.
class OrdinaryRequests final : public LineTaker {
 public:
  /// Gets each with the policy's findings, when the judgement has one. Valid during the call.
  using Take = std::function<void(const JudgedRecord&)>;

  OrdinaryRequests(Judgement judgement, Take take) : judgement_(std::move(judgement)), take_(std::move(take)) {}

  Status use(const AnalyzerOptions& options) override;
  Status take(FeedFile& file, const std::vector<std::string_view>& lines) override;
  void pause() override {}
  [[nodiscard]] uint64_t lines() const override { return lines_; }
  [[nodiscard]] uint64_t requests() const override { return requests_; }
  [[nodiscard]] uint64_t malicious() const { return malicious_; }

 private:
  void take_line(std::string_view line);
  void take_request();

  Judgement judgement_;
  Take take_;
  std::optional<RecordJudge> judge_;
  JudgedRecord record_;
  Arena arena_;
  uint64_t lines_ = 0, requests_ = 0, malicious_ = 0;
};

}  // namespace weir
