#include "app/daemon/enrichment_watch.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace weir {
namespace {

/// For file systems that report no change: databases are large, and made anew once a day at most.
constexpr std::chrono::milliseconds kCheckInterval{300'000};

/// When the oldest of the files was written, in seconds since 1970; 0 if none can be seen.
uint64_t oldest_of(const std::vector<std::string>& files) {
  uint64_t oldest = 0;
  for (const std::string& file : files) {
    struct stat facts {};
    if (stat(file.c_str(), &facts) != 0 || facts.st_mtime <= 0) continue;
    const auto written = static_cast<uint64_t>(facts.st_mtime);
    oldest = oldest == 0 ? written : std::min(oldest, written);
  }
  return oldest;
}

}  // namespace

EnrichmentWatch::EnrichmentWatch(EnrichmentOptions options, ContentDigest known, EnrichmentSlot& slot,
                                 RuntimeCounters& counters, LogSink log)
    : options_(std::move(options)), slot_(slot), counters_(counters), log_(std::move(log)) {
  for (const std::string& line : slot_.in_force()->describe())
    log_(LogLevel::kInfo, "enrichment: " + line);
  show(*slot_.in_force());
  FileWatchOptions watch;
  watch.paths = options_.files();
  watch.known = known;
  watch.check_interval = kCheckInterval;
  watcher_ = std::make_unique<FileWatcher>(
      std::move(watch), [this] { reload(); }, log_);
}

void EnrichmentWatch::reload() {
  auto loaded = Enrichment::load(options_);
  if (!loaded) {
    counters_.enrichment_reloads_failed.add();
    log_(LogLevel::kError,
         "what addresses are enriched from is not reloaded, the old files stay in force: " + loaded.error().detail);
    return;
  }
  slot_.replace(*loaded);
  counters_.enrichment_reloads_succeeded.add();
  show(**loaded);
  for (const std::string& line : (*loaded)->describe())
    log_(LogLevel::kInfo, "enrichment reloaded: " + line);
}

void EnrichmentWatch::show(const Enrichment& in_force) {
  counters_.enrichment_databases.set(in_force.sizes().databases);
  counters_.enrichment_threat_entries.set(in_force.sizes().threat_entries);
  counters_.enrichment_crawler_entries.set(in_force.sizes().crawler_entries);
  counters_.enrichment_oldest_file.set(oldest_of(options_.files()));
}

}  // namespace weir
