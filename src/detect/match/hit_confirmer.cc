#include "detect/match/hit_confirmer.h"

#include <algorithm>

#include "detect/confirm/script_tokenizer.h"
#include "detect/confirm/sql_tokenizer.h"

namespace weir {
namespace {

// The decoder's default cap of lines; more only cost an allocation once.
constexpr size_t kVerdictsAtStart = 512;

}  // namespace

HitConfirmer::HitConfirmer(const RuleProgram& program) : program_(&program), token_verdicts_(kVerdictsAtStart) {}

void HitConfirmer::confirm(const DecodedRecord& record, std::span<const Report> reports,
                           std::vector<RecordHit>& confirmed) {
  confirmed.clear();
  begin_record(record);
  for (const Report& report : reports) {
    const Line& line = record.lines[report.line];
    if (has(line.steps, DecodeStep::kLineBreaks) && !program_->patterns[report.pattern].line_breaks) continue;
    const uint32_t last = program_->pattern_first_atom[report.pattern + 1];
    for (uint32_t i = program_->pattern_first_atom[report.pattern]; i < last; ++i) {
      const uint32_t atom = program_->pattern_atoms[i];
      if ((mask_of(line.place) & program_->atoms[atom].places) == 0) continue;
      if (!expression_matches(report.pattern, record.line_text(line))) continue;
      if (!tokenizer_agrees(program_->atoms[atom].confirmation, record, report.line)) continue;
      confirmed.push_back({report.line, {atom, report.end}});
    }
  }
}

void HitConfirmer::begin_record(const DecodedRecord& record) {
  if (token_verdicts_.size() < record.lines.size()) token_verdicts_.resize(record.lines.size());
  if (++epoch_ != 0) return;
  // The stamp wrapped around: old stamps could look new.
  std::fill(token_verdicts_.begin(), token_verdicts_.end(), TokenVerdict{});
  epoch_ = 1;
}

bool HitConfirmer::expression_matches(uint32_t pattern, std::string_view line) {
  const Pattern& matched = program_->patterns[pattern];
  const bool beyond_ascii = matched.word_boundary && std::any_of(line.begin(), line.end(), [](char byte) {
                              return (static_cast<unsigned char>(byte) & 0x80U) != 0;
                            });
  if (!matched.prefilter && !beyond_ascii) return true;
  return program_->spans[pattern]->find(line, scratch_).outcome != Pcre::Outcome::kNoMatch;
}

/// A tokenizer reads a line at most once.
bool HitConfirmer::tokenizer_agrees(Confirmation by, const DecodedRecord& record, uint32_t line) {
  if (by == Confirmation::kNone) return true;
  TokenVerdict& verdict = token_verdicts_[line];
  if (verdict.epoch != epoch_) verdict = {epoch_};
  const std::string_view value = record.value_of(record.lines[line]);
  if (by == Confirmation::kSql) {
    if (!verdict.sql_known) verdict.sql = is_sql_injection(value);
    verdict.sql_known = true;
    return verdict.sql;
  }
  if (!verdict.script_known) verdict.script = is_script_injection(value);
  verdict.script_known = true;
  return verdict.script;
}

}  // namespace weir
