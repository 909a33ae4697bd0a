#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/input/line_reader.h"
#include "app/scan/scan_findings.h"
#include "app/scan/scan_report.h"
#include "app/setup/command_setup.h"
#include "app/setup/input_overrides.h"
#include "app/terminal/interruption.h"
#include "app/terminal/progress_bar.h"
#include "app/terminal/terminal.h"
#include "lane/sources/corrected_times.h"
#include "lane/sources/source_estimate.h"
#include "pipeline/analyzer.h"
#include "score/scorer.h"

namespace weir {

enum class ScanOutput : uint8_t { kAlerts, kVerdicts, kSummary, kTable };

/// At a scan's end, whether open episodes get their closing alerts.
enum class Episodes : uint8_t { kStayOpen, kClose };

struct ScanOptions {
  ScanOutput output = ScanOutput::kAlerts;
  Reading reading = Reading::kAsItComes;
  Episodes episodes = Episodes::kStayOpen;
  TimeRange times;
  InputOverrides input;          ///< applied over the form that a file is found to have
  std::FILE* rejects = nullptr;  ///< records that could not be read go here as they are; null: nowhere
};

/// Both stages over files, without Kafka, in one thread, and where their results go: standard output, and notes on standard error.
class Scan {
 public:
  Scan(const ScanOptions& options, const Config& config, const RuleSlot& rules, Interruption& interruption);

  /// Scans the files in their order; "-" is standard input. What cannot be read is named on standard error and passed over.
  /// Results are printed before it waits for more input. Returns at the end of all files, or when interrupted.
  void run(const std::vector<std::string>& paths);

  /// Prints what is still to come: last alerts, the table.
  void finish();

  ScanReport& report() { return report_; }
  [[nodiscard]] bool has_failed() const { return failed_; }  ///< a file could not be read, or a batch not be judged
  [[nodiscard]] uint64_t judged() const;
  /// What the first lines look like, where they are not in the form that was named and not one was read; empty: nothing known.
  [[nodiscard]] const std::string& looks_like() const { return looks_like_; }
  /// The name of the form in which the last file was read.
  [[nodiscard]] const std::string& form() const { return analyzer_options_.input.profile.name; }

 private:
  struct File {
    File(const std::string& path, size_t record_bytes_max, Reading reading)
        : name(path), reader(path, record_bytes_max, reading) {}
    std::string name;
    LineReader reader;
    bool is_open = true;
    bool is_live = false;   ///< one looks on while it is written
    bool is_known = false;  ///< what form its lines have was settled
    SourceEstimate clock;   ///< how far its event time has come
  };

  void open(const std::string& path);
  void read_available(File& file);
  void follow();
  void wait(int descriptor);
  void fail_with(File& file, const Error& error);
  Status use_form_of(File& file, const std::vector<std::string_view>& lines);
  void look_for_form_of(const std::vector<std::string_view>& lines);
  Status judge(File& file, const std::vector<std::string_view>& lines);
  void correct_clocks(File& file);
  void take_rejects(const File& file, const std::vector<std::string_view>& lines);
  void take_verdicts(const File& file);
  void take_alerts();
  void flush(size_t above_bytes);

  ScanOptions options_;
  std::shared_ptr<const AlertEncoder> encoder_;
  std::shared_ptr<const ProfileCatalog> catalog_;  // null: the shipped profiles
  const RuleSlot& rule_slot_;
  std::shared_ptr<const RuleSet> rules_;
  AnalyzerOptions analyzer_options_;
  bool form_is_chosen_;  // by the command line or the configuration; else each file is looked at
  Interruption& interruption_;
  Palette palette_;
  ScanReport report_;
  ScanFindings findings_;
  std::optional<Analyzer> analyzer_;
  Scorer scorer_;
  ProgressBar progress_;
  bool failed_ = false;
  std::string looks_like_;
  int64_t offset_ = 0;  // of all files: what a topic's offset would be
  uint64_t rejects_shown_ = 0;
  std::vector<std::unique_ptr<File>> files_;
  std::vector<RawRecord> records_;
  AnalyzedBatch analyzed_;
  std::vector<SourceEstimate::Next> times_;  // of the batch's requests
  CorrectedTimes corrected_;
  std::vector<Alert> alerts_;
  std::string output_;
};

}  // namespace weir
