#include "app/scan/scan.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cinttypes>

#include "app/scan/scan_table.h"
#include "app/scan/verdict_writer.h"
#include "config/source_topics.h"
#include "event/profile/recognition.h"

namespace weir {
namespace {

constexpr size_t kBatchLines = 512;
constexpr size_t kOutputBytesMax = 1 << 16;  // written to standard output in pieces of about this size
constexpr uint64_t kRejectsShown = 5;        // the rest is only counted
/// A file that is followed tells nobody that it has grown.
constexpr int kFollowMilliseconds = 50;

AnalyzerOptions options_of(const ScanOptions& options, const Config& config) {
  const bool keep_verdicts = options.output == ScanOutput::kVerdicts || options.output == ScanOutput::kTable;
  AnalyzerOptions analyzer = analyzer_options(config);
  analyzer.keep_verdicts = keep_verdicts;
  analyzer.times = options.times;
  return analyzer;
}

/// What somebody should know who relies on a form that was recognised.
std::string notes_on(const RecognitionCandidate& form) {
  std::string missing;
  for (const auto field : form.missing)
    missing += (missing.empty() ? "; no line has " : ", ") + std::string(field_name(field));
  return missing + (form.made_up.empty() ? "" : "; weir profiles detect shows it");
}

}  // namespace

Scan::Scan(const ScanOptions& options, const Config& config, const RuleSlot& rules, Interruption& interruption)
    : options_(options),
      encoder_(alert_encoder(config, topic_table(config))),
      catalog_(config.profiles.catalog),
      rule_slot_(rules),
      rules_(rules.load()),
      analyzer_options_(options_of(options, config)),
      form_is_chosen_(config.input_is_chosen),
      interruption_(interruption),
      palette_(Palette::for_stream(STDOUT_FILENO)),
      scorer_(config.score, topic_table(config)) {}

uint64_t Scan::judged() const {
  return report_.detect.requests.value() + report_.passed_over;
}

void Scan::run(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (interruption_.requested()) return;
    open(path);
    File& file = *files_.back();
    // The other files do not wait for one that is followed.
    const auto is_followed = [&] { return options_.reading == Reading::kFollowing && file.reader.descriptor() < 0; };
    while (file.is_open && !interruption_.requested()) {
      read_available(file);
      if (!file.is_open || is_followed()) break;
      wait(file.reader.descriptor());
    }
  }
  if (options_.reading == Reading::kFollowing) follow();
}

void Scan::open(const std::string& path) {
  files_.push_back(std::make_unique<File>(path, analyzer_options_.input.record_bytes_max, options_.reading));
  File& file = *files_.back();
  if (auto opened = file.reader.open(); !opened) fail_with(file, opened.error());
  file.is_live = options_.reading == Reading::kFollowing || (file.is_open && file.reader.descriptor() >= 0);
}

void Scan::follow() {
  const auto is_open = [](const auto& file) { return file->is_open; };
  while (!interruption_.requested() && std::any_of(files_.begin(), files_.end(), is_open)) {
    for (const auto& file : files_)
      if (file->is_open) read_available(*file);
    wait(-1);
  }
}

void Scan::wait(int descriptor) {
  flush(0);
  std::fflush(stdout);
  interruption_.wait(descriptor, descriptor < 0 ? kFollowMilliseconds : -1);
}

void Scan::fail_with(File& file, const Error& error) {
  failed_ = true;
  file.is_open = false;
  flush(0);
  progress_.finish();
  std::fprintf(stderr, "weir scan: %s\n", error.to_string().c_str());
}

/// Until nothing is there for now, the end, or an interruption.
void Scan::read_available(File& file) {
  std::vector<std::string_view> lines;
  while (!interruption_.requested()) {
    if (auto read = file.reader.read(kBatchLines, lines); !read) return fail_with(file, read.error());
    if (lines.empty()) {
      file.is_open = file.reader.is_waiting();
      return;
    }
    if (auto judged = judge(file, lines); !judged) return fail_with(file, judged.error());
    progress_.update(file.reader.bytes_read(), file.reader.bytes_total(), report_.detect.records.value());
  }
}

/// Before the first lines of a file are judged: what form they have, unless somebody said so.
Status Scan::use_form_of(File& file, const std::vector<std::string_view>& lines) {
  if (!form_is_chosen_) {
    const ProfileCatalog& catalog = catalog_ ? *catalog_ : ProfileCatalog::shipped();
    const auto recognition = recognise_format(lines, analyzer_options_.input, catalog);
    const auto* best = recognition.best();
    progress_.finish();
    if (best == nullptr) {
      std::fprintf(stderr, "%s: no known format; reading it as %s\n", file.name.c_str(), form().c_str());
    } else {
      std::fprintf(stderr, "%s: %s, %zu of %zu lines%s\n", file.name.c_str(), describe(*best).c_str(), best->lines_read,
                   recognition.lines, notes_on(*best).c_str());
      analyzer_options_.input.profile = best->profile;
      if (auto applied = apply_overrides(options_.input, analyzer_options_.input); !applied) return applied;
      analyzer_.reset();
    }
  }
  if (!analyzer_) analyzer_.emplace(analyzer_options_, rule_slot_, report_.detect);
  file.is_known = true;
  return {};
}

/// Lines of which none could be read as what they were said to be: tells what they look like.
void Scan::look_for_form_of(const std::vector<std::string_view>& lines) {
  InputOptions options = analyzer_options_.input;
  options.profile = {};
  const auto recognition = recognise_format(lines, options, ProfileCatalog::shipped());
  looks_like_ = recognition.best() == nullptr ? "no known form" : describe(*recognition.best());
}

Status Scan::judge(File& file, const std::vector<std::string_view>& lines) {
  if (!file.is_known) {
    if (auto used = use_form_of(file, lines); !used) return used;
  }
  records_.clear();
  for (const auto line : lines)
    records_.push_back({line, EventTime::max(), {0, 0, offset_++}});
  if (auto analyzed = analyzer_->analyze(records_, analyzed_); !analyzed) return analyzed;
  report_.passed_over += analyzed_.passed_over;
  if (form_is_chosen_ && looks_like_.empty() && judged() == 0) look_for_form_of(lines);
  correct_clocks(file);

  const auto scoring_started = std::chrono::steady_clock::now();
  alerts_.clear();
  scorer_.observe(analyzed_.observations, analyzed_.correlation_events, alerts_);
  const std::chrono::nanoseconds scoring = std::chrono::steady_clock::now() - scoring_started;
  report_.score.score_ns.add(static_cast<uint64_t>(scoring.count()));

  take_rejects(file, lines);
  take_verdicts(file);
  take_alerts();
  flush(kOutputBytesMax);
  return {};
}

/// A request far ahead of those around it, or far behind, is scored with their time. Where the file ends nothing is around it yet.
void Scan::correct_clocks(File& file) {
  times_.clear();
  corrected_.clear();
  for (const Observation& one : analyzed_.observations) {
    if (!one.has(ObservationFlag::kAddressCount))
      times_.push_back({one.client_hash, one.time.time_since_epoch().count()});
  }
  size_t seen = 0;
  for (Observation& one : analyzed_.observations) {
    if (one.has(ObservationFlag::kAddressCount)) {
      corrected_.follow(one);
      continue;
    }
    const SourceEstimate::Record record{one.client_hash, times_[seen].time_ms, std::nullopt};
    const auto following = std::span<const SourceEstimate::Next>(times_).subspan(++seen);
    if (const auto right = file.clock.corrected(record, following); !right) {
      file.clock.take(record);
    } else if (SourceEstimate::tells(following)) {
      corrected_.correct(one, EventTime(Milliseconds(*right)));
      ++report_.wrong_clocks;
    }
  }
  corrected_.apply(analyzed_.correlation_events);
}

void Scan::take_rejects(const File& file, const std::vector<std::string_view>& lines) {
  for (const RejectedRecord& rejected : analyzed_.rejected) {
    const int64_t line = file.reader.first_line() + rejected.index;
    findings_.add_reject(rejected, file.name, line);
    if (options_.rejects != nullptr) {
      const std::string_view record = lines[rejected.index];
      std::fwrite(record.data(), 1, record.size(), options_.rejects);
      std::fputc('\n', options_.rejects);
    }
    // The table says it at its end, unless one looks on.
    const bool is_told_later = options_.output == ScanOutput::kTable && !file.is_live;
    if (rejects_shown_ == kRejectsShown || is_told_later) continue;
    ++rejects_shown_;
    progress_.finish();
    const std::string reason(to_string(rejected.reason)), detail = printable(rejected.detail);
    std::fprintf(stderr, "%s:%" PRId64 ": rejected: %s%s%s\n", file.name.c_str(), line, reason.c_str(),
                 detail.empty() ? "" : ": ", detail.c_str());
    if (rejects_shown_ == kRejectsShown) std::fprintf(stderr, "further rejected records are only counted\n");
  }
}

void Scan::take_verdicts(const File& file) {
  const int64_t first_line = file.reader.first_line();
  if (options_.output == ScanOutput::kVerdicts) write_verdicts(analyzed_, *rules_, file.name, first_line, output_);
  if (options_.output != ScanOutput::kTable) return;
  for (const RecordVerdict& verdict : analyzed_.verdicts) {
    findings_.add(verdict, *rules_, file.name, first_line + verdict.index);
    if (file.is_live && verdict.malicious)
      output_ += attack_line(verdict, *rules_, palette_, terminal_width(STDOUT_FILENO));
  }
}

void Scan::take_alerts() {
  for (const Alert& alert : alerts_) {
    report_.count(alert);
    if (options_.output != ScanOutput::kAlerts) continue;
    output_ += encoder_->value_of(alert);
    output_ += '\n';
  }
}

void Scan::flush(size_t above_bytes) {
  if (output_.size() <= above_bytes) return;
  progress_.finish();
  std::fwrite(output_.data(), 1, output_.size(), stdout);
  output_.clear();
}

void Scan::finish() {
  alerts_.clear();
  if (options_.episodes == Episodes::kClose) scorer_.finish(alerts_);
  take_alerts();
  report_.scorer = scorer_.statistics();
  if (options_.output == ScanOutput::kTable) {
    if (!output_.empty() || std::any_of(files_.begin(), files_.end(), [](const auto& file) { return file->is_live; }))
      output_ += '\n';
    output_ += scan_table(findings_, report_, palette_, terminal_width(STDOUT_FILENO));
  }
  flush(0);
  progress_.finish();
}

}  // namespace weir
