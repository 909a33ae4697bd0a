#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "lane/record_source.h"
#include "pipeline/analyzer.h"

namespace weir {

/// What was found in the records of one source that wait for slower ones: however often a record is held back, it is analysed, and
/// counted, once. Its records follow each other without a gap. One thread.
class KeptRecords {
 public:
  [[nodiscard]] bool knows(int64_t offset) const { return from_ <= offset && offset < until_; }
  [[nodiscard]] bool empty() const { return from_ == until_; }
  [[nodiscard]] size_t observations() const { return observations_; }

  /// Begins a batch: what was passed before is let go.
  void begin_batch();
  /// Appends what is known of the next record of the batch, which stands at `index` in it. The texts live until the begin of the
  /// next batch but one that passes them.
  void give(int64_t offset, uint32_t index, AnalyzedBatch& out);
  /// The end of a batch: records below this are not asked for again.
  void pass(int64_t offset) { passed_ = offset; }

  /// The results of one batch for records of this source that are not known yet, in their order.
  void keep(const Observation& observation) { fresh_.observations.push_back(observation); }
  void keep(const CorrelationEvent& event) { fresh_.events.push_back(event); }
  void keep(int64_t offset, const RejectedRecord& record) { fresh_.rejected.push_back({offset, record}); }
  /// They are of the records from `from` up to before `until`; `borrowed` is what they borrow but texts.
  void keep_all(int64_t from, int64_t until, std::shared_ptr<const void> borrowed);

  struct Place {
    int64_t offset = 0;
    int64_t time_ms = 0;
  };
  /// The first record later than this; nothing: none that is known.
  [[nodiscard]] std::optional<Place> first_after(int64_t time_ms) const;

 private:
  struct Rejected {
    int64_t offset = 0;
    RejectedRecord record;
  };
  /// Those of one batch.
  struct Run {
    int64_t until = 0;
    std::vector<Observation> observations;
    std::vector<CorrelationEvent> events;
    std::vector<Rejected> rejected;
    std::unique_ptr<char[]> texts;
    std::shared_ptr<const void> borrowed;
    // The first that is not passed:
    size_t observation = 0, event = 0, reject = 0;
  };
  /// The next to be given.
  struct Cursor {
    size_t run = 0, observation = 0, event = 0, reject = 0;
  };

  static void own_texts(Run& run);
  static void skip(Run& run, int64_t offset);
  void go_to(size_t run);

  std::deque<Run> runs_;
  Run fresh_;
  int64_t from_ = 0, until_ = 0, passed_ = 0;
  size_t observations_ = 0;
  Cursor cursor_;
};

}  // namespace weir
