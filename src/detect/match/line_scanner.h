#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "detect/match/known_lines.h"
#include "detect/match/record_scan.h"
#include "detect/program/compiled_rules.h"

namespace weir {

/// The first step of matching: finds in which lines which patterns match. Goes group by group, each over all records: a pattern
/// database then stays in the processor's cache, which halves the time of a scan, and small records are scanned in one call, which
/// halves it again. Lines that come again are not scanned again.
/// Of one thread; does not allocate once its buffers have grown.
class LineScanner {
 public:
  /// Reports of the matching library per scan after which it is ended (RecordScan::capped): about a millisecond's work, some
  /// 100 times what the largest honest requests cause.
  static constexpr uint32_t kReportsMax = 100'000;

  /// `rules` must outlive the scanner. Lines that come again are known by their hash under `secret`.
  static Result<LineScanner> create(const CompiledRules& rules, const LineSecret& secret);

  /// Fills one RecordScan for each task.
  void scan(std::span<const MatchTask> tasks, std::span<RecordScan> scans);

  /// Remembers the lines that were scanned with what of the reports was confirmed. Not those of a record whose scan failed or
  /// was ended early.
  void remember(const RecordScan& scan, std::span<const RecordHit> confirmed);

 private:
  /// A line of the record where it stands in the scanned text.
  struct ScanLine {
    uint32_t begin = 0;
    uint32_t line = 0;    ///< of the record
    uint32_t record = 0;  ///< of those that are scanned
  };
  /// The last line in which a pattern was reported; valid while `epoch` is that of the scan.
  struct LastReport {
    uint32_t epoch = 0;
    uint32_t line = 0;  ///< into lines_
  };
  /// A record that is scanned together with others.
  struct SmallRecord {
    uint32_t record = 0;
    size_t reports_before = 0;  ///< how many it had
  };
  struct LibraryCall;

  LineScanner(const CompiledRules& rules, const LineSecret& secret);

  /// Whether it shows an evasion that patterns wait for: then more is looked for in it.
  [[nodiscard]] bool shows_evasion(const DecodedRecord& record) const {
    return (record.evasions & rules_->evasions) != 0;
  }
  void key_lines(RecordScan& scan) const;
  void sort_lines(RecordScan& scan) const;
  void scan_by_line(const ScanGroup& group, std::span<RecordScan> scans);
  void scan_group(const ScanGroup& group, std::span<RecordScan> scans);
  void scan_alone(const ScanGroup& group, RecordScan& scan);
  void scan_together(const ScanGroup& group, std::span<RecordScan> scans);
  /// Gives the library's code.
  int scan_text(const ScanGroup& group, std::string_view text, std::span<RecordScan> scans, uint32_t reports_max);
  static void note_end(int code, RecordScan& scan);
  static size_t bytes_of(const ScanGroup& group, const RecordScan& scan);
  size_t append_lines(const ScanGroup& group, const RecordScan& scan, uint32_t index, size_t begin);
  std::string_view copy_lines(std::span<const RecordScan> scans, size_t bytes);

  const CompiledRules* rules_;
  HsScratch scratch_;
  KnownLines known_lines_;
  std::string joined_;                    ///< room for lines to scan that do not follow each other
  std::vector<SmallRecord> together_;     ///< records to scan together
  std::vector<ScanLine> lines_;           ///< what is scanned, in order
  std::vector<LastReport> last_reports_;  ///< by pattern
  uint32_t epoch_ = 0;                    ///< of the scan
};

}  // namespace weir
