#include "detect/match/line_scanner.h"

#include <hs/hs.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace weir {
namespace {

// The decoder's default cap of lines; more only cost an allocation once.
constexpr size_t kLinesReserved = 512;
/// A record with more hits is an attack: its lines will not come again often, and looking through its hits is kept short.
constexpr size_t kHitsRemembered = 64;

bool is_for(const ScanGroup& group, const GatedLine& line) {
  return (line.gates & mask_of(group.gate)) != 0 && line.level >= group.level;
}

}  // namespace

/// One call of the matching library, as its reports come in.
struct LineScanner::LibraryCall {
  const ScanGroup& group;
  std::span<const ScanLine> lines;
  std::span<LastReport> last_reports;
  std::vector<Report>& reports;
  uint32_t epoch;
  size_t line_cursor = 0;  ///< into lines; reports come in the order of their ends
  uint32_t report_count = 0;

  /// True to go on, false to end the scan.
  bool on_report(uint32_t id, uint32_t end) {
    if (++report_count > kReportsMax) return false;
    const uint32_t pattern = group.patterns[id];
    const ScanLine scanned = line_of(end);
    LastReport& seen = last_reports[pattern];
    if (seen.epoch == epoch && seen.line == scanned.line) return true;
    seen = {epoch, scanned.line};
    reports.push_back({pattern, scanned.line, end - scanned.begin});
    return true;
  }

  /// The line that holds the byte before `end`. Ends ascend, so it is nearly always the last one or a later one.
  ScanLine line_of(uint32_t end) {
    const uint32_t byte = end == 0 ? 0 : end - 1;
    if (byte < lines[line_cursor].begin) line_cursor = 0;
    while (line_cursor + 1 < lines.size() && lines[line_cursor + 1].begin <= byte)
      ++line_cursor;
    return lines[line_cursor];
  }
};

LineScanner::LineScanner(const CompiledRules& rules, const LineSecret& secret)
    : rules_(&rules), known_lines_(secret), last_reports_(rules.program.patterns.size()) {
  lines_.reserve(kLinesReserved);
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
  for (const ScanGroup& group : rules_->groups)
    for (RecordScan& scan : scans)
      if (scan.strictest >= group.level && (scan.gates & mask_of(group.gate)) != 0) scan_record(group, scan);
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

void LineScanner::scan_record(const ScanGroup& group, RecordScan& scan) {
  if (!group.by_line) return scan_text(group, join_lines(group, scan), scan);
  const DecodedRecord& record = *scan.task->record;
  for (const auto& unknown : scan.unknown_lines) {
    if (!is_for(group, unknown)) continue;
    const Line& line = record.lines[unknown.line];
    lines_.assign(1, {0, unknown.line});
    scan_text(group, std::string_view(record.text).substr(line.begin, line.end - line.begin + size_t{1}), scan);
  }
}

/// Scans the lines that lines_ holds.
void LineScanner::scan_text(const ScanGroup& group, std::string_view text, RecordScan& scan) {
  if (text.empty()) return;
  if (++epoch_ == 0) {
    // The stamp wrapped around: old stamps could look new.
    std::fill(last_reports_.begin(), last_reports_.end(), LastReport{});
    epoch_ = 1;
  }
  LibraryCall call{group, lines_, last_reports_, scan.reports, epoch_};
  const auto report = [](unsigned id, unsigned long long, unsigned long long to, unsigned, void* context) {
    return static_cast<LibraryCall*>(context)->on_report(id, static_cast<uint32_t>(to)) ? 0 : 1;
  };
  const hs_error_t code =
      hs_scan(group.database.get(), text.data(), static_cast<unsigned>(text.size()), 0, scratch_.get(), report, &call);
  scan.capped |= code == HS_SCAN_TERMINATED;
  scan.failed |= code != HS_SUCCESS && code != HS_SCAN_TERMINATED;
}

/// Fills lines_ and gives the text to scan: a piece of the record's own where the lines follow each other in it.
std::string_view LineScanner::join_lines(const ScanGroup& group, const RecordScan& scan) {
  const DecodedRecord& record = *scan.task->record;
  lines_.clear();
  size_t bytes = 0;
  for (const auto& unknown : scan.unknown_lines) {
    if (!is_for(group, unknown)) continue;
    const Line& line = record.lines[unknown.line];
    lines_.push_back({static_cast<uint32_t>(bytes), unknown.line});
    bytes += line.end - line.begin + size_t{1};
  }
  if (lines_.empty()) return {};
  const size_t begin = record.lines[lines_.front().line].begin;
  if (record.lines[lines_.back().line].end + size_t{1} - begin == bytes)
    return std::string_view(record.text).substr(begin, bytes);
  if (joined_.size() < bytes) joined_.resize(bytes + bytes / 2);
  for (const auto& scanned : lines_) {
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
