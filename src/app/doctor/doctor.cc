#include "app/doctor/doctor.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <random>

#include "app/doctor/test_record.h"
#include "app/explain/explain_json.h"
#include "detect/rule_set.h"
#include "http/client.h"
#include "kafka/check/cluster_check.h"
#include "kafka/check/library_faults.h"
#include "kafka/library_version.h"
#include "kafka/single_producer.h"
#include "kafka/topic_reader.h"
#include "lane/wall_clock.h"

namespace weir {
namespace {

constexpr Milliseconds kProduceTimeout{10'000};
constexpr Milliseconds kSkewMax{2'000};

std::string random_marker() {
  std::random_device random;
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%08x%08x", random(), random());
  return digits.data();
}

class Doctor {
 public:
  Doctor(const CommandSetup& setup, const DoctorOptions& options, const std::function<void(const DoctorFinding&)>& told)
      : setup_(setup),
        options_(options),
        told_(told),
        client_{setup.config.kafka, memory_per_lane(setup.config.memory, 1), [](LogLevel, std::string_view) {}} {}

  DoctorReport run() {
    tell(DoctorVerdict::kOk,
         std::to_string(setup_.rules->rules().size()) + " rules, set " + setup_.rules->fingerprint());
    look_at_versions();
    const bool reached = look_at_cluster();
    look_at_process();
    if (options_.record == TestRecord::kNone) {
      tell(DoctorVerdict::kSkipped, "no test record was sent");
    } else if (reached) {
      send_record();
    } else {
      tell(DoctorVerdict::kSkipped, "no test record was sent, since the brokers come first");
    }
    return std::move(report_);
  }

 private:
  void tell(DoctorVerdict verdict, std::string what) {
    report_.findings.push_back({verdict, std::move(what)});
    told_(report_.findings.back());
  }

  void look_at_versions() {
    tell(DoctorVerdict::kOk, "weir " WEIR_VERSION ", matching library " + matching_library_version());
    const auto faults = library_faults();
    tell(DoctorVerdict::kOk,
         "librdkafka " + client_library_version() + ", " + std::to_string(faults.size()) + " known faults");
    for (const std::string& fault : faults) {
      const bool matters =
          fault.starts_with("SCRAM") && setup_.config.kafka.security.sasl_mechanism.starts_with("SCRAM");
      tell(matters ? DoctorVerdict::kWarning : DoctorVerdict::kOk, "librdkafka: " + fault);
    }
  }

  bool look_at_cluster() {
    const Diagnostics findings = check_cluster(setup_.config);
    for (const Diagnostic& finding : findings)
      tell(finding.severity == Diagnostic::Severity::kError ? DoctorVerdict::kFailed : DoctorVerdict::kWarning,
           finding.to_string());
    if (has_errors(findings)) return false;
    tell(DoctorVerdict::kOk, "brokers, topics, their settings and every right that is needed");
    return true;
  }

  [[nodiscard]] Result<HttpReply> ask(const std::string& path) const {
    HttpCall call;
    call.address = setup_.config.http.address;
    if (call.address == "0.0.0.0") call.address = "127.0.0.1";
    if (call.address == "::") call.address = "::1";
    call.port = setup_.config.http.port;
    call.path = path;
    call.timeout = std::chrono::seconds(10);
    return call_http(call);
  }

  /// It may run on another machine.
  void look_at_process() {
    const auto ready = ask("/-/ready");
    if (!ready) return tell(DoctorVerdict::kWarning, "no weir answers here: " + ready.error().detail);
    std::string said = ready->body.substr(0, ready->body.find('\n'));
    tell(ready->status == 200 ? DoctorVerdict::kOk : DoctorVerdict::kFailed, "the running weir: " + said);
    if (const auto metrics = ask("/metrics"); metrics && metrics->status == 200) report_.metrics = metrics->body;
    if (const auto status = ask("/-/status"); status && status->status == 200) report_.status = status->body;
  }

  /// Whether the rules here flag the record: without that no alert can be waited for.
  bool is_flagged(const std::string& record) {
    const auto explained = explain_as_json(setup_.config, Judgement(setup_.rules, setup_.config.policy), record);
    if (!explained) {
      tell(DoctorVerdict::kSkipped, "no test record was sent: one of the profile's form could not be made");
      return false;
    }
    const auto json = nlohmann::json::parse(*explained, nullptr, /*allow_exceptions=*/false);
    if (json.is_object() && json.value("malicious", false)) return true;
    tell(DoctorVerdict::kSkipped, "no test record was sent: these rules and this policy do not flag it");
    return false;
  }

  void send_record() {
    const std::string marker = random_marker();
    const auto record = doctor_record(setup_.config.input.profile, marker, format_rfc3339(wall_clock()));
    if (!record)
      return tell(DoctorVerdict::kSkipped,
                  "no test record was sent: the profile reads text, which cannot be made from it");
    if (!is_flagged(*record)) return;
    const std::array<std::string, 1> alerts{setup_.config.kafka.topics.alerts};
    auto reader = TopicReader::open(client_, alerts, TopicReader::Start::kEnd);
    if (!reader) return tell(DoctorVerdict::kFailed, reader.error().detail);
    static_cast<void>((*reader)->next(Milliseconds{2'000}));  // so that it stands at the end
    const Milliseconds sent = wall_clock().time_since_epoch();
    const auto& topics = setup_.config.kafka.topics.requests;
    const auto named = std::find_if_not(topics.begin(), topics.end(), is_topic_pattern);
    if (named == topics.end())
      return tell(DoctorVerdict::kSkipped, "no test record was sent: the configuration has patterns of topics alone");
    const std::string& topic = *named;
    const auto produced = produce_one(client_, {topic, {}, *record}, kProduceTimeout);
    if (!produced) return tell(DoctorVerdict::kFailed, "the test record cannot be written: " + produced.error().detail);
    const Milliseconds acknowledged = wall_clock().time_since_epoch();
    tell(DoctorVerdict::kOk, "test record " + marker + " written to " + topic + ", partition " +
                                 std::to_string(produced->partition) + ", offset " + std::to_string(produced->offset) +
                                 ", in " + std::to_string((acknowledged - sent).count()) + " ms");
    await_alert(**reader, marker, sent, acknowledged);
  }

  void await_alert(TopicReader& reader, const std::string& marker, Milliseconds sent, Milliseconds acknowledged) {
    while (wall_clock().time_since_epoch() - acknowledged < options_.alert_timeout) {
      const auto next = reader.next(Milliseconds{250});
      if (!next) return tell(DoctorVerdict::kFailed, "reading the alerts: " + next.error().detail);
      if (!*next || (*next)->value.find(marker) == std::string::npos) continue;
      const Milliseconds read = wall_clock().time_since_epoch(), published = (*next)->time.time_since_epoch();
      tell(DoctorVerdict::kOk,
           "its alert was published and read " + std::to_string((read - acknowledged).count()) + " ms after that");
      return look_at_clocks(sent, published, read);
    }
    tell(DoctorVerdict::kFailed, "no alert of the test record came within " +
                                     std::to_string(options_.alert_timeout.count() / 1'000) +
                                     " s: does a weir with these topics run, and get on (weir ctl status)?");
  }

  /// The time of the alert must lie between sending and reading.
  void look_at_clocks(Milliseconds sent, Milliseconds published, Milliseconds read) {
    const Milliseconds off = published < sent ? published - sent : std::max(published - read, Milliseconds{0});
    const bool far = off > kSkewMax || off < -kSkewMax;
    tell(far ? DoctorVerdict::kWarning : DoctorVerdict::kOk,
         "the clock that times the alerts is " + std::to_string(off.count()) + " ms off from this machine's");
  }

  const CommandSetup& setup_;
  DoctorOptions options_;
  const std::function<void(const DoctorFinding&)>& told_;
  ClientOptions client_;
  DoctorReport report_;
};

}  // namespace

bool DoctorReport::healthy() const {
  return std::none_of(findings.begin(), findings.end(),
                      [](const DoctorFinding& finding) { return finding.verdict == DoctorVerdict::kFailed; });
}

DoctorReport examine(const CommandSetup& setup, const DoctorOptions& options,
                     const std::function<void(const DoctorFinding&)>& told) {
  return Doctor(setup, options, told).run();
}

}  // namespace weir
