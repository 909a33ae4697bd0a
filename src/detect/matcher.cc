#include "detect/matcher.h"

#include <hs/hs.h>

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "detect/known_lines.h"
#include "detect/rule_set_impl.h"

namespace weir {
namespace {

// The decoder's default cap of lines; more only cost an allocation once.
constexpr size_t kLinesReserved = 512;
constexpr size_t kHitsRemembered = 64;

/// What is known of an atom in the current record; valid while `epoch` is that of the record.
struct AtomState {
  uint32_t epoch = 0;
  uint32_t seen_epoch = 0;  ///< the last line in which the atom was reported, confirmed or not, and the record
  uint32_t seen_line = 0;
  uint32_t line = 0;
  uint32_t end = 0;
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
};

/// A line of the record where it stands in the scanned text.
struct ScanLine {
  uint32_t begin = 0;
  uint32_t line = 0;
};

struct EventState {
  uint32_t epoch = 0;
  bool value = false;
};

}  // namespace

struct Matcher::Impl {
  std::shared_ptr<const RuleSet> rules;
  const RuleProgram* program = nullptr;
  HsScratch hs_scratch;
  EventScratch event_scratch;
  std::vector<AtomState> atoms;
  std::vector<EventState> events;
  std::vector<uint32_t> rule_epochs;
  std::vector<uint32_t> touched;  ///< rules to evaluate for this record
  uint32_t epoch = 0;
  uint32_t reports = 0;  ///< callbacks for this record
  KnownLines known_lines;
  std::vector<RecordHit> line_hits;      ///< every (line, atom) of the scanned lines, once
  std::vector<GatedLine> unknown_lines;  ///< lines that known_lines does not hold
  std::string scan_text;                 ///< the lines to scan, when these are not all
  std::vector<ScanLine> scan_lines;      ///< what is scanned, in order
  const ScanGroup* group = nullptr;      ///< whose patterns are scanned for
  bool capped = false;
  size_t line_cursor = 0;  ///< into scan_lines; reports come in the order of their ends
  const Event* event = nullptr;
  const DecodedRecord* record = nullptr;

  void begin(const Event& new_event, const DecodedRecord& new_record);
  void find_unknown_lines();
  std::string_view join_lines(GateMask gate);
  void remember_lines();
  bool scan();
  bool scan_group(Gate gate);
  bool on_report(uint32_t pattern, uint32_t end);
  ScanLine line_of(uint32_t end);
  bool confirmed(uint32_t pattern, uint32_t line);
  void accept(uint32_t atom, uint32_t line, uint32_t end);
  void touch(uint32_t rule);
  bool evaluate(uint32_t step);
  bool evaluate_event(uint32_t index);
  const AtomState* evidence(uint32_t step, uint32_t& pattern);
  Hit hit_of(uint32_t rule);
  void judge(Detection& out) const;
};

void Matcher::Impl::begin(const Event& new_event, const DecodedRecord& new_record) {
  event = &new_event;
  record = &new_record;
  capped = false;
  touched.clear();
  if (++epoch != 0) return;
  // The stamp wrapped around: old stamps could look new.
  std::fill(atoms.begin(), atoms.end(), AtomState{});
  std::fill(events.begin(), events.end(), EventState{});
  std::fill(rule_epochs.begin(), rule_epochs.end(), 0U);
  epoch = 1;
}

/// Sorts the lines into those whose hits are known, which count at once, and those to scan.
void Matcher::Impl::find_unknown_lines() {
  const auto& lines = record->lines;
  unknown_lines.clear();
  line_hits.clear();
  for (uint32_t i = 0; i < lines.size(); ++i) {
    const std::string_view text = record->line_text(lines[i]);
    std::span<const LineHit> hits;
    if (!KnownLines::eligible(lines[i]) || !known_lines.find(lines[i].place, text, hits))
      unknown_lines.push_back({i, gates_of(text)});
    for (const LineHit& hit : hits)
      accept(hit.atom, i, lines[i].begin + hit.end);
  }
}

/// Fills scan_lines and gives the text to scan: the record's own when it is all of it.
std::string_view Matcher::Impl::join_lines(GateMask gate) {
  const auto& lines = record->lines;
  scan_lines.clear();
  for (const auto& unknown : unknown_lines)
    if ((unknown.gates & gate) != 0) scan_lines.push_back({lines[unknown.line].begin, unknown.line});
  if (scan_lines.size() == lines.size()) return record->text;
  scan_text.clear();
  for (auto& scanned : scan_lines) {
    const Line& line = lines[scanned.line];
    scanned.begin = static_cast<uint32_t>(scan_text.size());
    scan_text.append(record->text, line.begin, line.end - line.begin + size_t{1});
  }
  return scan_text;
}

void Matcher::Impl::remember_lines() {
  if (line_hits.size() > kHitsRemembered)
    return;  // an attack; its lines will not come again often, and this loop is short
  for (const auto& unknown : unknown_lines) {
    const Line& line = record->lines[unknown.line];
    if (!KnownLines::eligible(line)) continue;
    std::array<LineHit, KnownLines::kHitsMax> hits;
    size_t count = 0;
    for (const auto& found : line_hits) {
      if (found.line != unknown.line) continue;
      if (count < hits.size()) hits[count] = found.hit;
      ++count;
    }
    if (count <= hits.size()) known_lines.note(line.place, record->line_text(line), {hits.data(), count});
  }
}

/// The line that holds the byte before `end`. Ends ascend, so it is nearly always the last one or a later one.
ScanLine Matcher::Impl::line_of(uint32_t end) {
  const uint32_t byte = end == 0 ? 0 : end - 1;
  if (byte < scan_lines[line_cursor].begin) line_cursor = 0;
  while (line_cursor + 1 < scan_lines.size() && scan_lines[line_cursor + 1].begin <= byte)
    ++line_cursor;
  return scan_lines[line_cursor];
}

bool Matcher::Impl::confirmed(uint32_t pattern, uint32_t line) {
  if (!program->patterns[pattern].prefilter) return true;
  return program->spans[pattern]->find(record->line_text(record->lines[line]), event_scratch.pcre).outcome !=
         Pcre::Outcome::kNoMatch;
}

/// The atom holds for this record; the first line with a match is kept.
void Matcher::Impl::accept(uint32_t atom, uint32_t line, uint32_t end) {
  AtomState& state = atoms[atom];
  if (state.epoch == epoch && state.line <= line) return;
  const bool first = state.epoch != epoch;
  state.epoch = epoch;
  state.line = line;
  state.end = end;
  if (!first) return;
  const Atom& definition = program->atoms[atom];
  for (uint32_t i = 0; i < definition.rule_count; ++i)
    touch(program->atom_rules[definition.first_rule + i]);
}

void Matcher::Impl::touch(uint32_t rule) {
  if (rule_epochs[rule] == epoch) return;
  rule_epochs[rule] = epoch;
  touched.push_back(rule);
}

/// True to go on, false to end the scan.
bool Matcher::Impl::on_report(uint32_t pattern, uint32_t end) {
  if (++reports > Matcher::kReportsMax) return false;
  const ScanLine scanned = line_of(end);
  const Line& line = record->lines[scanned.line];
  const uint32_t last = program->pattern_first_atom[pattern + 1];
  for (uint32_t i = program->pattern_first_atom[pattern]; i < last; ++i) {
    const uint32_t atom = program->pattern_atoms[i];
    if ((mask_of(line.place) & program->atoms[atom].places) == 0) continue;
    AtomState& state = atoms[atom];
    if (state.seen_epoch == epoch && state.seen_line == scanned.line) continue;
    state.seen_epoch = epoch;
    state.seen_line = scanned.line;
    if (!confirmed(pattern, scanned.line)) continue;
    const uint32_t end_in_line = end - scanned.begin;
    line_hits.push_back({scanned.line, {atom, end_in_line}});
    accept(atom, scanned.line, line.begin + end_in_line);
  }
  return true;
}

/// False when the library failed.
bool Matcher::Impl::scan() {
  if (record->lines.empty()) return true;
  find_unknown_lines();
  bool good = true;
  for (size_t gate = 0; gate < kGates; ++gate)
    good &= scan_group(static_cast<Gate>(gate));
  if (good && !capped) remember_lines();
  return good;
}

bool Matcher::Impl::scan_group(Gate gate) {
  group = &rules->impl().groups[static_cast<size_t>(gate)];
  if (!group->database) return true;
  const std::string_view text = join_lines(mask_of(gate));
  if (text.empty()) return true;
  reports = 0;
  line_cursor = 0;
  const auto report = [](unsigned id, unsigned long long, unsigned long long to, unsigned, void* context) {
    auto* impl = static_cast<Impl*>(context);
    return impl->on_report(impl->group->patterns[id], static_cast<uint32_t>(to)) ? 0 : 1;
  };
  const hs_error_t code = hs_scan(group->database.get(), text.data(), static_cast<unsigned>(text.size()), 0,
                                  hs_scratch.get(), report, this);
  capped |= code == HS_SCAN_TERMINATED;
  return code == HS_SUCCESS || code == HS_SCAN_TERMINATED;
}

bool Matcher::Impl::evaluate_event(uint32_t index) {
  EventState& state = events[index];
  if (state.epoch != epoch) state = {epoch, holds(program->event_atoms[index], *event, *record, event_scratch)};
  return state.value;
}

bool Matcher::Impl::evaluate(uint32_t index) {
  const ConditionStep& step = program->steps[index];
  const uint32_t* child = program->children.data() + step.first_child;
  const uint32_t* end = child + step.child_count;
  switch (step.kind) {
    case ConditionStep::Kind::kAtom:
      return atoms[step.index].epoch == epoch;
    case ConditionStep::Kind::kEvent:
      return evaluate_event(step.index);
    case ConditionStep::Kind::kAnd:
      return std::all_of(child, end, [&](uint32_t c) { return evaluate(c); });
    case ConditionStep::Kind::kOr:
      return std::any_of(child, end, [&](uint32_t c) { return evaluate(c); });
    case ConditionStep::Kind::kNot:
      return !evaluate(*child);
    case ConditionStep::Kind::kAtLeast:
      return static_cast<uint32_t>(std::count_if(child, end, [&](uint32_t c) { return evaluate(c); })) >= step.index;
    case ConditionStep::Kind::kTrue:
      return true;
    case ConditionStep::Kind::kFalse:
      return false;
  }
  return false;
}

/// The first atom, in the order of the condition, that made it hold; null when facts of the event did.
const AtomState* Matcher::Impl::evidence(uint32_t index, uint32_t& pattern) {
  const ConditionStep& step = program->steps[index];
  if (step.kind == ConditionStep::Kind::kAtom) {
    if (atoms[step.index].epoch != epoch) return nullptr;
    pattern = program->atoms[step.index].pattern;
    return &atoms[step.index];
  }
  if (step.kind == ConditionStep::Kind::kNot) return nullptr;
  for (uint32_t i = 0; i < step.child_count; ++i) {
    const uint32_t child = program->children[step.first_child + i];
    if (!evaluate(child)) continue;
    if (const AtomState* found = evidence(child, pattern)) return found;
  }
  return nullptr;
}

Hit Matcher::Impl::hit_of(uint32_t rule) {
  Hit hit;
  hit.rule = rule;
  uint32_t pattern = 0;
  const AtomState* found = evidence(program->rule_root[rule], pattern);
  if (found == nullptr) return hit;
  hit.line = found->line;
  hit.match_begin = hit.match_end = found->end;
  const Line& line = record->lines[found->line];
  if (const auto& span = program->spans[pattern]) {
    const auto match = span->find(record->line_text(line), event_scratch.pcre);
    if (match.outcome != Pcre::Outcome::kMatch) return hit;
    hit.match_begin = line.begin + match.begin;
    hit.match_end = line.begin + match.end;
  } else if (const uint32_t width = program->patterns[pattern].max_width; width <= found->end - line.begin) {
    hit.match_begin = found->end - width;
  }
  return hit;
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

Matcher::Matcher() : impl_(std::make_unique<Impl>()) {}
Matcher::~Matcher() = default;
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;

Status Matcher::use(std::shared_ptr<const RuleSet> rules) {
  WEIR_ASSERT(rules != nullptr, "a matcher needs a rule set");
  for (const auto& group : rules->impl().groups)
    if (group.database)
      if (Status status = grow_scratch(group.database, impl_->hs_scratch); !status) return status;
  const RuleProgram& program = rules->impl().program;
  impl_->program = &program;
  impl_->atoms.assign(program.atoms.size(), {});
  impl_->events.assign(program.event_atoms.size(), {});
  impl_->rule_epochs.assign(program.rule_root.size(), 0);
  impl_->line_hits.reserve(kLinesReserved);
  impl_->scan_lines.reserve(kLinesReserved);
  impl_->unknown_lines.reserve(kLinesReserved);
  impl_->touched.reserve(program.rule_root.size());
  impl_->known_lines.clear();
  impl_->epoch = 0;
  impl_->rules = std::move(rules);
  return {};
}

const RuleSet& Matcher::rules() const {
  WEIR_ASSERT(impl_->rules != nullptr, "use() comes before rules()");
  return *impl_->rules;
}

void Matcher::match(const Event& event, const DecodedRecord& record, Detection& out) {
  WEIR_ASSERT(impl_->rules != nullptr, "use() comes before match()");
  out.clear();
  impl_->begin(event, record);
  out.scan_failed = !impl_->scan();
  out.capped = impl_->capped;
  for (const uint32_t rule : impl_->program->always_rules)
    impl_->touch(rule);
  std::sort(impl_->touched.begin(), impl_->touched.end());
  for (const uint32_t rule : impl_->touched)
    if (impl_->evaluate(impl_->program->rule_root[rule])) out.hits.push_back(impl_->hit_of(rule));
  impl_->judge(out);
}

}  // namespace weir
