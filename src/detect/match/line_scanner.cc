#include "detect/match/line_scanner.h"

#include <hs/hs.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace weir {
namespace {

// The decoder's default cap of lines; more only cost an allocation once.
constexpr size_t kLinesAtStart = 512;
/// A record with more hits is an attack: its lines will not come again often, and looking through its hits is kept short.
constexpr size_t kHitsRemembered = 64;

// A call of the matching library costs as much as scanning some hundred bytes, and a record mostly has no more to scan. Up to there it
// is scanned together with others; a larger one alone, without a copy.
constexpr size_t kTogetherBytesMax = 16'384;
constexpr size_t kSmallBytesMax = 4'096;
/// Of records that are scanned together; with more, each is scanned alone after all, which then has its own limit.
constexpr uint32_t kTogetherReportsMax = LineScanner::kReportsMax / 10;

bool is_for(const ScanGroup& group, const GatedLine& line) {
  return (line.gates & mask_of(group.gate)) != 0 && line.level >= group.level;
}

/// Whether some line of it may be for the group.
bool concerns(const ScanGroup& group, const RecordScan& scan) {
  return scan.strictest >= group.level && (scan.gates & mask_of(group.gate)) != 0;
}

}  // namespace

/// One call of the matching library, as its reports come in.
struct LineScanner::LibraryCall {
  const ScanGroup& group;
  std::span<RecordScan> scans;
  std::span<const ScanLine> lines;
  std::span<LastReport> last_reports;
  uint32_t epoch;
  uint32_t reports_left;
  uint32_t cursor = 0;  ///< into lines; reports come in the order of their ends

  /// True to go on, false to end the scan.
  bool on_report(uint32_t id, uint32_t end) {
    if (reports_left-- == 0) return false;
    const uint32_t pattern = group.patterns[id];
    move_to(end);
    LastReport& seen = last_reports[pattern];
    if (seen.epoch == epoch && seen.line == cursor) return true;
    seen = {epoch, cursor};
    const ScanLine& scanned = lines[cursor];
    scans[scanned.record].reports.push_back({pattern, scanned.line, end - scanned.begin});
    return true;
  }

  /// To the line that holds the byte before `end`. Ends ascend, so it is nearly always the last one or a later one.
  void move_to(uint32_t end) {
    const uint32_t byte = end == 0 ? 0 : end - 1;
    if (byte < lines[cursor].begin) cursor = 0;
    while (cursor + 1 < lines.size() && lines[cursor + 1].begin <= byte)
      ++cursor;
  }
};

LineScanner::LineScanner(const CompiledRules& rules, const LineSecret& secret)
    : rules_(&rules), known_lines_(secret), last_reports_(rules.program.patterns.size()) {
  lines_.reserve(kLinesAtStart);
}

Result<LineScanner> LineScanner::create(const CompiledRules& rules, const LineSecret& secret) {
  LineScanner scanner(rules, secret);
  for (const auto& group : rules.groups)
    if (Status status = grow_scratch(group.database, scanner.scratch_); !status)
      return tl::unexpected<Error>(status.error());
  return scanner;
}

void LineScanner::scan(std::span<const MatchTask> tasks, std::span<RecordScan> scans) {
  for (size_t i = 0; i < tasks.size(); ++i) {
    scans[i].begin(tasks[i]);
    key_lines(scans[i]);
  }
  for (RecordScan& scan : scans)
    sort_lines(scan);
  for (const ScanGroup& group : rules_->groups) {
    if (group.by_line)
      scan_by_line(group, scans);
    else
      scan_group(group, scans);
  }
}

/// Takes all lines for unknown, each with its key; what is remembered of them is on its way into the cache meanwhile.
void LineScanner::key_lines(RecordScan& scan) const {
  const DecodedRecord& record = *scan.task->record;
  const auto evasive = shows_evasion(record) ? KnownLines::Evasive::kYes : KnownLines::Evasive::kNo;
  for (uint32_t i = 0; i < record.lines.size(); ++i) {
    const Line& line = record.lines[i];
    const SecurityLevel own_level = rules_->known_level(scan.task->policy->level_of(i));
    const SecurityLevel level = rules_->scan_level(own_level);
    scan.sees_more |= level != own_level;
    scan.strictest = std::max(scan.strictest, level);
    GatedLine& keyed = scan.unknown_lines.emplace_back(GatedLine{i, 0, level, {}});
    if (!KnownLines::eligible(line)) continue;
    keyed.key = known_lines_.key_of(level, line.place, record.line_text(line), evasive, line.name_length);
    known_lines_.prefetch(keyed.key);
  }
}

/// Takes the lines out whose hits are known, and says behind which gates the others are to be scanned.
void LineScanner::sort_lines(RecordScan& scan) const {
  const DecodedRecord& record = *scan.task->record;
  const GateMask gates_of_record = shows_evasion(record) ? mask_of(Gate::kEvasion) : GateMask{0};
  size_t unknown = 0;
  for (GatedLine& keyed : scan.unknown_lines) {
    const Line& line = record.lines[keyed.line];
    std::span<const LineHit> hits;
    if (KnownLines::eligible(line) && known_lines_.find(keyed.key, hits)) {
      for (const LineHit& hit : hits)
        scan.known_hits.push_back({keyed.line, hit});
      continue;
    }
    // Looked at by remember(), after the scan.
    if (KnownLines::eligible(line)) known_lines_.prefetch_mark(keyed.key);
    keyed.gates = static_cast<GateMask>(gates_of(record.line_text(line), line.place) | gates_of_record);
    scan.gates = static_cast<GateMask>(scan.gates | keyed.gates);
    scan.unknown_lines[unknown++] = keyed;
  }
  scan.unknown_lines.resize(unknown);
}

void LineScanner::scan_by_line(const ScanGroup& group, std::span<RecordScan> scans) {
  for (RecordScan& scan : scans) {
    if (!concerns(group, scan)) continue;
    const DecodedRecord& record = *scan.task->record;
    for (const auto& unknown : scan.unknown_lines) {
      if (!is_for(group, unknown)) continue;
      const Line& line = record.lines[unknown.line];
      lines_.assign(1, {0, unknown.line, 0});
      const auto text = std::string_view(record.text).substr(line.begin, line.end - line.begin + size_t{1});
      note_end(scan_text(group, text, {&scan, 1}, kReportsMax), scan);
    }
  }
}

/// Small records' lines are scanned together: no part of a pattern can match what separates lines, so that a line shows the same
/// whatever stands around it.
void LineScanner::scan_group(const ScanGroup& group, std::span<RecordScan> scans) {
  together_.clear();
  size_t bytes = 0;
  for (uint32_t i = 0; i < scans.size(); ++i) {
    if (!concerns(group, scans[i])) continue;
    const size_t more = bytes_of(group, scans[i]);
    if (more > kSmallBytesMax) {
      scan_alone(group, scans[i]);
      continue;
    }
    if (bytes + more > kTogetherBytesMax) {
      scan_together(group, scans);
      together_.clear();
      bytes = 0;
    }
    together_.push_back({i, 0});
    bytes += more;
  }
  scan_together(group, scans);
}

void LineScanner::scan_alone(const ScanGroup& group, RecordScan& scan) {
  lines_.clear();
  const size_t bytes = append_lines(group, scan, 0, 0);
  if (lines_.empty()) return;
  const DecodedRecord& record = *scan.task->record;
  const size_t begin = record.lines[lines_.front().line].begin;
  std::string_view text;
  if (record.lines[lines_.back().line].end + size_t{1} - begin == bytes) {
    text = std::string_view(record.text).substr(begin, bytes);
  } else {
    text = copy_lines({&scan, 1}, bytes);
  }
  note_end(scan_text(group, text, {&scan, 1}, kReportsMax), scan);
}

/// The records that together_ names. Where the library ends early or fails, what it said does not count, and each is scanned alone.
void LineScanner::scan_together(const ScanGroup& group, std::span<RecordScan> scans) {
  if (together_.empty()) return;
  if (together_.size() == 1) return scan_alone(group, scans[together_.front().record]);
  lines_.clear();
  size_t bytes = 0;
  for (SmallRecord& small : together_) {
    small.reports_before = scans[small.record].reports.size();
    bytes += append_lines(group, scans[small.record], small.record, bytes);
  }
  if (lines_.empty()) return;
  if (scan_text(group, copy_lines(scans, bytes), scans, kTogetherReportsMax) == HS_SUCCESS) return;
  for (const SmallRecord& small : together_) {
    scans[small.record].reports.resize(small.reports_before);
    scan_alone(group, scans[small.record]);
  }
}

/// Scans the lines that lines_ holds.
int LineScanner::scan_text(const ScanGroup& group, std::string_view text, std::span<RecordScan> scans,
                           uint32_t reports_max) {
  if (++epoch_ == 0) {
    // The stamp wrapped around: old stamps could look new.
    std::fill(last_reports_.begin(), last_reports_.end(), LastReport{});
    epoch_ = 1;
  }
  LibraryCall call{group, scans, lines_, last_reports_, epoch_, reports_max};
  const auto report = [](unsigned id, unsigned long long, unsigned long long to, unsigned, void* context) {
    return static_cast<LibraryCall*>(context)->on_report(id, static_cast<uint32_t>(to)) ? 0 : 1;
  };
  return hs_scan(group.database.get(), text.data(), static_cast<unsigned>(text.size()), 0, scratch_.get(), report,
                 &call);
}

void LineScanner::note_end(int code, RecordScan& scan) {
  scan.capped |= code == HS_SCAN_TERMINATED;
  scan.failed |= code != HS_SUCCESS && code != HS_SCAN_TERMINATED;
}

size_t LineScanner::bytes_of(const ScanGroup& group, const RecordScan& scan) {
  size_t bytes = 0;
  for (const auto& unknown : scan.unknown_lines) {
    if (!is_for(group, unknown)) continue;
    const Line& line = scan.task->record->lines[unknown.line];
    bytes += line.end - line.begin + size_t{1};
  }
  return bytes;
}

/// Adds the record's lines to lines_, from `begin` on; gives their size.
size_t LineScanner::append_lines(const ScanGroup& group, const RecordScan& scan, uint32_t index, size_t begin) {
  size_t bytes = 0;
  for (const auto& unknown : scan.unknown_lines) {
    if (!is_for(group, unknown)) continue;
    const Line& line = scan.task->record->lines[unknown.line];
    lines_.push_back({static_cast<uint32_t>(begin + bytes), unknown.line, index});
    bytes += line.end - line.begin + size_t{1};
  }
  return bytes;
}

/// The text of the lines that lines_ holds, one behind the other.
std::string_view LineScanner::copy_lines(std::span<const RecordScan> scans, size_t bytes) {
  if (joined_.size() < bytes) joined_.resize(bytes + bytes / 2);
  for (const ScanLine& scanned : lines_) {
    const DecodedRecord& record = *scans[scanned.record].task->record;
    const Line& line = record.lines[scanned.line];
    std::memcpy(joined_.data() + scanned.begin, record.text.data() + line.begin, line.end - line.begin + size_t{1});
  }
  return std::string_view(joined_).substr(0, bytes);
}

void LineScanner::remember(const RecordScan& scan, std::span<const RecordHit> confirmed) {
  if (scan.failed || scan.capped || confirmed.size() > kHitsRemembered) return;
  for (const auto& unknown : scan.unknown_lines) {
    if (!KnownLines::eligible(scan.task->record->lines[unknown.line])) continue;
    std::array<LineHit, KnownLines::kHitsMax> hits;
    size_t count = 0;
    for (const auto& found : confirmed) {
      if (found.line != unknown.line) continue;
      if (count < hits.size()) hits[count] = found.hit;
      ++count;
    }
    if (count <= hits.size()) known_lines_.note(unknown.key, {hits.data(), count});
  }
}

}  // namespace weir
