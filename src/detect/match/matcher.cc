#include "detect/match/matcher.h"

#include <hs/hs.h>

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "detect/confirm/script_tokenizer.h"
#include "detect/confirm/sql_tokenizer.h"
#include "detect/match/always_rules.h"
#include "detect/match/known_lines.h"
#include "detect/match/rule_evaluator.h"
#include "detect/rule_set_impl.h"

namespace weir {
namespace {

// The decoder's default cap of lines; more only cost an allocation once.
constexpr size_t kLinesReserved = 512;
constexpr size_t kHitsRemembered = 64;

/// The last line in which a pattern was reported; valid while `epoch` is that of the scan.
struct LastReport {
  uint32_t epoch = 0;
  uint32_t line = 0;
};

/// A pattern that matched in a line of the record, for the first time.
struct Report {
  uint32_t pattern = 0;
  uint32_t line = 0;
  uint32_t end = 0;  ///< offset into the line
};

/// An atom that matched in a line of the record.
struct RecordHit {
  uint32_t line = 0;
  LineHit hit;
};

/// A line of the record that is to be scanned, and by which patterns.
struct GatedLine {
  uint32_t line = 0;
  GateMask gates = 0;
  SecurityLevel level = SecurityLevel::kStandard;
  LineKey key;  ///< of a line that may be remembered
};

/// A line of the record where it stands in the scanned text.
struct ScanLine {
  uint32_t begin = 0;
  uint32_t line = 0;
};

/// What the tokenizers said of a line; valid while `epoch` is that of the record.
struct TokenVerdict {
  uint32_t epoch = 0;
  bool sql_known = false, sql = false;
  bool script_known = false, script = false;
};

/// What is known of one record of a batch between the phases.
struct RecordScan {
  const MatchTask* task = nullptr;
  std::vector<RecordHit> known_hits;     ///< of lines whose hits are known
  std::vector<GatedLine> unknown_lines;  ///< the others
  std::vector<Report> reports;           ///< of the others, group by group
  SecurityLevels levels = 0;             ///< of the lines
  GateMask gates = 0;                    ///< that some unknown line passes
  bool capped = false;
  bool failed = false;

  void begin(const MatchTask& new_task) {
    task = &new_task;
    known_hits.clear();
    unknown_lines.clear();
    reports.clear();
    levels = 0;
    gates = 0;
    capped = failed = false;
  }
};

}  // namespace

/// Works in phases over a batch. Scanning goes group by group, each over all records: a pattern database then stays in the
/// processor's cache, which halves the time of a scan. The last phase decides record by record.
struct Matcher::Impl {
  explicit Impl(const LineSecret& secret) : known_lines(secret) {}

  std::shared_ptr<const RuleSet> rules;
  const RuleProgram* program = nullptr;
  HsScratch hs_scratch;
  KnownLines known_lines;
  bool learns_lines = true;
  size_t located_above = 0;
  std::vector<RecordScan> scans;  ///< by task; may be more

  // While one group is scanned for in one record:
  RecordScan* scan = nullptr;
  const ScanGroup* group = nullptr;
  std::string scan_text;                 ///< the lines to scan, when these are not all
  std::vector<ScanLine> scan_lines;      ///< what is scanned, in order
  size_t line_cursor = 0;                ///< into scan_lines; reports come in the order of their ends
  std::vector<LastReport> last_reports;  ///< by pattern
  uint32_t scan_epoch = 0;
  uint32_t report_count = 0;  ///< callbacks for this scan

  // While one record is decided:
  const DecodedRecord* record = nullptr;
  const MatchPolicy* policy = nullptr;
  RuleEvaluator evaluator;
  AlwaysRules always_rules;
  AtomHits atoms;    ///< of the record
  AtomHits visible;  ///< of the lines that one rule may see
  std::vector<RecordHit>
      line_hits;  ///< every (line, atom), once; of known lines only if the policy distinguishes lines
  std::vector<TokenVerdict> token_verdicts;  ///< by line
  std::vector<uint32_t> rule_epochs;
  std::vector<uint32_t> touched;  ///< rules to evaluate for this record
  uint32_t epoch = 0;

  [[nodiscard]] SecurityLevel compiled(SecurityLevel level) const;
  [[nodiscard]] SecurityLevel level_of(const MatchPolicy& of, uint32_t line) const;
  /// Do rules see different lines? Else the whole record's hits decide.
  [[nodiscard]] bool distinguishes_lines() const { return !policy->line_levels.empty() || !policy->exclusions.empty(); }

  void sort_lines(RecordScan& one);
  void scan_group(std::span<RecordScan> records, SecurityLevel level, Gate gate);
  void scan_record(RecordScan& one, SecurityLevel level, Gate gate);
  void scan_text_of(std::string_view text);
  std::string_view join_lines(SecurityLevel level, GateMask gate);
  bool on_report(uint32_t pattern, uint32_t end);
  ScanLine line_of(uint32_t end);

  void finish(const RecordScan& one);
  void begin(const MatchTask& task);
  void take(const Report& report);
  bool confirmed(Confirmation by, uint32_t line);
  void accept(const RecordHit& hit);
  void touch(uint32_t rule);
  void touch_always_rules(const Event& event);
  void remember_lines(const RecordScan& one);
  /// Rules without weight (bots, say) hit often and need no evidence.
  Hit hit_of(uint32_t rule, const AtomHits& hits) {
    return evaluator.hit_of(rule, hits, rules->rules()[rule].weight > 0 ? located_above : RuleEvaluator::kNowhere);
  }
  void decide(Detection& out);
  void decide_by_lines(uint32_t rule, Detection& out);
  [[nodiscard]] const RuleExclusion* exclusion_of(uint32_t rule, uint32_t line) const;
  [[nodiscard]] bool may_see(uint32_t rule, uint32_t line) const;
  void judge(Detection& out) const;
};

SecurityLevel Matcher::Impl::compiled(SecurityLevel level) const {
  return (rules->impl().levels & mask_of(level)) != 0 ? level : rules->options().security_level;
}

SecurityLevel Matcher::Impl::level_of(const MatchPolicy& of, uint32_t line) const {
  return compiled(line < of.line_levels.size() ? of.line_levels[line] : of.level);
}

/// Sorts the lines into those whose hits are known and those to scan.
void Matcher::Impl::sort_lines(RecordScan& one) {
  const DecodedRecord& of = *one.task->record;
  const bool evasive = (of.evasions & rules->impl().evasions) != 0;
  const GateMask gates_of_record = evasive ? mask_of(Gate::kEvasion) : GateMask{0};
  for (uint32_t i = 0; i < of.lines.size(); ++i) {
    const Line& line = of.lines[i];
    const std::string_view text = of.line_text(line);
    const SecurityLevel level = level_of(*one.task->policy, i);
    one.levels |= mask_of(level);
    std::span<const LineHit> hits;
    LineKey key;
    const bool eligible = KnownLines::eligible(line);
    if (eligible) key = known_lines.key_of(level, line.place, text, evasive);
    if (!eligible || !known_lines.find(key, hits)) {
      const auto gates = static_cast<GateMask>(gates_of(text, line.place) | gates_of_record);
      one.unknown_lines.push_back({i, gates, level, key});
      one.gates = static_cast<GateMask>(one.gates | gates);
    }
    for (const LineHit& hit : hits)
      one.known_hits.push_back({i, hit});
  }
}

void Matcher::Impl::scan_group(std::span<RecordScan> records, SecurityLevel level, Gate gate) {
  const uint32_t index = rules->impl().group_of[static_cast<size_t>(level)][static_cast<size_t>(gate)];
  if (index == RuleSet::Impl::kNoGroup) return;
  group = &rules->impl().groups[index];
  for (auto& one : records)
    if ((one.levels & mask_of(level)) != 0 && (one.gates & mask_of(gate)) != 0) scan_record(one, level, gate);
}

void Matcher::Impl::scan_record(RecordScan& one, SecurityLevel level, Gate gate) {
  scan = &one;
  if (!group->by_line) return scan_text_of(join_lines(level, mask_of(gate)));
  const DecodedRecord& of = *one.task->record;
  for (const auto& unknown : one.unknown_lines) {
    if ((unknown.gates & mask_of(gate)) == 0 || unknown.level != level) continue;
    const Line& line = of.lines[unknown.line];
    scan_lines.assign(1, {0, unknown.line});
    scan_text_of(std::string_view(of.text).substr(line.begin, line.end - line.begin + size_t{1}));
  }
}

/// Scans the lines that scan_lines holds.
void Matcher::Impl::scan_text_of(std::string_view text) {
  if (text.empty()) return;
  report_count = 0;
  line_cursor = 0;
  if (++scan_epoch == 0) {
    // The stamp wrapped around: old stamps could look new.
    std::fill(last_reports.begin(), last_reports.end(), LastReport{});
    scan_epoch = 1;
  }
  const auto report = [](unsigned id, unsigned long long, unsigned long long to, unsigned, void* context) {
    auto* impl = static_cast<Impl*>(context);
    return impl->on_report(impl->group->patterns[id], static_cast<uint32_t>(to)) ? 0 : 1;
  };
  const hs_error_t code = hs_scan(group->database.get(), text.data(), static_cast<unsigned>(text.size()), 0,
                                  hs_scratch.get(), report, this);
  scan->capped |= code == HS_SCAN_TERMINATED;
  scan->failed |= code != HS_SUCCESS && code != HS_SCAN_TERMINATED;
}

/// Fills scan_lines and gives the text to scan: the record's own when it is all of it.
std::string_view Matcher::Impl::join_lines(SecurityLevel level, GateMask gate) {
  const DecodedRecord& of = *scan->task->record;
  scan_lines.clear();
  for (const auto& unknown : scan->unknown_lines)
    if ((unknown.gates & gate) != 0 && unknown.level == level)
      scan_lines.push_back({of.lines[unknown.line].begin, unknown.line});
  if (scan_lines.size() == of.lines.size()) return of.text;
  scan_text.clear();
  for (auto& scanned : scan_lines) {
    const Line& line = of.lines[scanned.line];
    scanned.begin = static_cast<uint32_t>(scan_text.size());
    scan_text.append(of.text, line.begin, line.end - line.begin + size_t{1});
  }
  return scan_text;
}

/// True to go on, false to end the scan.
bool Matcher::Impl::on_report(uint32_t pattern, uint32_t end) {
  if (++report_count > Matcher::kReportsMax) return false;
  const ScanLine scanned = line_of(end);
  LastReport& seen = last_reports[pattern];
  if (seen.epoch == scan_epoch && seen.line == scanned.line) return true;
  seen = {scan_epoch, scanned.line};
  scan->reports.push_back({pattern, scanned.line, end - scanned.begin});
  return true;
}

/// The line that holds the byte before `end`. Ends ascend, so it is nearly always the last one or a later one.
ScanLine Matcher::Impl::line_of(uint32_t end) {
  const uint32_t byte = end == 0 ? 0 : end - 1;
  if (byte < scan_lines[line_cursor].begin) line_cursor = 0;
  while (line_cursor + 1 < scan_lines.size() && scan_lines[line_cursor + 1].begin <= byte)
    ++line_cursor;
  return scan_lines[line_cursor];
}

void Matcher::Impl::finish(const RecordScan& one) {
  const MatchTask& task = *one.task;
  Detection& out = *task.out;
  out.clear();
  begin(task);
  out.scan_failed = one.failed;
  out.capped = one.capped;
  for (const RecordHit& hit : one.known_hits) {
    if (distinguishes_lines()) line_hits.push_back(hit);
    accept(hit);
  }
  for (const Report& report : one.reports)
    take(report);
  if (learns_lines && !one.failed && !one.capped) remember_lines(one);
  touch_always_rules(*task.event);
  decide(out);
  judge(out);
}

void Matcher::Impl::begin(const MatchTask& task) {
  record = task.record;
  policy = task.policy;
  touched.clear();
  line_hits.clear();
  atoms.clear();
  evaluator.begin(*task.event, *record);
  if (++epoch != 0) return;
  // The stamp wrapped around: old stamps could look new.
  std::fill(token_verdicts.begin(), token_verdicts.end(), TokenVerdict{});
  std::fill(rule_epochs.begin(), rule_epochs.end(), 0U);
  epoch = 1;
}

/// Confirms what the scan reported.
void Matcher::Impl::take(const Report& report) {
  const Line& line = record->lines[report.line];
  const uint32_t last = program->pattern_first_atom[report.pattern + 1];
  for (uint32_t i = program->pattern_first_atom[report.pattern]; i < last; ++i) {
    const uint32_t atom = program->pattern_atoms[i];
    if ((mask_of(line.place) & program->atoms[atom].places) == 0) continue;
    if (!evaluator.confirmed(report.pattern, record->line_text(line))) continue;
    if (!confirmed(program->atoms[atom].confirmation, report.line)) continue;
    const RecordHit hit{report.line, {atom, report.end}};
    line_hits.push_back(hit);
    accept(hit);
  }
}

void Matcher::Impl::remember_lines(const RecordScan& one) {
  if (line_hits.size() > kHitsRemembered)
    return;  // an attack; its lines will not come again often, and this loop is short
  for (const auto& unknown : one.unknown_lines) {
    const Line& line = record->lines[unknown.line];
    if (!KnownLines::eligible(line)) continue;
    std::array<LineHit, KnownLines::kHitsMax> hits;
    size_t count = 0;
    for (const auto& found : line_hits) {
      if (found.line != unknown.line) continue;
      if (count < hits.size()) hits[count] = found.hit;
      ++count;
    }
    if (count <= hits.size()) known_lines.note(unknown.key, {hits.data(), count});
  }
}

/// Does the tokenizer agree? It reads a line at most once.
bool Matcher::Impl::confirmed(Confirmation by, uint32_t line) {
  if (by == Confirmation::kNone) return true;
  if (line >= token_verdicts.size()) token_verdicts.resize(record->lines.size());
  TokenVerdict& verdict = token_verdicts[line];
  if (verdict.epoch != epoch) verdict = {epoch};
  const std::string_view value = record->value_of(record->lines[line]);
  if (by == Confirmation::kSql) {
    if (!verdict.sql_known) verdict.sql = is_sql_injection(value);
    verdict.sql_known = true;
    return verdict.sql;
  }
  if (!verdict.script_known) verdict.script = is_script_injection(value);
  verdict.script_known = true;
  return verdict.script;
}

/// The atom holds for this record.
void Matcher::Impl::accept(const RecordHit& hit) {
  if (!atoms.add(hit.hit.atom, {hit.line, record->lines[hit.line].begin + hit.hit.end})) return;
  const Atom& definition = program->atoms[hit.hit.atom];
  for (uint32_t i = 0; i < definition.rule_count; ++i)
    touch(program->atom_rules[definition.first_rule + i]);
}

void Matcher::Impl::touch(uint32_t rule) {
  if (rule_epochs[rule] == epoch) return;
  rule_epochs[rule] = epoch;
  touched.push_back(rule);
}

void Matcher::Impl::touch_always_rules(const Event& event) {
  const SecurityLevel level = compiled(policy->level);
  for (const uint32_t rule : always_rules.candidates(event, *record))
    if (rules->impl().rule_levels[rule] <= level) touch(rule);
}

void Matcher::Impl::decide(Detection& out) {
  std::sort(touched.begin(), touched.end());
  const bool by_lines = distinguishes_lines();
  // A pattern of a rule that runs may belong to a stricter rule too.
  const SecurityLevel level = compiled(policy->level);
  for (const uint32_t rule : touched) {
    if (!by_lines && rules->impl().rule_levels[rule] > level) continue;
    if (!evaluator.holds(rule, atoms)) continue;
    if (by_lines)
      decide_by_lines(rule, out);
    else
      out.hits.push_back(hit_of(rule, atoms));
  }
}

/// The first exclusion that keeps the rule from seeing the line; a line of kWholeRecord asks for those of the whole record.
const RuleExclusion* Matcher::Impl::exclusion_of(uint32_t rule, uint32_t line) const {
  for (const auto& exclusion : policy->exclusions) {
    if (exclusion.rule != rule && exclusion.rule != RuleExclusion::kEveryRule) continue;
    if (exclusion.line == line || exclusion.line == RuleExclusion::kWholeRecord) return &exclusion;
  }
  return nullptr;
}

bool Matcher::Impl::may_see(uint32_t rule, uint32_t line) const {
  return rules->impl().rule_levels[rule] <= level_of(*policy, line) && exclusion_of(rule, line) == nullptr;
}

/// A rule that holds for the record as a whole: does it hold for what it may see? Both must be, so that hiding the line of a
/// "not" makes no hit.
void Matcher::Impl::decide_by_lines(uint32_t rule, Detection& out) {
  static_assert(Hit::kNoLine == RuleExclusion::kWholeRecord);
  const Hit whole = hit_of(rule, atoms);
  const RuleExclusion* exclusion = exclusion_of(rule, whole.line);
  if (exclusion != nullptr)
    out.excluded.push_back({whole, static_cast<uint32_t>(exclusion - policy->exclusions.data())});
  if (exclusion_of(rule, RuleExclusion::kWholeRecord) != nullptr) return;
  visible.clear();
  for (const auto& found : line_hits)
    if (may_see(rule, found.line))
      visible.add(found.hit.atom, {found.line, record->lines[found.line].begin + found.hit.end});
  if (evaluator.holds(rule, visible)) out.hits.push_back(hit_of(rule, visible));
}

void Matcher::Impl::judge(Detection& out) const {
  std::array<int, static_cast<size_t>(Category::kCount)> scores{};
  for (const auto& hit : out.hits) {
    const RuleInfo& rule = rules->rules()[hit.rule];
    int& score = scores[static_cast<size_t>(rule.category)];
    score = std::min(score + rule.weight, Matcher::kCategoryScoreMax);
    // A rule without weight informs (a bot, say); it does not accuse.
    if (rule.weight > 0) out.categories = static_cast<CategoryMask>(out.categories | mask_of(rule.category));
  }
  for (const int score : scores)
    out.score += score;
  out.malicious = out.score >= rules->options().threshold && !out.hits.empty();
}

Matcher::Matcher(const LineSecret& secret) : impl_(std::make_unique<Impl>(secret)) {}
Matcher::~Matcher() = default;
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;

Status Matcher::use(std::shared_ptr<const RuleSet> rules) {
  WEIR_ASSERT(rules != nullptr, "a matcher needs a rule set");
  for (const auto& group : rules->impl().groups)
    if (Status status = grow_scratch(group.database, impl_->hs_scratch); !status) return status;
  const RuleProgram& program = rules->impl().program;
  impl_->program = &program;
  impl_->evaluator.use(program);
  impl_->always_rules.use(program);
  impl_->atoms.use(program);
  impl_->visible.use(program);
  impl_->last_reports.assign(program.patterns.size(), {});
  impl_->token_verdicts.assign(kLinesReserved, {});
  impl_->rule_epochs.assign(program.rule_root.size(), 0);
  impl_->line_hits.reserve(kLinesReserved);
  impl_->scan_lines.reserve(kLinesReserved);
  impl_->touched.reserve(program.rule_root.size());
  impl_->known_lines.clear();
  impl_->epoch = impl_->scan_epoch = 0;
  impl_->rules = std::move(rules);
  return {};
}

const RuleSet& Matcher::rules() const {
  WEIR_ASSERT(impl_->rules != nullptr, "use() comes before rules()");
  return *impl_->rules;
}

void Matcher::match(std::span<const MatchTask> tasks) {
  WEIR_ASSERT(impl_->rules != nullptr, "use() comes before match()");
  auto& scans = impl_->scans;
  if (scans.size() < tasks.size()) scans.resize(tasks.size());
  const auto records = std::span(scans).first(tasks.size());
  SecurityLevels levels = 0;
  for (size_t i = 0; i < tasks.size(); ++i) {
    const MatchTask& task = tasks[i];
    WEIR_ASSERT(task.policy->line_levels.empty() || task.policy->line_levels.size() == task.record->lines.size(),
                "a level for each line or for none");
    records[i].begin(task);
    impl_->sort_lines(records[i]);
    levels |= records[i].levels;
  }
  for (size_t level = 0; level < kSecurityLevels; ++level) {
    if ((levels & mask_of(static_cast<SecurityLevel>(level))) == 0) continue;
    for (size_t gate = 0; gate < kGates; ++gate)
      impl_->scan_group(records, static_cast<SecurityLevel>(level), static_cast<Gate>(gate));
  }
  for (const auto& one : records)
    impl_->finish(one);
}

void Matcher::match(const Event& event, const DecodedRecord& record, const MatchPolicy& policy, Detection& out) {
  const MatchTask task{&event, &record, &policy, &out};
  match(std::span(&task, 1));
}

void Matcher::match(const Event& event, const DecodedRecord& record, Detection& out) {
  match(event, record, own_level(), out);
}

void Matcher::learn_lines(bool learn) {
  impl_->learns_lines = learn;
}

void Matcher::locate_matches_in_parameters_above(size_t bytes) {
  impl_->located_above = bytes;
}

MatchPolicy Matcher::own_level() const {
  MatchPolicy policy;
  policy.level = rules().options().security_level;
  return policy;
}

}  // namespace weir
