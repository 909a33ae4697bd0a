#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/scan/decision_file.h"
#include "app/scan/file_feed.h"
#include "app/scan/line_judge.h"
#include "app/scan/scan_results.h"
#include "app/setup/command_setup.h"
#include "app/setup/input_overrides.h"
#include "app/terminal/interruption.h"
#include "pipeline/analyzer.h"

namespace weir {

/// At a scan's end, whether open episodes get their closing alerts.
enum class OpenEpisodes : uint8_t { kStayOpen, kClose };

struct ScanOptions {
  ScanOutput output = ScanOutput::kAlerts;
  Reading reading = Reading::kAsItComes;
  OpenEpisodes episodes = OpenEpisodes::kStayOpen;
  TimeRange times;
  InputOverrides input;               ///< applied over the form that a file is found to have
  DecisionFile* decisions = nullptr;  ///< what came of the alerts goes here; null: nowhere
  std::FILE* rejects = nullptr;       ///< records that could not be read go here as they are; null: nowhere
};

/// Both stages over files, without Kafka, in one thread, and where their results go: standard output, and notes on standard error.
class Scan : private LineTaker {
 public:
  Scan(const ScanOptions& options, const Config& config, const RuleSlot& rules, Interruption& interruption);

  /// As FileFeed::run(). Results are printed before it waits for more input.
  void run(const std::vector<std::string>& paths) { feed_.run(paths); }

  /// Prints what is still to come: last alerts, the table.
  void finish();

  void enrich_with(std::shared_ptr<const AlertEnricher> enricher) { results_.enrich_with(std::move(enricher)); }

  ScanReport& report() { return results_.report(); }
  [[nodiscard]] bool has_failed() const { return feed_.has_failed(); }
  /// As FileFeed::something_was_read().
  [[nodiscard]] bool something_was_read() const;

 private:
  Status use(const AnalyzerOptions& options) override;
  Status take(FeedFile& file, const std::vector<std::string_view>& lines) override;
  void pause() override { results_.flush(0); }
  [[nodiscard]] uint64_t lines() const override { return results_.report().detect.records.value(); }
  [[nodiscard]] uint64_t requests() const override;

  void keep_rejects(const std::vector<std::string_view>& lines);

  ScanOptions options_;
  std::shared_ptr<const RuleSet> rules_;
  ScanResults results_;
  LineJudge judge_;
  FileFeed feed_;
  std::vector<Alert> alerts_;
};

}  // namespace weir
