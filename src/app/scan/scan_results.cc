#include "app/scan/scan_results.h"

#include <unistd.h>

#include <cstdio>

#include "app/scan/scan_table.h"
#include "app/scan/verdict_writer.h"

namespace weir {

void ScanResults::take(const RecordVerdict& verdict, const RuleSet& rules, const RecordPlace& place, Watched watched) {
  if (output_form_ == ScanOutput::kVerdicts) write_verdict(verdict, rules, place, output_);
  if (output_form_ != ScanOutput::kTable) return;
  findings_.add(verdict, rules, place);
  if (watched == Watched::kNo) return;
  was_watched_ = true;
  if (verdict.malicious) output_ += attack_line(verdict, rules, palette_, terminal_width(STDOUT_FILENO));
}

void ScanResults::take(const RejectedRecord& rejected, const RecordPlace& place, Watched watched) {
  findings_.add_reject(rejected, place);
  if (output_form_ == ScanOutput::kVerdicts) write_verdict(rejected, place, output_);
  // The table says it at its end, unless one looks on.
  const bool is_told_later = output_form_ == ScanOutput::kTable && watched == Watched::kNo;
  if (rejects_shown_ == kRejectsShown || is_told_later) return;
  ++rejects_shown_;
  progress_.finish();
  const std::string reason(to_string(rejected.reason)), detail = printable(rejected.detail);
  const std::string name =
      place.partition ? place.text() : std::string(place.name) + ":" + std::to_string(place.number);
  std::fprintf(stderr, "%s: rejected: %s%s%s\n", name.c_str(), reason.c_str(), detail.empty() ? "" : ": ",
               detail.c_str());
  if (rejects_shown_ == kRejectsShown) std::fprintf(stderr, "further rejected records are only counted\n");
}

void ScanResults::take(const AnalyzedBatch& batch, ToldCursor& told, uint32_t until, const RuleSet& rules,
                       const std::function<RecordPlace(uint32_t)>& place_of, Watched watched) {
  const auto take_rejects_before = [&](uint32_t index) {
    for (; told.rejected < batch.rejected.size() && batch.rejected[told.rejected].index < index; ++told.rejected) {
      const RejectedRecord& rejected = batch.rejected[told.rejected];
      take(rejected, place_of(rejected.index), watched);
    }
  };
  for (; told.verdict < batch.verdicts.size() && batch.verdicts[told.verdict].index < until; ++told.verdict) {
    const RecordVerdict& verdict = batch.verdicts[told.verdict];
    take_rejects_before(verdict.index);
    take(verdict, rules, place_of(verdict.index), watched);
  }
  take_rejects_before(until);
}

void ScanResults::take(std::span<const Alert> alerts) {
  for (const Alert& alert : alerts) {
    if (!enricher_) {
      add(alert);
      continue;
    }
    Alert enriched = alert;
    enricher_->enrich(enriched);
    add(enriched);
  }
}

void ScanResults::add(const Alert& alert) {
  report_.count(alert);
  if (output_form_ != ScanOutput::kAlerts) return;
  output_ += encoder_->value_of(alert);
  output_ += '\n';
}

void ScanResults::flush(size_t above_bytes) {
  if (output_.size() <= above_bytes) return;
  progress_.finish();
  std::fwrite(output_.data(), 1, output_.size(), stdout);
  output_.clear();
}

void ScanResults::finish(const ScorerStatistics& scorer) {
  report_.scorer = scorer;
  if (output_form_ == ScanOutput::kTable) {
    if (!output_.empty() || was_watched_) output_ += '\n';
    output_ += scan_table(findings_, report_, palette_, terminal_width(STDOUT_FILENO));
  }
  flush(0);
  progress_.finish();
}

}  // namespace weir
