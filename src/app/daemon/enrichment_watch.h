#pragma once

#include <memory>

#include "app/daemon/file_watcher.h"
#include "enrich/enrichment.h"
#include "lane/log_sink.h"
#include "metrics/process_facts.h"

namespace weir {

/// Takes databases and lists into force when their files are replaced. What cannot be read is logged and counted, and what was in
/// force stays so.
///
/// Owner: the composition root. The only writer of the slot and of the counters, in the file watcher's thread.
class EnrichmentWatch {
 public:
  /// The slot holds what `options` names, as `known` says of the files. `slot` and `counters` must outlive this.
  EnrichmentWatch(EnrichmentOptions options, ContentDigest known, EnrichmentSlot& slot, RuntimeCounters& counters,
                  LogSink log);

 private:
  void reload();
  void show(const Enrichment& in_force);

  const EnrichmentOptions options_;
  EnrichmentSlot& slot_;
  RuntimeCounters& counters_;
  LogSink log_;
  std::unique_ptr<FileWatcher> watcher_;
};

}  // namespace weir
