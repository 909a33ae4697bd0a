#include "detect/match/matcher.h"

#include "base/assert.h"
#include "detect/match/hit_confirmer.h"
#include "detect/match/hit_decider.h"
#include "detect/match/line_scanner.h"

namespace weir {

struct Matcher::Impl {
  Impl(std::shared_ptr<const RuleSet> rules_in, LineScanner scanner_in, const MatcherOptions& options)
      : rules(std::move(rules_in)),
        scanner(std::move(scanner_in)),
        confirmer(rules->compiled().program),
        decider(rules->compiled(), options.locate_in_parameters_above) {}

  std::shared_ptr<const RuleSet> rules;
  LineScanner scanner;
  HitConfirmer confirmer;
  HitDecider decider;
  std::vector<RecordScan> scans;     ///< by task; may be more
  std::vector<RecordHit> confirmed;  ///< of one record

  void decide(RecordScan& scan, LineLearning learning);
  void drop_stricter(const MatchTask& task, std::vector<RecordHit>& hits) const;
};

/// Makes a verdict of what was found in the lines of one record.
void Matcher::Impl::decide(RecordScan& scan, LineLearning learning) {
  const MatchTask& task = *scan.task;
  const uint64_t given_up = confirmer.given_up() + decider.given_up();
  task.out->clear();
  task.out->scan_failed = scan.failed;
  task.out->capped = scan.capped;
  confirmer.confirm(*task.record, scan.reports, confirmed);
  if (learning == LineLearning::kOn) scanner.remember(scan, confirmed);
  if (scan.sees_more) {
    drop_stricter(task, scan.known_hits);
    drop_stricter(task, confirmed);
  }
  decider.decide(task, scan.known_hits, confirmed);
  task.out->gave_up = confirmer.given_up() + decider.given_up() != given_up;
}

/// What matched in a line that was scanned at a stricter level than its own, of patterns that its level does not ask for.
void Matcher::Impl::drop_stricter(const MatchTask& task, std::vector<RecordHit>& hits) const {
  const CompiledRules& compiled = rules->compiled();
  std::erase_if(hits, [&](const RecordHit& found) {
    const uint32_t pattern = compiled.program.atoms[found.hit.atom].pattern;
    return compiled.pattern_levels[pattern] > compiled.known_level(task.policy->level_of(found.line));
  });
}

Matcher::Matcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Matcher::~Matcher() = default;
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;

Result<Matcher> Matcher::create(std::shared_ptr<const RuleSet> rules, const MatcherOptions& options) {
  WEIR_ASSERT(rules != nullptr, "a matcher needs a rule set");
  auto scanner = LineScanner::create(rules->compiled(), options.line_secret);
  if (!scanner) return tl::unexpected<Error>(scanner.error());
  return Matcher(std::make_unique<Impl>(std::move(rules), std::move(*scanner), options));
}

const RuleSet& Matcher::rules() const {
  return *impl_->rules;
}

void Matcher::match(std::span<const MatchTask> tasks, LineLearning learning) {
  for (const MatchTask& task : tasks)
    WEIR_ASSERT(task.policy->line_levels.empty() || task.policy->line_levels.size() == task.record->lines.size(),
                "a level for each line or for none");
  Impl& impl = *impl_;
  if (impl.scans.size() < tasks.size()) impl.scans.resize(tasks.size());
  const auto scans = std::span(impl.scans).first(tasks.size());
  impl.scanner.scan(tasks, scans);
  for (RecordScan& scan : scans)
    impl.decide(scan, learning);
}

void Matcher::match(const Event& event, const DecodedRecord& record, const MatchPolicy& policy, Detection& out) {
  const MatchTask task{&event, &record, &policy, &out};
  match(std::span(&task, 1));
}

void Matcher::match(const Event& event, const DecodedRecord& record, Detection& out) {
  match(event, record, own_level(), out);
}

MatchPolicy Matcher::own_level() const {
  MatchPolicy policy;
  policy.level = rules().options().security_level;
  return policy;
}

}  // namespace weir
