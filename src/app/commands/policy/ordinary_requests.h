#pragma once

#include <functional>

#include "app/scan/judged_requests.h"

namespace weir {

/// Of the requests in lines, those that no rule finds malicious; what the policy says of them does not matter for that.
class OrdinaryRequests final : public JudgedRequests {
 public:
  /// Gets each with the policy's findings, when the judgement has one. Valid during the call.
  using Take = std::function<void(const JudgedRecord&)>;

  OrdinaryRequests(Judgement judgement, Take take)
      : JudgedRequests(std::move(judgement), [this](RecordJudge& judge, JudgedRecord& record,
                                                    const RecordPlace&) { look_at(judge, record); }),
        take_(std::move(take)) {}

  [[nodiscard]] uint64_t malicious() const { return malicious_; }

 private:
  void look_at(RecordJudge& judge, JudgedRecord& record) {
    // By the rules alone: what the policy finds comes with judge().
    if (record.detection.malicious) {
      ++malicious_;
      return;
    }
    judge.judge(record);
    take_(record);
  }

  Take take_;
  uint64_t malicious_ = 0;
};

}  // namespace weir
