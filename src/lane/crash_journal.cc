#include "lane/crash_journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "base/siphash.h"

namespace weir {

/// What a lane is working on. Only its thread writes, and the signal handler on that thread.
struct CrashJournal::Slot {
  std::atomic<uint32_t> count{0};  // ranges; 0: at no record
  std::atomic<int32_t> signal{0};  // the process crashed at them
  std::array<Range, kRangesMax> ranges{};
};

/// As it is in the file; of one build, on one machine: another layout has another size or version and begins afresh.
struct CrashJournal::File {
  std::array<char, 8> magic{};
  uint32_t suspect_count = 0;
  uint32_t quarantined_count = 0;
  std::array<Range, kSuspectsMax> suspects{};
  std::array<Range, kQuarantinedMax> quarantined{};
  std::array<Slot, kLanesMax> slots{};
};

namespace {

constexpr std::array<char, 8> kMagic{'W', 'E', 'I', 'R', 'C', 'J', '0', '1'};
constexpr std::array kCrashSignals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr size_t kStackBytes = 64 << 10;
constexpr int kProcessesMax = 16;

// A signal handler has no other way to its data.
struct SlotMark {
  std::atomic<uint32_t>* count = nullptr;
  std::atomic<int32_t>* signal = nullptr;
};
thread_local SlotMark t_mark;
std::array<struct sigaction, kCrashSignals.size()> g_earlier{};

/// Marks the thread's note and lets the crash go on: to the debugger, the core dump, or whatever handled it before.
void on_crash(int signal) {
  if (t_mark.count != nullptr && t_mark.count->load(std::memory_order_relaxed) != 0)
    t_mark.signal->store(signal, std::memory_order_relaxed);
  for (size_t i = 0; i < kCrashSignals.size(); ++i) {
    if (kCrashSignals[i] == signal) sigaction(signal, &g_earlier[i], nullptr);
  }
  raise(signal);  // comes when the handler has returned
}

void install_handlers() {
  struct sigaction action {};
  action.sa_handler = on_crash;
  action.sa_flags = SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < kCrashSignals.size(); ++i)
    sigaction(kCrashSignals[i], &action, &g_earlier[i]);
}

void remove_handlers() {
  for (size_t i = 0; i < kCrashSignals.size(); ++i)
    sigaction(kCrashSignals[i], &g_earlier[i], nullptr);
}

std::string file_name(const std::string& group, int number) {
  std::string name = "crashes-";
  for (const char c : group) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    name += plain ? c : '_';
  }
  if (number > 1) name += "-" + std::to_string(number);
  return name + ".journal";
}

/// With every block of it allocated: a store into a hole of a mapped file is a SIGBUS once the disk is full.
Status allocate(int descriptor, size_t bytes) {
  struct stat status {};
  const bool whole = fstat(descriptor, &status) == 0 && status.st_size == static_cast<off_t>(bytes);
  if (!whole && ftruncate(descriptor, 0) != 0) return fail(ErrorCode::kIo, "quarantine", std::strerror(errno));
  const int error = posix_fallocate(descriptor, 0, static_cast<off_t>(bytes));
  if (error == 0) return {};
  if (!whole) static_cast<void>(ftruncate(descriptor, 0) == 0);  // the space it took is needed elsewhere
  const bool no_space = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return fail(no_space ? ErrorCode::kLimit : ErrorCode::kIo, "quarantine", std::strerror(error));
}

/// The first of the group's files that no other process has, locked.
Result<int> lock_file(const std::string& directory, const std::string& group) {
  for (int number = 1; number <= kProcessesMax; ++number) {
    const std::string path = directory + "/" + file_name(group, number);
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) {
      const bool no_space = errno == ENOSPC || errno == EDQUOT;
      return fail(no_space ? ErrorCode::kLimit : ErrorCode::kIo, "quarantine",
                  "cannot open " + path + ": " + std::strerror(errno));
    }
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
    ::close(descriptor);
  }
  return fail(ErrorCode::kIo, "quarantine",
              "every journal in " + directory + " is in use; give each process a folder of its own");
}

bool same_place(const CrashJournal::Range& a, const CrashJournal::Range& b) {
  return a.topic == b.topic && a.partition == b.partition;
}

std::string text_of(const CrashJournal::Range& range) {
  return "partition " + std::to_string(range.partition) +
         (range.first == range.last ? ", offset " + std::to_string(range.first)
                                    : ", offsets " + std::to_string(range.first) + " to " + std::to_string(range.last));
}

}  // namespace

Result<std::unique_ptr<CrashJournal>> CrashJournal::open(const std::string& directory, const std::string& group,
                                                         uint32_t crashes_max, LogSink log) {
  const auto descriptor = lock_file(directory, group);
  if (!descriptor) return tl::unexpected(descriptor.error());
  if (const Status allocated = allocate(*descriptor, sizeof(File)); !allocated) {
    ::close(*descriptor);
    return fail(allocated.error().code, "quarantine",
                "no space for the journal in " + directory + " (" + std::to_string(sizeof(File) >> 10) +
                    " KB): " + allocated.error().detail);
  }
  void* memory = mmap(nullptr, sizeof(File), PROT_READ | PROT_WRITE, MAP_SHARED, *descriptor, 0);
  if (memory == MAP_FAILED) {
    const std::string reason = std::strerror(errno);
    ::close(*descriptor);
    return fail(ErrorCode::kIo, "quarantine", "cannot map the journal in " + directory + ": " + reason);
  }
  std::unique_ptr<CrashJournal> journal(
      new CrashJournal(*descriptor, static_cast<File*>(memory), crashes_max, std::move(log)));
  journal->take_in();
  install_handlers();
  return journal;
}

CrashJournal::CrashJournal(int descriptor, File* file, uint32_t crashes_max, LogSink log)
    : descriptor_(descriptor), file_(file), crashes_max_(crashes_max), log_(std::move(log)) {}

CrashJournal::~CrashJournal() {
  remove_handlers();
  munmap(file_, sizeof(File));
  ::close(descriptor_);
}

/// What the last process left: suspects of earlier crashes, and what it was at when it crashed.
void CrashJournal::take_in() {
  File& file = *file_;
  const bool readable =
      file.magic == kMagic && file.suspect_count <= kSuspectsMax && file.quarantined_count <= kQuarantinedMax;
  if (readable) {
    suspects_.assign(file.suspects.begin(), file.suspects.begin() + file.suspect_count);
    quarantined_.assign(file.quarantined.begin(), file.quarantined.begin() + file.quarantined_count);
    for (const Slot& slot : file.slots) {
      const uint32_t count = slot.count.load();
      for (uint32_t i = 0; slot.signal.load() != 0 && i < std::min<size_t>(count, kRangesMax); ++i) {
        Range crashed = slot.ranges[i];
        crashed.signal = slot.signal.load();
        take_in(crashed);
      }
    }
  }
  for (Slot& slot : file.slots) {
    slot.count.store(0);
    slot.signal.store(0);
  }
  store();
}

void CrashJournal::take_in(Range crashed) {
  crashed.crashes = 1;
  const auto known = std::find_if(suspects_.begin(), suspects_.end(), [&](const Range& range) {
    return same_place(range, crashed) && range.first <= crashed.last && crashed.first <= range.last;
  });
  if (known != suspects_.end()) {
    // Whatever it was both times is in both.
    crashed.first = std::max(crashed.first, known->first);
    crashed.last = std::min(crashed.last, known->last);
    crashed.crashes = known->crashes + 1;
    suspects_.erase(known);
  }
  const bool guilty = crashed.first == crashed.last && crashed.crashes >= crashes_max_;
  log_(LogLevel::kError, "the last process crashed (signal " + std::to_string(crashed.signal) +
                             ") while it worked on " + text_of(crashed) + ", time " + std::to_string(crashed.crashes) +
                             " of " + std::to_string(crashes_max_) +
                             (guilty ? ": the record is quarantined" : ": it is worked on record by record"));
  (guilty ? quarantined_ : suspects_).push_back(crashed);
}

/// Into the file. The few who call it hold the mutex, or are alone.
void CrashJournal::store() {
  if (suspects_.size() > kSuspectsMax) suspects_.erase(suspects_.begin(), suspects_.end() - kSuspectsMax);
  if (quarantined_.size() > kQuarantinedMax)
    quarantined_.erase(quarantined_.begin(), quarantined_.end() - kQuarantinedMax);
  any_.store(!suspects_.empty() || !quarantined_.empty(), std::memory_order_relaxed);
  File& file = *file_;
  file.magic = {};  // until all of it stands
  std::copy(suspects_.begin(), suspects_.end(), file.suspects.begin());
  std::copy(quarantined_.begin(), quarantined_.end(), file.quarantined.begin());
  file.suspect_count = static_cast<uint32_t>(suspects_.size());
  file.quarantined_count = static_cast<uint32_t>(quarantined_.size());
  file.magic = kMagic;
}

std::unique_ptr<CrashJournal::Guard> CrashJournal::guard(size_t lane, const TopicTable& topics) {
  if (lane >= kLanesMax) return nullptr;
  return std::make_unique<Guard>(*this, file_->slots[lane], topics);
}

std::vector<CrashJournal::Range> CrashJournal::suspects() const {
  const std::lock_guard lock(mutex_);
  return suspects_;
}

std::vector<CrashJournal::Range> CrashJournal::quarantined() const {
  const std::lock_guard lock(mutex_);
  return quarantined_;
}

// --- a lane's part

CrashJournal::Guard::Guard(CrashJournal& journal, Slot& slot, TopicTable topics)
    : journal_(journal), slot_(slot), topics_(std::move(topics)) {}

uint64_t CrashJournal::Guard::hash_of(uint16_t topic) {
  while (hashes_.size() <= topic)
    hashes_.push_back(siphash({}, topics_.name(hashes_.size())));
  return hashes_[topic];
}

CrashJournal::Guard::~Guard() {
  slot_.count.store(0);
}

void CrashJournal::Guard::attach() {
  stack_.resize(kStackBytes);
  stack_t stack{};
  stack.ss_sp = stack_.data();
  stack.ss_size = stack_.size();
  WEIR_ASSERT(sigaltstack(&stack, nullptr) == 0, "a stack of 64 KB is large enough");
  t_mark = {&slot_.count, &slot_.signal};
}

void CrashJournal::Guard::detach() {
  t_mark = {};
  stack_t stack{};
  stack.ss_flags = SS_DISABLE;
  sigaltstack(&stack, nullptr);
}

bool CrashJournal::Guard::enter(std::span<const InputRecord> batch) {
  uint32_t count = 0;
  Range* range = nullptr;
  uint16_t topic = 0;
  for (const InputRecord& record : batch) {
    // Records of a partition come in runs.
    if (range == nullptr || range->partition != record.partition || topic != record.topic) {
      if (count == kRangesMax) break;
      range = &slot_.ranges[count++];
      topic = record.topic;
      range->topic = hash_of(record.topic);
      range->partition = record.partition;
      range->first = record.offset;
    }
    range->last = record.offset;
  }
  std::atomic_signal_fence(std::memory_order_release);
  slot_.count.store(count, std::memory_order_relaxed);
  if (!journal_.any_.load(std::memory_order_relaxed)) return true;
  const std::lock_guard lock(journal_.mutex_);
  const auto noted = std::span(slot_.ranges).first(count);
  const auto among_them = [&](const Range& item) {
    return std::any_of(noted.begin(), noted.end(), [&](const Range& batch_range) {
      return same_place(item, batch_range) && item.first <= batch_range.last && batch_range.first <= item.last;
    });
  };
  return std::none_of(journal_.suspects_.begin(), journal_.suspects_.end(), among_them) &&
         std::none_of(journal_.quarantined_.begin(), journal_.quarantined_.end(), among_them);
}

void CrashJournal::Guard::leave() {
  slot_.count.store(0, std::memory_order_relaxed);
}

CrashJournal::Guard::Verdict CrashJournal::Guard::quarantined(const InputRecord& record) {
  const std::lock_guard lock(journal_.mutex_);
  for (const Range& range : journal_.quarantined_) {
    if (hash_of(record.topic) == range.topic && range.partition == record.partition && range.first == record.offset)
      return {range.crashes, range.signal};
  }
  return {};
}

void CrashJournal::Guard::passed(std::span<const PartitionOffset> committed) {
  if (!journal_.any_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(journal_.mutex_);
  const size_t removed = std::erase_if(journal_.suspects_, [&](const Range& range) {
    return std::any_of(committed.begin(), committed.end(), [&](const PartitionOffset& offset) {
      return hash_of(offset.topic) == range.topic && offset.partition == range.partition && range.last < offset.offset;
    });
  });
  if (removed != 0) journal_.store();
}

}  // namespace weir
