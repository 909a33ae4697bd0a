#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "alert/alert_encoder.h"
#include "alert/alert_enricher.h"
#include "app/scan/record_place.h"
#include "app/scan/scan_findings.h"
#include "app/scan/scan_report.h"
#include "app/terminal/progress_bar.h"
#include "app/terminal/terminal.h"
#include "pipeline/analyzer.h"

namespace weir {

enum class ScanOutput : uint8_t { kAlerts, kVerdicts, kSummary, kTable };

/// Whether anything reads verdicts (AnalyzerOptions::keep_verdicts).
inline bool needs_verdicts(ScanOutput output) {
  return output == ScanOutput::kVerdicts || output == ScanOutput::kTable;
}

/// How far a batch's verdicts and refusals were told.
struct ToldCursor {
  size_t verdict = 0, rejected = 0;
};

/// What comes of judged records, of files or of a topic: counts, and the output that was asked for, to standard output, with notes on
/// standard error. One thread.
class ScanResults {
 public:
  /// Whether somebody looks on while the input comes.
  enum class Watched : uint8_t { kNo, kYes };

  ScanResults(ScanOutput output, std::shared_ptr<const AlertEncoder> encoder)
      : output_form_(output), encoder_(std::move(encoder)), palette_(Palette::for_stream(1)) {}

  /// Null: nothing is known of addresses.
  void enrich_with(std::shared_ptr<const AlertEnricher> enricher) { enricher_ = std::move(enricher); }

  void take(const RecordVerdict& verdict, const RuleSet& rules, const RecordPlace& place, Watched watched);
  void take(const RejectedRecord& rejected, const RecordPlace& place, Watched watched);
  /// The verdicts and refusals of a batch's records up to this number, without it, in their order, from the cursor on.
  void take(const AnalyzedBatch& batch, ToldCursor& told, uint32_t until, const RuleSet& rules,
            const std::function<RecordPlace(uint32_t)>& place_of, Watched watched);
  void take(std::span<const Alert> alerts);

  /// Writes what was put together, once it is more than so many bytes.
  void flush(size_t above_bytes = kBytesMax);
  /// Prints what is still to come: the table.
  void finish(const ScorerStatistics& scorer);

  ScanReport& report() { return report_; }
  [[nodiscard]] const ScanReport& report() const { return report_; }
  ProgressBar& progress() { return progress_; }
  [[nodiscard]] ScanOutput output() const { return output_form_; }

 private:
  static constexpr size_t kBytesMax = 1 << 16;
  static constexpr uint64_t kRejectsShown = 5;  ///< the rest is only counted

  void add(const Alert& alert);

  ScanOutput output_form_;
  std::shared_ptr<const AlertEncoder> encoder_;
  std::shared_ptr<const AlertEnricher> enricher_;
  Palette palette_;
  ScanReport report_;
  ScanFindings findings_;
  ProgressBar progress_;
  uint64_t rejects_shown_ = 0;
  bool was_watched_ = false;
  std::string output_;
};

}  // namespace weir
