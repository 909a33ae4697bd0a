#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/input/line_reader.h"
#include "app/setup/input_overrides.h"
#include "app/terminal/interruption.h"
#include "app/terminal/progress_bar.h"
#include "config/config.h"
#include "lane/sources/source_estimate.h"
#include "pipeline/analyzer.h"

namespace weir {

/// One file that is read.
struct FeedFile {
  FeedFile(const std::string& path, size_t record_bytes_max, Reading reading)
      : name(path), reader(path, record_bytes_max, reading) {}
  std::string name;
  LineReader reader;
  bool is_open = true;
  bool is_live = false;   ///< one looks on while it is written
  bool is_known = false;  ///< what form its lines have was settled
  SourceEstimate clock;   ///< how far its event time has come
};

/// What is done with the lines of files. One thread.
class LineTaker {
 public:
  LineTaker() = default;
  LineTaker(const LineTaker&) = delete;
  LineTaker& operator=(const LineTaker&) = delete;
  virtual ~LineTaker() = default;

  /// How lines are read from now on. Called before the first, and again where a file has another form.
  virtual Status use(const AnalyzerOptions& options) = 0;
  /// The next lines of a file, in their order.
  virtual Status take(FeedFile& file, const std::vector<std::string_view>& lines) = 0;
  /// Before waiting for more, or a note on standard error: what is known should be printed.
  virtual void pause() = 0;
  /// How many lines were taken, and how many requests read in them.
  [[nodiscard]] virtual uint64_t lines() const = 0;
  [[nodiscard]] virtual uint64_t requests() const = 0;
};

/// Reads files for the commands that judge them: one after the other or as they grow, each in the form it is found to have unless
/// somebody said which.
class FileFeed {
 public:
  /// `command` is what notes name; `taker`, `interruption` and `progress` must outlive it.
  FileFeed(const char* command, const Config& config, AnalyzerOptions options, InputOverrides overrides,
           Reading reading, LineTaker& taker, Interruption& interruption, ProgressBar& progress);

  /// For who reads files several times: names the form of those only that are not in `told`, and adds them. It must outlive the feed.
  void tell_forms_once(std::set<std::string>& told) { told_ = &told; }

  /// The files in their order; "-" is standard input. What cannot be read is named on standard error and passed over. Returns at the
  /// end of all files, or when interrupted.
  void run(const std::vector<std::string>& paths);

  [[nodiscard]] bool has_failed() const { return failed_; }  ///< a file could not be read, or its lines not be taken
  /// Whoever reads a file in another form than was named must not take silence for peace: false, and said on standard error, when lines
  /// were there and none could be read. `blank`: lines that held nothing.
  [[nodiscard]] bool something_was_read(uint64_t blank) const;

 private:
  void open(const std::string& path);
  void read_available(FeedFile& file);
  void follow();
  void wait(int descriptor);
  void fail_with(FeedFile& file, const Error& error);
  Status use_form_of(FeedFile& file, const std::vector<std::string_view>& lines);
  void look_for_form_of(const std::vector<std::string_view>& lines);
  Status take(FeedFile& file, const std::vector<std::string_view>& lines);

  const char* command_;
  std::shared_ptr<const ProfileCatalog> catalog_;  // null: the shipped profiles
  AnalyzerOptions options_;
  InputOverrides overrides_;
  Reading reading_;
  bool form_is_chosen_;  // by the command line or the configuration; else each file is looked at
  LineTaker& taker_;
  Interruption& interruption_;
  ProgressBar& progress_;
  std::set<std::string>* told_ = nullptr;
  bool is_in_use_ = false;  // the taker knows the form
  bool failed_ = false;
  std::string looks_like_;
  std::vector<std::unique_ptr<FeedFile>> files_;
};

}  // namespace weir
