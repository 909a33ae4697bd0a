#pragma once

#include <string>

#include "app/verdicts/verdict.h"
#include "base/result.h"
#include "kafka/client_options.h"
#include "lane/patience.h"

namespace weir {

/// The compacted topic of verdicts. Every function blocks: while the brokers do not answer for 10 s at most,
/// and no longer than its patience lasts.

/// Makes the topic if it is missing and the configuration lets weir make topics.
Status ensure_verdict_topic(const ClientOptions& options, const KafkaTopics& topics);

/// Whether there is such a topic; one that may not be seen is none.
Result<bool> has_verdict_topic(const ClientOptions& options, const std::string& topic, Patience& patience);

/// What it holds now; nothing when there is no such topic.
Result<VerdictBook> read_verdicts(const ClientOptions& options, const std::string& topic, Patience& patience);

}  // namespace weir
