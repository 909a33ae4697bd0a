#pragma once

#include <string_view>

// Every metric that weir exports: its name, what it means, and the names of its labels. docs/metrics.md explains them; a test
// keeps the two together. Labels take their values from fixed sets (enumerations, configured topics, partitions), never from
// a client, an address or a path, so that traffic cannot make the number of series grow.
namespace weir::metric {

struct Name {
  std::string_view name;
  std::string_view help;
};

// The detect stage.
inline constexpr Name kRecords{"weir_records_total",
                               "Records read from the requests topics, the rejected ones included."};
inline constexpr Name kRecordBytes{"weir_record_bytes_total", "Payload bytes of the records read."};
inline constexpr Name kParseErrors{"weir_parse_errors_total", "Records that could not become an event, by reason."};
inline constexpr Name kRuleHits{"weir_rule_hits_total", "Rule hits by category; one record may hit several rules."};
inline constexpr Name kPolicyViolations{"weir_policy_violations_total",
                                        "What records had that their route's policy does not allow, by rule."};
inline constexpr Name kExcludedHits{"weir_excluded_hits_total",
                                    "Rule hits and violations that an exclusion of the policy took away."};
inline constexpr Name kResponseFaults{"weir_response_faults_total",
                                      "Responses whose headers lack or reveal something, by what."};
inline constexpr Name kMalicious{"weir_malicious_records_total", "Records whose request score reached the threshold."};
inline constexpr Name kRepaired{"weir_utf8_repaired_records_total", "Records in which invalid UTF-8 was replaced."};
inline constexpr Name kTruncated{"weir_truncated_records_total", "Records with a field longer than what is scanned."};
inline constexpr Name kDroppedLines{"weir_dropped_lines_total",
                                    "Lines of decoded text that were not scanned because a record had too much of it."};
inline constexpr Name kBotUserAgents{"weir_bot_user_agents_total", "Records with the user agent of a bot or tool."};
inline constexpr Name kScanFailures{"weir_scan_failures_total", "Scans that the pattern matcher refused or aborted."};
inline constexpr Name kCappedScans{"weir_capped_scans_total",
                                   "Records that matched so often that their scan was ended early; hits so far count."};
inline constexpr Name kExpressionLimits{"weir_expression_limits_total",
                                        "Records in which a regular expression gave up, which counts as a match."};
inline constexpr Name kExclusionsLeftOut{"weir_exclusions_left_out_total",
                                         "Exclusions that were not applied because a record had too many of them."};
inline constexpr Name kRecordSeconds{"weir_record_seconds", "Detect time per record, averaged within each batch."};

// Both stages.
inline constexpr Name kStageSeconds{"weir_stage_seconds_total",
                                    "Time spent in each step of the pipeline, over all lanes."};

// The score stage.
inline constexpr Name kObservations{"weir_observations_total", "Records scored: one observation each."};
inline constexpr Name kObservationBlocks{"weir_observation_blocks_total", "Blocks read from the observations topic."};
inline constexpr Name kBadBlocks{"weir_bad_observation_blocks_total",
                                 "Blocks of the observations topic that could not be read."};
inline constexpr Name kAlerts{"weir_alerts_total", "Alerts published, by kind and severity."};
inline constexpr Name kAlertsSuppressed{"weir_alerts_suppressed_total",
                                        "Records counted into an open episode without an alert of their own."};
inline constexpr Name kBurstsLate{"weir_burst_late_records_total",
                                  "Records that came too late to be counted for bursts."};
inline constexpr Name kClients{"weir_clients", "Clients in the client tables."};
inline constexpr Name kClientsEvicted{"weir_clients_evicted_total",
                                      "Clients forgotten because a client table was full."};
inline constexpr Name kClientsExpired{"weir_clients_expired_total", "Clients forgotten because they were idle."};
inline constexpr Name kStateBytes{"weir_state_bytes", "Memory of the client tables and the correlations."};
inline constexpr Name kCorrelationEvents{"weir_correlation_events_total",
                                         "Records and results of others that correlations took in."};
inline constexpr Name kCorrelationLate{"weir_correlation_late_events_total",
                                       "Records that came too late for their correlation's group."};
inline constexpr Name kCorrelationGroups{"weir_correlation_groups", "Groups that correlations remember."};
inline constexpr Name kCorrelationGroupsEvicted{"weir_correlation_groups_evicted_total",
                                                "Groups of correlations forgotten for lack of room."};
inline constexpr Name kEpisodesOpen{"weir_episodes_open", "Alert episodes that are open."};
inline constexpr Name kRestores{"weir_state_restores_total", "Partitions whose client state was restored."};
inline constexpr Name kRestoreSeconds{"weir_state_restore_seconds_total", "Time spent reading stored client state."};
inline constexpr Name kReplayed{"weir_replayed_observations_total",
                                "Observations read again, muted, to complete restored client state."};
inline constexpr Name kSnapshotChunks{"weir_snapshot_chunks_total", "Chunks of client state written to Kafka."};
inline constexpr Name kSnapshotBytes{"weir_snapshot_bytes_total", "Bytes of client state written to Kafka."};
inline constexpr Name kChunksDamaged{"weir_state_chunks_damaged_total",
                                     "Stored chunks of client state that could not be used."};
inline constexpr Name kChunksLost{"weir_state_chunks_lost_total",
                                  "Chunks of client state that retention of the observations made useless."};

// Kafka; by stage unless said otherwise.
inline constexpr Name kEndToEndSeconds{
    "weir_end_to_end_seconds",
    "From the broker's append of a record to its word that the alert is stored (all lanes)."};
inline constexpr Name kConsumed{"weir_consumed_messages_total", "Kafka messages consumed, by stage."};
inline constexpr Name kConsumedBytes{"weir_consumed_bytes_total", "Bytes of the Kafka messages consumed, by stage."};
inline constexpr Name kProduced{"weir_produced_messages_total", "Kafka messages produced, by stage."};
inline constexpr Name kProducedBytes{"weir_produced_bytes_total", "Bytes of the Kafka messages produced, by stage."};
inline constexpr Name kDeliveryErrors{"weir_delivery_errors_total",
                                      "Messages that the broker or the client library gave up, by stage."};
inline constexpr Name kQueueFullWaits{"weir_queue_full_waits_total",
                                      "Waits of a lane because its output queue was full, by stage."};
inline constexpr Name kConsumerLag{"weir_consumer_lag_records",
                                   "Messages of an assigned partition that are still to be consumed."};
inline constexpr Name kAssignedPartitions{"weir_assigned_partitions", "Partitions assigned to this process, by stage."};
inline constexpr Name kRebalances{"weir_rebalances_total", "Assignments received from the consumer group, by stage."};
inline constexpr Name kCommits{"weir_commits_total",
                               "Commits of consumed offsets with all that was produced for them, by stage."};
inline constexpr Name kTransactionsCommitted{"weir_transactions_committed_total",
                                             "Kafka transactions committed, by stage."};
inline constexpr Name kTransactionsAborted{"weir_transactions_aborted_total",
                                           "Kafka transactions aborted, or given up, by stage."};
inline constexpr Name kProducerRenewals{"weir_producer_renewals_total",
                                        "Transactional producers given up and made anew, by stage."};
inline constexpr Name kConsumerRenewals{"weir_consumer_renewals_total",
                                        "Consumers made anew because the old one was of no use any more, by stage."};
inline constexpr Name kCommitFailures{"weir_commit_failures_total", "Commits that failed, by stage."};
inline constexpr Name kOutputRetries{"weir_output_retries_total",
                                     "Batches whose output was given up and made again, by stage."};
inline constexpr Name kStaleRecords{"weir_stale_records_total",
                                    "Messages below the next expected offset, dropped, by stage."};
inline constexpr Name kOffsetGaps{"weir_offset_gaps_total",
                                  "Offsets passed over (compaction, transaction markers, retention), by stage."};
inline constexpr Name kOffsetResets{"weir_offset_resets_total", "Committed offsets that were out of range, by stage."};
inline constexpr Name kRecordsLost{"weir_records_lost_total",
                                   "Messages that retention removed before they were read, by stage."};
inline constexpr Name kClientErrors{"weir_kafka_client_errors_total",
                                    "Errors reported by the Kafka client library, by stage."};
inline constexpr Name kDeadLetters{"weir_dead_letters_total", "Records written to the dead-letter topic."};
inline constexpr Name kQuarantined{"weir_quarantined_records_total",
                                   "Records set aside because the process had crashed at them again and again."};
inline constexpr Name kDeadLettersTruncated{"weir_dead_letters_truncated_total",
                                            "Dead letters without their payload, because the broker refused its size."};

// Rules and the process.
inline constexpr Name kRuleReloads{"weir_rule_reloads_total", "Reloads of the rules, by result."};
inline constexpr Name kRulesLoaded{"weir_rules_loaded", "Rules in force."};
inline constexpr Name kLastReload{"weir_rules_last_reload_successful",
                                  "1 if the newest reload of the rules succeeded, or none was asked for; else 0."};
inline constexpr Name kRulesInfo{"weir_rules_info", "Always 1; the label says which rule set is in force."};
inline constexpr Name kBuildInfo{"weir_build_info", "Always 1; the labels say which build runs."};
inline constexpr Name kProcessCpu{"process_cpu_seconds_total", "User and system CPU time."};
inline constexpr Name kProcessResident{"process_resident_memory_bytes", "Resident memory."};
inline constexpr Name kProcessVirtual{"process_virtual_memory_bytes", "Virtual memory."};
inline constexpr Name kProcessOpenFds{"process_open_fds", "Open file descriptors."};
inline constexpr Name kProcessMaxFds{"process_max_fds", "Limit of open file descriptors."};
inline constexpr Name kProcessStart{"process_start_time_seconds", "Start of the process, seconds since the epoch."};
inline constexpr Name kProcessThreads{"process_threads", "Threads of the process."};

namespace label {
inline constexpr std::string_view kReason = "reason";
inline constexpr std::string_view kCategory = "category";
inline constexpr std::string_view kKind = "kind";
inline constexpr std::string_view kRule = "rule";
inline constexpr std::string_view kFault = "fault";
inline constexpr std::string_view kSeverity = "severity";
inline constexpr std::string_view kStage = "stage";
inline constexpr std::string_view kTopic = "topic";
inline constexpr std::string_view kPartition = "partition";
inline constexpr std::string_view kResult = "result";
inline constexpr std::string_view kFingerprint = "fingerprint";
inline constexpr std::string_view kVersion = "version";
inline constexpr std::string_view kLibrdkafka = "librdkafka";
inline constexpr std::string_view kHyperscan = "hyperscan";
}  // namespace label

}  // namespace weir::metric
