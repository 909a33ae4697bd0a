#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/topic_table.h"
#include "lane/log_sink.h"
#include "lane/record_source.h"

namespace weir {

/// A small file that outlives a crash and says which records a lane was working on, so that one that crashes the process each
/// time can be found and set aside (docs/adr/0017-quarantine.md).
///
/// A lane notes the offsets of its batch before it works on it: some stores into memory that is mapped to the file. A handler of the
/// signals of crashes (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) marks the note of the thread that crashed; other ends, kill -9 among
/// them, mark nothing. At the next start the marked records are suspects, and a lane works on them one by one; the
/// record at which the process has crashed as often as allowed is quarantined.
///
/// One process at a time uses a file. open() and the destructor belong to one thread; each guard to its lane's thread.
class CrashJournal {
 public:
  static constexpr size_t kLanesMax = 128;
  static constexpr size_t kRangesMax = 256;       ///< partitions of a batch; what is beyond is not noted
  static constexpr size_t kSuspectsMax = 256;     ///< the oldest is forgotten first
  static constexpr size_t kQuarantinedMax = 256;  ///< kept for repetitions (restores); the oldest is forgotten first

  /// Records of one partition, from `first` to `last`.
  struct Range {
    uint64_t topic = 0;  ///< hash of its name
    int32_t partition = 0;
    int64_t first = 0, last = 0;
    uint32_t crashes = 0;  ///< of a suspect or quarantined one
    int32_t signal = 0;    ///< of the last
  };

  class Guard;

  /// Opens or creates `<directory>/crashes-<group>.journal`, or `-2`, `-3` … while another process has it; and takes in
  /// what the last process left. A file that is no journal, or a damaged one, begins afresh. Fails when the folder cannot be written; with
  /// kLimit when there is no space for it: then one can do without.
  static Result<std::unique_ptr<CrashJournal>> open(const std::string& directory, const std::string& group,
                                                    uint32_t crashes_max, LogSink log);
  ~CrashJournal();
  CrashJournal(const CrashJournal&) = delete;
  CrashJournal& operator=(const CrashJournal&) = delete;

  /// For lane number `lane` with these topics; null beyond kLanesMax. The journal must outlive it.
  std::unique_ptr<Guard> guard(size_t lane, const TopicTable& topics);

  [[nodiscard]] std::vector<Range> suspects() const;
  [[nodiscard]] std::vector<Range> quarantined() const;

 private:
  struct Slot;
  struct File;

  CrashJournal(int descriptor, File* file, uint32_t crashes_max, LogSink log);
  void take_in();
  void take_in(Range crashed);
  void store();

  const int descriptor_;
  File* const file_;
  const uint32_t crashes_max_;
  const LogSink log_;
  mutable std::mutex mutex_;
  std::vector<Range> suspects_, quarantined_;  // guarded by mutex_
  std::atomic<bool> any_{false};               // there are some
};

/// One lane's part of the journal.
class CrashJournal::Guard {
 public:
  Guard(CrashJournal& journal, Slot& slot, TopicTable topics);
  ~Guard();
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  /// Once, on the lane's thread: crashes of this thread are the lane's from here on.
  void attach();
  /// The thread ends, or goes on without being watched.
  void detach();

  /// The lane works on these records until leave(). Costs a comparison a record. False: suspects or quarantined records may be
  /// among them, and they must be worked on one by one.
  bool enter(std::span<const InputRecord> batch);
  void leave();

  /// How often the process crashed at this record if it is quarantined, and by which signal last; 0 crashes: it is not.
  struct Verdict {
    uint32_t crashes = 0;
    int32_t signal = 0;
  };
  [[nodiscard]] Verdict quarantined(const InputRecord& record);
  /// These offsets are committed: suspects before them were innocent.
  void passed(std::span<const PartitionOffset> committed);

 private:
  CrashJournal& journal_;
  Slot& slot_;
  [[nodiscard]] uint64_t hash_of(uint16_t topic);

  TopicTable topics_;
  std::vector<uint64_t> hashes_;  // of the topics that records have come from so far, by number
  std::vector<char> stack_;       // for the handler: a crash may be that of a stack that is full
};

}  // namespace weir
