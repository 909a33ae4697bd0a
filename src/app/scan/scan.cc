#include "app/scan/scan.h"

#include "config/source_topics.h"

namespace weir {
namespace {

AnalyzerOptions options_of(const ScanOptions& options, const Config& config) {
  AnalyzerOptions analyzer = analyzer_options(config);
  analyzer.keep_verdicts = needs_verdicts(options.output);
  analyzer.times = options.times;
  return analyzer;
}

}  // namespace

Scan::Scan(const ScanOptions& options, const Config& config, const RuleSlot& rules, Interruption& interruption)
    : options_(options),
      rules_(rules.load()),
      results_(options.output, alert_encoder(config, topic_table(config))),
      judge_(config, rules, results_.report().detect),
      feed_("scan", config, options_of(options, config), options.input, options.reading, *this, interruption,
            results_.progress()) {}

uint64_t Scan::requests() const {
  const ScanReport& report = results_.report();
  return report.detect.requests.value() + report.passed_over;
}

bool Scan::something_was_read() const {
  const DetectCounters& counters = results_.report().detect;
  const uint64_t blank = counters.rejected[static_cast<size_t>(RejectReason::kEmpty)].value();
  return feed_.something_was_read(blank + counters.skipped.value());
}

Status Scan::use(const AnalyzerOptions& options) {
  judge_.use(options);
  return {};
}

Status Scan::take(FeedFile& file, const std::vector<std::string_view>& lines) {
  if (auto judged = judge_.judge(lines, file.clock, alerts_); !judged) return judged;
  results_.report().passed_over += judge_.batch().passed_over;
  keep_rejects(lines);
  const auto place_of = [&](uint32_t index) {
    return RecordPlace{file.name, std::nullopt, file.reader.first_line() + index};
  };
  ToldCursor told;
  results_.take(judge_.batch(), told, static_cast<uint32_t>(lines.size()), *rules_, place_of,
                file.is_live ? ScanResults::Watched::kYes : ScanResults::Watched::kNo);
  results_.take(alerts_);
  if (options_.decisions != nullptr) options_.decisions->write(judge_.decisions());
  results_.flush();
  return {};
}

void Scan::keep_rejects(const std::vector<std::string_view>& lines) {
  if (options_.rejects == nullptr) return;
  for (const RejectedRecord& rejected : judge_.batch().rejected) {
    const std::string_view record = lines[rejected.index];
    std::fwrite(record.data(), 1, record.size(), options_.rejects);
    std::fputc('\n', options_.rejects);
  }
}

void Scan::finish() {
  alerts_.clear();
  if (options_.episodes == OpenEpisodes::kClose)
    judge_.scorer().finish(alerts_);
  else
    judge_.scorer().score_waiting(alerts_);
  results_.take(alerts_);
  results_.report().score.score_ns.set(judge_.score_ns());
  results_.report().wrong_clocks = judge_.wrong_clocks();
  results_.finish(judge_.scorer().statistics());
}

}  // namespace weir
