#include "app/scan/file_feed.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "app/terminal/terminal.h"
#include "event/profile/recognition.h"

namespace weir {
namespace {

constexpr size_t kBatchLines = 512;
/// A file that is followed tells nobody that it has grown.
constexpr int kFollowMilliseconds = 50;

/// What somebody should know who relies on a form that was recognised.
std::string notes_on(const RecognitionCandidate& form) {
  std::string missing;
  for (const auto field : form.missing)
    missing += (missing.empty() ? "; no line has " : ", ") + std::string(field_name(field));
  return missing + (form.made_up.empty() ? "" : "; weir profiles detect shows it");
}

}  // namespace

FileFeed::FileFeed(const char* command, const Config& config, AnalyzerOptions options, InputOverrides overrides,
                   Reading reading, LineTaker& taker, Interruption& interruption, ProgressBar& progress)
    : command_(command),
      catalog_(config.profiles.catalog),
      options_(std::move(options)),
      overrides_(std::move(overrides)),
      reading_(reading),
      form_is_chosen_(config.input_is_chosen),
      taker_(taker),
      interruption_(interruption),
      progress_(progress) {}

void FileFeed::run(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (interruption_.requested()) return;
    open(path);
    FeedFile& file = *files_.back();
    // The other files do not wait for one that is followed.
    const auto is_followed = [&] { return reading_ == Reading::kFollowing && file.reader.descriptor() < 0; };
    while (file.is_open && !interruption_.requested()) {
      read_available(file);
      if (!file.is_open || is_followed()) break;
      wait(file.reader.descriptor());
    }
  }
  if (reading_ == Reading::kFollowing) follow();
}

void FileFeed::open(const std::string& path) {
  files_.push_back(std::make_unique<FeedFile>(path, options_.input.record_bytes_max, reading_));
  FeedFile& file = *files_.back();
  if (auto opened = file.reader.open(); !opened) fail_with(file, opened.error());
  file.is_live = reading_ == Reading::kFollowing || (file.is_open && file.reader.descriptor() >= 0);
}

void FileFeed::follow() {
  const auto is_open = [](const auto& file) { return file->is_open; };
  while (!interruption_.requested() && std::any_of(files_.begin(), files_.end(), is_open)) {
    for (const auto& file : files_)
      if (file->is_open) read_available(*file);
    wait(-1);
  }
}

void FileFeed::wait(int descriptor) {
  taker_.pause();
  std::fflush(stdout);
  interruption_.wait(descriptor, descriptor < 0 ? kFollowMilliseconds : -1);
}

void FileFeed::fail_with(FeedFile& file, const Error& error) {
  failed_ = true;
  file.is_open = false;
  taker_.pause();
  progress_.finish();
  std::fprintf(stderr, "weir %s: %s\n", command_, error.to_string().c_str());
}

/// Until nothing is there for now, the end, or an interruption.
void FileFeed::read_available(FeedFile& file) {
  std::vector<std::string_view> lines;
  while (!interruption_.requested()) {
    if (auto read = file.reader.read(kBatchLines, lines); !read) return fail_with(file, read.error());
    if (lines.empty()) {
      file.is_open = file.reader.is_waiting();
      return;
    }
    if (auto taken = take(file, lines); !taken) return fail_with(file, taken.error());
    progress_.update(file.reader.bytes_read(), file.reader.bytes_total(), taker_.lines());
  }
}

Status FileFeed::take(FeedFile& file, const std::vector<std::string_view>& lines) {
  if (!file.is_known) {
    if (auto used = use_form_of(file, lines); !used) return used;
  }
  const Status taken = taker_.take(file, lines);
  if (taken && form_is_chosen_ && looks_like_.empty() && taker_.requests() == 0) look_for_form_of(lines);
  return taken;
}

/// Before the first lines of a file are judged: what form they have, unless somebody said so.
Status FileFeed::use_form_of(FeedFile& file, const std::vector<std::string_view>& lines) {
  if (!form_is_chosen_) {
    const ProfileCatalog& catalog = catalog_ ? *catalog_ : ProfileCatalog::shipped();
    const auto recognition = recognise_format(lines, options_.input, catalog);
    const auto* best = recognition.best();
    progress_.finish();
    const bool tells = told_ == nullptr || told_->insert(file.name).second;
    if (best == nullptr) {
      if (tells)
        std::fprintf(stderr, "%s: no known format; reading it as %s\n", file.name.c_str(),
                     options_.input.profile.name.c_str());
    } else {
      if (tells)
        std::fprintf(stderr, "%s: %s, %zu of %zu lines%s\n", file.name.c_str(), describe(*best).c_str(),
                     best->lines_read, recognition.lines, notes_on(*best).c_str());
      options_.input.profile = best->profile;
      if (auto applied = apply_overrides(overrides_, options_.input); !applied) return applied;
      is_in_use_ = false;
    }
  }
  file.is_known = true;
  return std::exchange(is_in_use_, true) ? Status() : taker_.use(options_);
}

/// Lines of which none could be read as what they were said to be: tells what they look like.
void FileFeed::look_for_form_of(const std::vector<std::string_view>& lines) {
  InputOptions options = options_.input;
  options.profile = {};
  const auto recognition = recognise_format(lines, options, ProfileCatalog::shipped());
  looks_like_ = recognition.best() == nullptr ? "no known form" : describe(*recognition.best());
}

bool FileFeed::something_was_read(uint64_t blank) const {
  const uint64_t lines = taker_.lines() - blank;
  if (lines == 0 || taker_.requests() > 0) return true;
  const std::string& form = options_.input.profile.name;
  if (!looks_like_.empty() && looks_like_ != "no known form") {
    std::fprintf(stderr,
                 "weir %s: none of %s lines could be read as '%s': they look like %s; leave out --profile and "
                 "--format to read them so\n",
                 command_, with_separators(lines).c_str(), form.c_str(), looks_like_.c_str());
    return false;
  }
  std::fprintf(stderr,
               "weir %s: none of %s lines could be read as '%s': choose their form with --profile, or say where the "
               "fields stand with --field (weir help scan)\n",
               command_, with_separators(lines).c_str(), form.c_str());
  return false;
}

}  // namespace weir
