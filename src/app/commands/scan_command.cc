#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>

#include "app/commands/command.h"
#include "app/commands/scan_report.h"
#include "app/commands/setup_options.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/terminal/line_reader.h"
#include "app/terminal/progress_bar.h"
#include "app/terminal/terminal.h"
#include "event/profile/recognition.h"
#include "pipeline/analyzer.h"
#include "score/scorer.h"

namespace weir {
namespace {

constexpr size_t kBatchLines = 512;
constexpr size_t kOutputBytesMax = 1 << 16;  // written to standard output in pieces of about this size
constexpr uint64_t kRejectsShown = 5;        // the rest is only counted

enum class ScanOutput { kAlerts, kVerdicts, kSummary };

struct ScanArguments {
  SetupArguments setup;
  ScanOutput output = ScanOutput::kAlerts;
  std::string json_file;  ///< figures go here; empty: nowhere
  bool close_episodes = false;
  std::vector<std::string> files;  ///< "-" is standard input
};

AnalyzerOptions analyzer_options_for(const ScanArguments& arguments, const Config& config) {
  AnalyzerOptions options = analyzer_options(config);
  options.keep_verdicts = arguments.output == ScanOutput::kVerdicts;
  return options;
}

/// Both stages in one process, and where their results go.
class Scan {
 public:
  Scan(const ScanArguments& arguments, const Config& config, const RuleSlot& rules)
      : arguments_(arguments),
        encoder_(alert_encoder(config)),
        rule_slot_(rules),
        rules_(rules.load()),
        analyzer_options_(analyzer_options_for(arguments, config)),
        form_is_chosen_(config.input_is_chosen),
        scorer_(config.score, config.kafka.topics.requests) {}

  Status file(const std::string& path);
  void finish();
  ScanReport& report() { return report_; }

 private:
  void use_form_of(const std::vector<std::string_view>& lines);
  Status batch(const std::vector<std::string_view>& lines);
  void write_verdicts(int64_t first_line);
  void write_alerts();
  void show_rejects(int64_t first_line);
  void flush_output(size_t above_bytes);

  const ScanArguments& arguments_;
  std::shared_ptr<const AlertEncoder> encoder_;
  const RuleSlot& rule_slot_;
  std::shared_ptr<const RuleSet> rules_;
  AnalyzerOptions analyzer_options_;
  bool form_is_chosen_;  // by the command line or the configuration; else each file is looked at
  ScanReport report_;
  std::optional<Analyzer> analyzer_;
  Scorer scorer_;
  ProgressBar progress_;
  std::string path_;
  int64_t line_ = 0;    // of the current file
  int64_t offset_ = 0;  // of all files: what a topic's offset would be
  uint64_t rejects_shown_ = 0;
  std::vector<RawRecord> records_;
  AnalyzedBatch analyzed_;
  std::vector<Alert> alerts_;
  std::string output_;
};

Status Scan::file(const std::string& path) {
  path_ = path;
  line_ = 0;
  LineReader reader(path, analyzer_options_.input.record_bytes_max);
  if (auto opened = reader.open(); !opened) return opened;
  std::vector<std::string_view> lines;
  while (true) {
    if (auto read = reader.read(kBatchLines, lines); !read) return read;
    if (lines.empty()) break;
    if (line_ == 0) use_form_of(lines);
    if (auto done = batch(lines); !done) return done;
    progress_.update(reader.bytes_read(), reader.bytes_total(), report_.detect.records.value());
  }
  return {};
}

// Before the first lines of a file are judged: what form they have, unless somebody said so.
void Scan::use_form_of(const std::vector<std::string_view>& lines) {
  if (!form_is_chosen_) {
    const auto recognition = recognise_format(lines, analyzer_options_.input, ProfileCatalog::shipped());
    const auto* best = recognition.best();
    if (best == nullptr) {
      std::fprintf(stderr, "%s: no known format; reading it as %s\n", path_.c_str(),
                   analyzer_options_.input.profile.name.c_str());
    } else {
      std::fprintf(stderr, "%s: %s, %zu of %zu lines\n", path_.c_str(), describe(*best).c_str(), best->lines_read,
                   recognition.lines);
      analyzer_options_.input.profile = best->profile;
      analyzer_.reset();
    }
  }
  if (!analyzer_) analyzer_.emplace(analyzer_options_, rule_slot_, report_.detect);
}

Status Scan::batch(const std::vector<std::string_view>& lines) {
  const int64_t first_line = line_ + 1;
  records_.clear();
  for (const auto line : lines) {
    records_.push_back({line, EventTime::max(), {0, 0, offset_++}});
    ++line_;
  }
  if (auto analyzed = analyzer_->analyze(records_, analyzed_); !analyzed) return analyzed;
  show_rejects(first_line);

  const auto scoring_started = std::chrono::steady_clock::now();
  alerts_.clear();
  scorer_.observe(analyzed_.observations, analyzed_.correlation_events, alerts_);
  const std::chrono::nanoseconds scoring = std::chrono::steady_clock::now() - scoring_started;
  report_.score.score_ns.add(static_cast<uint64_t>(scoring.count()));

  if (arguments_.output == ScanOutput::kVerdicts) write_verdicts(first_line);
  write_alerts();
  flush_output(kOutputBytesMax);
  return {};
}

void Scan::show_rejects(int64_t first_line) {
  for (const RejectedRecord& rejected : analyzed_.rejected) {
    if (rejects_shown_ == kRejectsShown) return;
    ++rejects_shown_;
    progress_.finish();
    std::fprintf(stderr, "%s:%" PRId64 ": rejected: %.*s%s%s\n", path_.c_str(), first_line + rejected.index,
                 static_cast<int>(to_string(rejected.reason).size()), to_string(rejected.reason).data(),
                 rejected.detail.empty() ? "" : ": ", rejected.detail.c_str());
    if (rejects_shown_ == kRejectsShown) std::fprintf(stderr, "further rejected records are only counted\n");
  }
}

void Scan::write_verdicts(int64_t first_line) {
  using Buffer = rapidjson::StringBuffer;
  const auto begin_object = [](rapidjson::Writer<Buffer>& json, std::string_view request_id, int64_t line) {
    json.StartObject();
    json.Key("request_id");
    json.String(request_id.data(), static_cast<rapidjson::SizeType>(request_id.size()));
    json.Key("line");
    json.Int64(line);
  };
  const auto end_object = [this](rapidjson::Writer<Buffer>& json, const Buffer& buffer) {
    json.EndObject();
    output_.append(buffer.GetString(), buffer.GetSize());
    output_ += '\n';
  };
  // Verdicts and rejects are both in the order of the batch: merge them, so that the output follows the input.
  size_t rejected = 0;
  const auto rejects_before = [&](uint32_t index) {
    for (; rejected < analyzed_.rejected.size() && analyzed_.rejected[rejected].index < index; ++rejected) {
      const auto reason = to_string(analyzed_.rejected[rejected].reason);
      Buffer buffer;
      rapidjson::Writer<Buffer> json(buffer);
      begin_object(json, "", first_line + analyzed_.rejected[rejected].index);
      // null, not false: a record that could not be read was not found clean.
      json.Key("malicious");
      json.Null();
      json.Key("rejected");
      json.String(reason.data(), static_cast<rapidjson::SizeType>(reason.size()));
      json.Key("detail");
      json.String(analyzed_.rejected[rejected].detail.c_str());
      end_object(json, buffer);
    }
  };
  for (const RecordVerdict& verdict : analyzed_.verdicts) {
    rejects_before(verdict.index);
    Buffer buffer;
    rapidjson::Writer<Buffer> json(buffer);
    begin_object(json, verdict.request_id, first_line + verdict.index);
    const auto add = [&](const char* key, std::string_view text) {
      json.Key(key);
      json.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    };
    add("file", path_);
    add("client", verdict.client);
    add("host", verdict.host);
    add("target", verdict.query.empty() ? std::string(verdict.path)
                                        : std::string(verdict.path) + "?" + std::string(verdict.query));
    json.Key("malicious");
    json.Bool(verdict.malicious);
    json.Key("score");
    json.Int(verdict.score);
    json.Key("categories");
    json.StartArray();
    for (size_t i = 0; i < static_cast<size_t>(Category::kCount); ++i) {
      const auto category = static_cast<Category>(i);
      if (verdict.categories & mask_of(category)) json.String(to_string(category).data());
    }
    json.EndArray();
    json.Key("rules");
    json.StartArray();
    for (const uint32_t rule : verdict.rules)
      json.String(rules_->rules()[rule].id.c_str());
    for (size_t i = 0; i < verdict.violations.size(); ++i) {
      const auto begin = verdict.violations.begin(), at = begin + static_cast<std::ptrdiff_t>(i);
      if (std::find(begin, at, *at) == at) json.String(info_of(*at).id.data());
    }
    json.EndArray();
    end_object(json, buffer);
  }
  rejects_before(static_cast<uint32_t>(records_.size()));
}

void Scan::write_alerts() {
  for (const Alert& alert : alerts_) {
    report_.count(alert);
    if (arguments_.output != ScanOutput::kAlerts) continue;
    output_ += encoder_->value_of(alert);
    output_ += '\n';
  }
}

void Scan::flush_output(size_t above_bytes) {
  if (output_.size() <= above_bytes) return;
  progress_.finish();
  std::fwrite(output_.data(), 1, output_.size(), stdout);
  output_.clear();
}

void Scan::finish() {
  alerts_.clear();
  if (arguments_.close_episodes) scorer_.finish(alerts_);
  write_alerts();
  flush_output(0);
  progress_.finish();
  report_.scorer = scorer_.statistics();
}

/// `weir scan`: files through both stages without Kafka, in one thread. Returns the exit code.
int run_scan(const ScanArguments& arguments) {
  auto setup = prepare_command(arguments.setup);
  if (!setup) return report_usage_error(setup.error());
  const RuleSlot rules(setup->rules, setup->config.policy);
  Scan scan(arguments, setup->config, rules);
  scan.report().policy = setup->config.policy;
  const auto started = std::chrono::steady_clock::now();
  for (const std::string& path : arguments.files) {
    if (auto done = scan.file(path); !done) {
      scan.finish();
      std::fprintf(stderr, "weir scan: %s\n", done.error().to_string().c_str());
      return kExitFailed;
    }
  }
  scan.finish();
  scan.report().seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
    std::fprintf(stderr, "weir scan: cannot write the results to standard output\n");
    return kExitFailed;
  }
  return finish_scan_report(scan.report(), arguments.output == ScanOutput::kSummary ? stdout : stderr,
                            arguments.json_file);
}

}  // namespace

void add_scan_command(CLI::App& program, int& exit_code) {
  static const std::map<std::string, ScanOutput> kOutputs{
      {"alerts", ScanOutput::kAlerts}, {"verdicts", ScanOutput::kVerdicts}, {"summary", ScanOutput::kSummary}};
  auto arguments = std::make_shared<ScanArguments>();
  auto* scan = program.add_subcommand("scan", "Judge request logs from files or standard input, without Kafka");
  add_setup_options(*scan, arguments->setup,
                    "Form of the records (weir profiles list), or a profile file; recognised without one");
  scan->add_option("-o,--output", arguments->output,
                   "alerts: what the daemon would publish; verdicts: one line per record; summary: figures only")
      ->transform(CLI::CheckedTransformer(kOutputs, CLI::ignore_case))
      ->option_text("alerts|verdicts|summary [alerts]")
      ->default_str("alerts");
  scan->add_option("--json", arguments->json_file, "Write the figures to this file as JSON");
  scan->add_flag("--close-episodes", arguments->close_episodes,
                 "At the end, also print the closing alert of every open episode");
  scan->add_option("FILE", arguments->files, "Files to read; - is standard input")->required();
  scan->footer(
      "Example: weir scan --profile nginx --output verdicts access.json | jq 'select(.malicious)'\n"
      "Exit codes: 0 fine, 1 a file could not be read or judged, 2 wrong usage or configuration.");
  scan->callback([arguments, &exit_code] { exit_code = run_scan(*arguments); });
}

}  // namespace weir
