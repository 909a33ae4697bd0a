#include "app/commands/policy_learn_command.h"

#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <optional>

#include "app/commands/setup_options.h"
#include "app/scan/file_feed.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/terminal/terminal.h"
#include "config/policy/policy_reader.h"
#include "config/policy/policy_writer.h"
#include "pipeline/record_judge.h"
#include "workbench/learn/policy_learner.h"

namespace weir {
namespace {

constexpr uint64_t kEvidenceDefault = 20;

struct LearnArguments {
  SetupArguments setup;
  uint64_t evidence_min = kEvidenceDefault;
  std::vector<std::string> files;  ///< "-" is standard input
};

/// Learns what no rule finds malicious.
class Lesson final : public LineTaker {
 public:
  explicit Lesson(Judgement judgement) : judgement_(std::move(judgement)) {}

  Status use(const AnalyzerOptions& options) override {
    auto judge = RecordJudge::create(options, judgement_);
    if (!judge) return tl::unexpected<Error>(judge.error());
    judge_.emplace(std::move(*judge));
    return {};
  }

  Status take(FeedFile&, const std::vector<std::string_view>& lines) override {
    for (const auto line : lines)
      take_line(line);
    return {};
  }

  void pause() override {}
  [[nodiscard]] uint64_t lines() const override { return lines_; }
  [[nodiscard]] uint64_t requests() const override { return requests_; }
  [[nodiscard]] uint64_t malicious() const { return malicious_; }
  [[nodiscard]] const PolicyLearner& learner() const { return learner_; }

 private:
  void take_line(std::string_view line) {
    ++lines_;
    judge_->begin(0, line, EventTime{});
    ParseOutcome outcome;
    for (auto next = judge_->next(record_, outcome); next != EventParser::Next::kEnd;
         next = judge_->next(record_, outcome)) {
      if (next == EventParser::Next::kEvent) take_request();
    }
  }

  void take_request() {
    ++requests_;
    arena_.clear();
    judge_->decode(record_);
    judge_->identify(EventTime::max(), arena_, record_);
    judge_->prepare(record_);
    judge_->match({&record_, 1});
    judge_->judge(record_);
    if (record_.detection.malicious)
      ++malicious_;
    else
      learner_.add(record_.event, record_.decoded);
  }

  Judgement judgement_;
  std::optional<RecordJudge> judge_;
  JudgedRecord record_;
  Arena arena_;
  PolicyLearner learner_;
  uint64_t lines_ = 0, requests_ = 0, malicious_ = 0;
};

/// Whether what was written reads back as a policy.
bool reads_back(const std::string& printed) {
  Diagnostics diagnostics;
  PolicySpec spec = read_policy_text(printed, "the learned policy", diagnostics);
  if (!has_errors(diagnostics)) (void)Policy::compile(std::move(spec), SecurityLevel::kStandard, diagnostics);
  print_findings(diagnostics);
  return !has_errors(diagnostics);
}

void print_lesson(const Lesson& lesson, const PolicySpec& spec, const std::string& printed) {
  const PolicyLearner& learner = lesson.learner();
  std::printf(
      "# Learned by weir policy learn from %s of %s requests. Left out: %s malicious, %s that no route answered, %s "
      "for "
      "want of room.\n"
      "# Read it before it judges: what ordinary traffic did not hold is not in it. Then name this file under "
      "policy.files.\n%s",
      with_separators(learner.taken()).c_str(), with_separators(lesson.requests()).c_str(),
      with_separators(lesson.malicious()).c_str(), with_separators(learner.unanswered()).c_str(),
      with_separators(learner.left_out()).c_str(), printed.c_str());
  std::fprintf(stderr, "%zu routes learned from %s requests\n", spec.routes.size(),
               with_separators(learner.taken()).c_str());
}

int run_learn(const LearnArguments& arguments) {
  auto setup = prepare_command(arguments.setup);
  if (!setup) return report_usage_error(setup.error());
  Interruption interruption;
  ProgressBar progress;
  Lesson lesson(Judgement(setup->rules));
  FileFeed feed("policy learn", setup->config, analyzer_options(setup->config), {}, Reading::kToEnd, lesson,
                interruption, progress);
  feed.run(arguments.files);
  progress.finish();
  if (!feed.something_was_read(0)) return kExitFailed;
  const PolicySpec spec = lesson.learner().policy(arguments.evidence_min);
  if (spec.routes.empty()) {
    std::fprintf(stderr, "weir policy learn: no route had %s requests that were answered: there is nothing to learn\n",
                 with_separators(arguments.evidence_min).c_str());
    return kExitFailed;
  }
  const std::string printed = print_policy(spec);
  if (!reads_back(printed)) return kExitFailed;
  print_lesson(lesson, spec, printed);
  return std::fflush(stdout) == 0 && !feed.has_failed() ? kExitFine : kExitFailed;
}

}  // namespace

void add_policy_learn(CLI::App& policy, int& exit_code) {
  auto arguments = std::make_shared<LearnArguments>();
  auto* command =
      policy.add_subcommand("learn", "Propose a policy by what ordinary requests have in common, on standard output");
  add_setup_options(
      *command, arguments->setup,
      "Form of the records (weir profiles list), or the path of a profile of your own; else it is recognised");
  command->add_option("--at-least", arguments->evidence_min, "Leave out routes with fewer requests (20)")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 40))
      ->option_text("REQUESTS");
  command->add_option("FILE", arguments->files, "Files to read, also compressed (gzip, zstd); - is standard input")
      ->required();
  command->footer(
      "Malicious requests teach nothing, nor does what no route answered (404, 405, 5xx).\n"
      "Example: weir policy learn access.log access.log.1.gz > policy.d/learned.yaml");
  command->callback([arguments, &exit_code] { exit_code = run_learn(*arguments); });
}

}  // namespace weir
