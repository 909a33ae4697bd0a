#include "app/scan/scan_report.h"

#include <nlohmann/json.hpp>

#include "app/setup/exit_code.h"
#include "app/setup/policy_report.h"
#include "app/setup/report.h"
#include "app/terminal/terminal.h"

namespace weir {
namespace {

constexpr size_t kPolicyLinesMax = 1'000;  // of exclusions, and of routes

uint64_t rejected_total(const ScanReport& report) {
  uint64_t total = 0;
  for (const auto& counter : report.detect.rejected)
    total += counter.value();
  return total;
}

uint64_t alerts_of(const ScanReport& report, AlertKind kind) {
  uint64_t total = 0;
  for (const auto& counter : report.score.alerts[static_cast<size_t>(kind)])
    total += counter.value();
  return total;
}

nlohmann::ordered_json fields_json(const std::array<Counter, kFieldCount>& counters) {
  auto fields = nlohmann::ordered_json::object();
  for (size_t i = 0; i < kFieldCount; ++i)
    if (counters[i].value() > 0)
      fields[std::string(field_name(static_cast<ProfileFieldIndex>(i)))] = counters[i].value();
  return fields;
}

double ns_per_record(const ScanReport& report, const Counter& counter) {
  const auto records = report.detect.records.value();
  return records == 0 ? 0 : static_cast<double>(counter.value()) / static_cast<double>(records);
}

nlohmann::ordered_json violations_json(const DetectCounters& counters) {
  nlohmann::ordered_json violations = nlohmann::ordered_json::object();
  for (size_t i = 0; i < kPolicyRules; ++i) {
    const uint64_t count = counters.policy_violations[i].value();
    if (count > 0) violations[std::string(info_of(static_cast<PolicyRule>(i)).id)] = count;
  }
  return violations;
}

nlohmann::ordered_json to_json(const ScanReport& report) {
  const auto& d = report.detect;
  nlohmann::ordered_json rejected = nlohmann::ordered_json::object(), hits = nlohmann::ordered_json::object();
  for (size_t i = 1; i < d.rejected.size(); ++i) {
    if (d.rejected[i].value() > 0)
      rejected[std::string(to_string(static_cast<RejectReason>(i)))] = d.rejected[i].value();
  }
  for (size_t i = 0; i < d.rule_hits.size(); ++i) {
    if (d.rule_hits[i].value() > 0) hits[std::string(to_string(static_cast<Category>(i)))] = d.rule_hits[i].value();
  }
  return {{"records", d.records.value()},
          {"bytes", d.bytes.value()},
          {"observed", d.requests.value()},
          {"passed_over", report.passed_over},
          {"rejected", rejected_total(report)},
          {"rejected_by_reason", rejected},
          {"malicious", d.malicious.value()},
          {"rule_hits_by_category", hits},
          {"policy_violations", violations_json(d)},
          {"excluded_hits", d.excluded_hits.value()},
          {"alerts", alerts_of(report, AlertKind::kAttack) + alerts_of(report, AlertKind::kAbuse) +
                         alerts_of(report, AlertKind::kCorrelation) + alerts_of(report, AlertKind::kBurst)},
          {"alerts_attack", alerts_of(report, AlertKind::kAttack)},
          {"alerts_abuse", alerts_of(report, AlertKind::kAbuse)},
          {"alerts_correlation", alerts_of(report, AlertKind::kCorrelation)},
          {"alerts_burst", alerts_of(report, AlertKind::kBurst)},
          {"alerts_suppressed", report.scorer.alerts_suppressed},
          {"episodes_open", report.scorer.episodes_open},
          {"clients", report.scorer.clients},
          {"utf8_repaired", d.utf8_repaired.value()},
          {"requests", d.requests.value()},
          {"skipped_lines", d.skipped.value()},
          {"salvaged", d.salvaged.value()},
          {"malformed", d.malformed.value()},
          {"without_time", d.without_time.value()},
          {"wrong_clocks", report.wrong_clocks},
          {"without_address", d.without_address.value()},
          {"fields_read", fields_json(d.fields_read)},
          {"fields_unread", fields_json(d.fields_unread)},
          {"truncated_records", d.truncated_records.value()},
          {"scan_failures", d.scan_failures.value()},
          {"capped_scans", d.capped_scans.value()},
          {"expression_limits", d.expression_limits.value()},
          {"exclusions_left_out", d.exclusions_left_out.value()},
          {"violations_left_out", d.violations_left_out.value()},
          {"seconds", report.seconds},
          {"records_per_second", report.seconds > 0 ? static_cast<double>(d.records.value()) / report.seconds : 0.0},
          {"ns_per_record",
           {{"parse", ns_per_record(report, d.parse_ns)},
            {"decode", ns_per_record(report, d.decode_ns)},
            {"match", ns_per_record(report, d.match_ns)},
            {"observe", ns_per_record(report, d.observe_ns)},
            {"score", ns_per_record(report, report.score.score_ns)}}}};
}

// What detection works on, and how many requests had it: a field that never comes is one that is not looked at.
void print_fields(const DetectCounters& d, std::FILE* to) {
  const uint64_t requests = d.requests.value();
  if (requests == 0) return;
  std::fprintf(to, "%s requests had:", with_separators(requests).c_str());
  for (const auto field : {kFieldTime, kFieldClientIp, kFieldMethod, kFieldHost, kFieldQuery, kFieldStatus,
                           kFieldUserAgent, kFieldReferer, kFieldCookie, kFieldBody, kFieldHeaders})
    std::fprintf(to, " %s %.0f%%", std::string(field_name(field)).c_str(),
                 100.0 * static_cast<double>(d.fields_read[field].value()) / static_cast<double>(requests));
  std::fprintf(to, "\n");
  for (size_t i = 0; i < kFieldCount; ++i)
    if (const auto unread = d.fields_unread[i].value(); unread > 0)
      std::fprintf(to, "%s could not be understood in %s requests\n",
                   std::string(field_name(static_cast<ProfileFieldIndex>(i))).c_str(), with_separators(unread).c_str());
  const auto note = [&](const Counter& counter, const char* what) {
    if (counter.value() > 0) std::fprintf(to, "%s %s\n", with_separators(counter.value()).c_str(), what);
  };
  note(d.salvaged, "requests read from damaged records");
  note(d.malformed, "requests that are no HTTP, as the server saw");
  note(d.without_time, "requests without a time that can be read");
  note(d.without_address, "requests without a client address that can be read");
  note(d.skipped, "lines that are no access log, skipped");
}

void print(const ScanReport& report, std::FILE* to) {
  const auto& d = report.detect;
  const auto number = [](uint64_t n) { return with_separators(n); };
  std::fprintf(
      to, "%s records (%s MB) in %.2f s: %s records/s\n", number(d.records.value()).c_str(),
      number(d.bytes.value() / 1'000'000).c_str(), report.seconds,
      number(report.seconds > 0 ? static_cast<uint64_t>(static_cast<double>(d.records.value()) / report.seconds) : 0)
          .c_str());
  const auto alerts = [&](AlertKind kind) { return number(alerts_of(report, kind)); };
  std::fprintf(
      to,
      "%s malicious; alerts: %s attack, %s abuse, %s burst, %s correlation; %s records counted into open episodes\n",
      number(d.malicious.value()).c_str(), alerts(AlertKind::kAttack).c_str(), alerts(AlertKind::kAbuse).c_str(),
      alerts(AlertKind::kBurst).c_str(), alerts(AlertKind::kCorrelation).c_str(),
      number(report.scorer.alerts_suppressed).c_str());
  if (const auto rejected = rejected_total(report); rejected > 0) {
    std::fprintf(to, "%s rejected:", number(rejected).c_str());
    for (size_t i = 1; i < d.rejected.size(); ++i) {
      if (d.rejected[i].value() == 0) continue;
      std::fprintf(to, " %s %s", std::string(to_string(static_cast<RejectReason>(i))).c_str(),
                   number(d.rejected[i].value()).c_str());
    }
    std::fprintf(to, "\n");
  }
  print_fields(d, to);
  if (report.wrong_clocks > 0)
    std::fprintf(to, "%s requests with times far from those around them\n", number(report.wrong_clocks).c_str());
  if (const auto passed = report.passed_over; passed > 0)
    std::fprintf(to, "%s of other times than --since and --until say\n", number(passed).c_str());
  std::fprintf(to, "ns per record: parse %.0f, decode %.0f, match %.0f, observe %.0f, score %.0f\n",
               ns_per_record(report, d.parse_ns), ns_per_record(report, d.decode_ns), ns_per_record(report, d.match_ns),
               ns_per_record(report, d.observe_ns), ns_per_record(report, report.score.score_ns));
  if (!report.policy) return;
  for (const std::string& line : policy_use_lines(*report.policy, kPolicyLinesMax))
    std::fprintf(to, "policy: %s\n", printable(line).c_str());
}

}  // namespace

int finish_scan_report(const ScanReport& report, std::FILE* summary, const std::string& json_file) {
  if (summary != nullptr) print(report, summary);
  if (!json_file.empty() && !write_file(report.command, json_file, to_json(report).dump(2) + "\n")) return kExitFailed;
  if (report.detect.scan_failures.value() > 0) {
    std::fprintf(stderr, "weir %s: the matcher failed on %s records: their verdict is unknown\n", report.command,
                 with_separators(report.detect.scan_failures.value()).c_str());
    return kExitFailed;
  }
  return kExitFine;
}

}  // namespace weir
