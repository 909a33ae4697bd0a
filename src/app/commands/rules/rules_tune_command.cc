#include "app/commands/rules/rules_tune_command.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <set>

#include "app/alerts/alert_hits.h"
#include "app/alerts/alert_selection.h"
#include "app/commands/rules/tune_report.h"
#include "app/commands/setup_options.h"
#include "app/scan/judged_requests.h"
#include "app/setup/exit_code.h"
#include "app/setup/policy_additions.h"
#include "app/setup/report.h"
#include "app/terminal/terminal.h"
#include "config/policy/policy_writer.h"
#include "rules/loader.h"
#include "workbench/draft/draft_request.h"
#include "workbench/tune/false_alarm.h"

namespace weir {
namespace {

constexpr int kDaysDefault = 90, kDaysMax = 3'650;
constexpr size_t kExclusionsDefault = 8;

struct TuneArguments {
  SetupArguments setup;
  AlertSelection alerts;
  std::vector<std::string> record_files, range_files;  ///< "-" is standard input
  std::string comment;
  int days = kDaysDefault;
  size_t exclusions_max = kExclusionsDefault;
  bool as_json = false;

  [[nodiscard]] bool has_alerts() const { return !alerts.file.empty() || !alerts.ids.empty(); }
};

int report_failure(const Error& error) {
  std::fprintf(stderr, "weir rules tune: %s\n", error.to_string().c_str());
  return kExitFailed;
}

/// The false alarms: their hits, and how they are known when they are met again.
struct FalseAlarms {
  std::vector<FalseHit> hits;
  std::set<std::string> requests;            ///< digests of those given as records
  std::map<std::string, std::string> paths;  ///< of the alerts' evidence, by the request's id

  /// All of what was sent, so that no other request is taken for it.
  static std::string key_of(const Event& event) {
    const DraftRequest request(event);
    std::string key;
    for (const auto* part : {&request.method, &request.host, &request.path, &request.query, &request.body,
                             &request.content_type, &request.cookie, &request.user_agent, &request.referer})
      key += *part + '\0';
    for (const auto& [name, value] : request.headers)
      key += name + '\0' + value + '\0';
    return key;
  }

  [[nodiscard]] bool holds(const Event& event) const {
    if (requests.contains(key_of(event))) return true;
    // Clients may choose the id, so that alone it says too little; a masked path cannot be compared.
    const auto known = paths.find(std::string(event.request_id));
    return known != paths.end() && (known->second == event.path || known->second.find("***") != std::string::npos);
  }
};

/// The evidence's requests that have an id.
void add_requests(const AlertView& alert, std::map<std::string, std::string>& paths) {
  const auto* evidences = alert.at("/evidences", "/weir/none");
  const size_t count = evidences != nullptr && evidences->is_array() ? evidences->size() : 1;
  for (size_t i = 0; i < count; ++i) {
    const auto text = [&](const char* below, const char* ecs) {
      return alert.text(("/evidences/" + std::to_string(i) + below).c_str(), i == 0 ? ecs : "/weir/none");
    };
    if (const auto id = text("/http_request/uid", "/http/request/id"); !id.empty())
      paths[id] = text("/http_request/url/path", "/url/path");
  }
}

/// The whole command: gathers, proposes, tries.
class Tuning {
 public:
  Tuning(const TuneArguments& arguments, const CommandSetup& setup) : arguments_(arguments), setup_(setup) {}

  Status gather() {
    if (arguments_.has_alerts())
      if (Status read = gather_alerts(); !read) return read;
    const auto take = [this](RecordJudge& judge, JudgedRecord& record, const RecordPlace& place) {
      gather_record(judge, record, place);
    };
    if (!arguments_.record_files.empty())
      if (Status read = read_files(arguments_.record_files, take); !read) return read;
    if (alarms_.paths.empty() || !range_can_be_read_twice()) return {};
    // The requests of the alerts, where the range has them: an alert shows each rule once, where it hit first.
    return read_files(arguments_.range_files, [&](RecordJudge& judge, JudgedRecord& record, const RecordPlace& place) {
      if (alarms_.holds(record.event)) take(judge, record, place);
    });
  }

  /// False when there is nothing to propose; the notes say why.
  bool propose() {
    if (alarms_.hits.empty()) return false;
    const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
    const EventTime expires(today + std::chrono::days(arguments_.days + 1));
    for (const ExclusionWidth width :
         {ExclusionWidth::kParameter, ExclusionWidth::kRoute, ExclusionWidth::kHost, ExclusionWidth::kClientParameter})
      if (!add_proposal(width, expires)) return false;
    put_many_exclusions_behind();
    return true;
  }

  Status try_all() {
    std::vector<std::shared_ptr<const Policy>> policies;
    for (const auto& proposal : findings_.proposals)
      policies.push_back(proposal.compiled);
    const Policy* in_force = setup_.config.policy.get();
    auto trial = ExclusionTrial::create(analyzer_options(setup_.config), setup_.rules, policies,
                                        in_force == nullptr ? 0 : in_force->spec().exclusions.size());
    if (!trial) return tl::unexpected<Error>(trial.error());
    Diagnostics findings;  // the rules were loaded before
    const auto rules = load_rules(setup_.rule_directories, findings);
    if (Status tried = trial->try_examples(rules, setup_.config.policy); !tried) return tried;
    if (Status tried = try_records(*trial); !tried) return tried;
    if (Status tried = try_range(*trial); !tried) return tried;
    findings_.effects = trial->effects();
    for (size_t i = 0; i < findings_.effects.size() && !findings_.chosen; ++i)
      if (findings_.effects[i].is_fine()) findings_.chosen = i;
    return {};
  }

  /// Whether there are alerts whose requests nobody has seen.
  [[nodiscard]] bool has_unproven_alerts() const {
    return arguments_.has_alerts() && findings_.alarms_again == 0 && arguments_.record_files.empty();
  }
  [[nodiscard]] TuneFindings& findings() { return findings_; }

 private:
  Status gather_alerts() {
    Interruption interruption;
    AlertHits alerts({}, arguments_.comment);
    const Status read = read_alerts(setup_.config, arguments_.alerts, interruption, [&](const AlertView& alert) {
      if (!alerts.add(alert)) return;
      add_requests(alert, alarms_.paths);
      ++findings_.alarms;
    });
    findings_.notes = alerts.notes();
    alarms_.hits = alerts.hits();
    return read;
  }

  [[nodiscard]] bool range_can_be_read_twice() const {
    const auto& files = arguments_.range_files;
    return !files.empty() && std::find(files.begin(), files.end(), "-") == files.end();
  }

  void gather_record(RecordJudge& judge, JudgedRecord& record, const RecordPlace& place) {
    const FalseAlarm alarm = find_false_hits(judge, record);
    const std::string where = printable(place.text());
    if (!alarm.is_malicious) {
      findings_.notes.push_back(where +
                                " is not malicious by the rules and the policy in force: there is nothing to end");
      return;
    }
    ++findings_.alarms;
    alarms_.requests.insert(FalseAlarms::key_of(record.event));
    if (!alarm.is_ended)
      findings_.notes.push_back(
          where + " is malicious by violations of the policy, which no exclusion of rules ends: change its route");
    for (FalseHit hit : alarm.hits) {
      hit.comment = arguments_.comment.empty() ? "false alarm " + where : arguments_.comment;
      alarms_.hits.push_back(std::move(hit));
    }
  }

  bool add_proposal(ExclusionWidth width, EventTime expires) {
    ExclusionDraft draft(setup_.config.policy, width, expires);
    for (const FalseHit& hit : alarms_.hits)
      draft.add(hit);
    TuneProposal proposal{width, draft.spec(), print_policy(draft.spec()), nullptr};
    const auto is_same = [&](const TuneProposal& other) { return other.policy == proposal.policy; };
    if (std::any_of(findings_.proposals.begin(), findings_.proposals.end(), is_same)) return true;
    proposal.compiled = with_additions(setup_.config.policy.get(), proposal.policy, "the exclusions",
                                       setup_.config.rules.options.security_level);
    if (!proposal.compiled) return false;
    findings_.proposals.push_back(std::move(proposal));
    return true;
  }

  /// What needs more exclusions than a person reads comes after what is wider and needs fewer; those of single clients come last.
  void put_many_exclusions_behind() {
    const auto is_short = [&](const TuneProposal& proposal) {
      return proposal.width != ExclusionWidth::kClientParameter &&
             proposal.spec.exclusions.size() <= arguments_.exclusions_max;
    };
    std::stable_partition(findings_.proposals.begin(), findings_.proposals.end(), is_short);
  }

  Status try_records(ExclusionTrial& trial) {
    if (arguments_.record_files.empty()) return {};
    return read_files(arguments_.record_files, [&](RecordJudge& judge, JudgedRecord& record, const RecordPlace& place) {
      judge.judge(record);
      if (record.detection.malicious) trial.take_false_alarm(record, place.text());
    });
  }

  Status try_range(ExclusionTrial& trial) {
    findings_.has_range = !arguments_.range_files.empty();
    if (!findings_.has_range) return {};
    return read_files(arguments_.range_files, [&](RecordJudge& judge, JudgedRecord& record, const RecordPlace& place) {
      ++findings_.requests;
      judge.judge(record);
      const bool is_malicious = record.detection.malicious;
      if (is_malicious && alarms_.holds(record.event)) {
        ++findings_.alarms_again;
        trial.take_false_alarm(record, place.text());
        return;
      }
      findings_.attacks += is_malicious ? 1 : 0;
      trial.take(record, is_malicious, place.text());
    });
  }

  Status read_files(const std::vector<std::string>& files, JudgedRequests::Take take) {
    JudgedRequests requests(Judgement(setup_.rules, setup_.config.policy), std::move(take));
    Interruption interruption;
    ProgressBar progress;
    FileFeed feed("rules tune", setup_.config, analyzer_options(setup_.config), {}, Reading::kToEnd, requests,
                  interruption, progress);
    feed.run(files);
    progress.finish();
    if (feed.something_was_read(0) && !feed.has_failed() && !interruption.requested()) return {};
    return fail(ErrorCode::kIo, "input", "not all of it could be read, so nothing is proposed");
  }

  const TuneArguments& arguments_;
  const CommandSetup& setup_;
  FalseAlarms alarms_;
  TuneFindings findings_;
};

int print(const TuneFindings& findings, bool as_json) {
  if (as_json) {
    std::fputs(tune_json(findings).c_str(), stdout);
  } else {
    print_tune_report(findings);
    if (findings.chosen)
      std::printf("# Made by weir rules tune. Read it, then name this file under policy.files and reload.\n%s",
                  findings.proposals[*findings.chosen].policy.c_str());
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) return kExitFailed;
  return findings.chosen ? kExitFine : kExitFailed;
}

Status check(const TuneArguments& arguments) {
  if (!arguments.has_alerts() && arguments.record_files.empty())
    return fail(
        ErrorCode::kInvalidArgument, "rules tune",
        "say what was a false alarm: --from-alert FILE or --alert ID, or the requests themselves: --from-record FILE");
  const auto is_input = [](const std::string& file) { return file == "-"; };
  // Records are read a second time to see what the exclusions do to them.
  if (std::any_of(arguments.record_files.begin(), arguments.record_files.end(), is_input))
    return fail(ErrorCode::kInvalidArgument, "rules tune",
                "--from-record is read twice: give a file, not standard input");
  const auto inputs = std::count_if(arguments.range_files.begin(), arguments.range_files.end(), is_input);
  if (inputs + (is_input(arguments.alerts.file) ? 1 : 0) > 1)
    return fail(ErrorCode::kInvalidArgument, "rules tune", "standard input (-) can be read once only");
  return {};
}

int run_rules_tune(const TuneArguments& arguments) {
  if (Status checked = check(arguments); !checked) return report_usage_error(checked.error());
  const auto setup = prepare_command(arguments.setup);
  if (!setup) return report_usage_error(setup.error());
  Tuning tuning(arguments, *setup);
  if (Status gathered = tuning.gather(); !gathered) {
    print_tune_report(tuning.findings());
    return report_failure(gathered.error());
  }
  if (tuning.propose())
    if (Status tried = tuning.try_all(); !tried) return report_failure(tried.error());
  if (tuning.has_unproven_alerts())
    tuning.findings().notes.push_back(
        "an alert shows each rule once, where it hit first, so whether these are ended is not sure: the requests "
        "themselves can be judged again (--from-record, or in --against)");
  if (setup->config.policy == nullptr)
    tuning.findings().notes.push_back(
        "no policy was in force: with the first one its default limits hold, too (docs/policy.md)");
  return print(tuning.findings(), arguments.as_json);
}

}  // namespace

void add_rules_tune(CLI::App& rules, int& exit_code) {
  auto arguments = std::make_shared<TuneArguments>();
  auto* command = rules.add_subcommand(
      "tune", "Propose the narrowest exclusions that end false alarms and lose no attack, as a policy file");
  add_setup_options(
      *command, arguments->setup,
      "Form of the records (weir profiles list), or the path of a profile of your own; else it is recognised");
  const auto add_list = [&](const char* name, std::vector<std::string>& list, const char* help, const char* text) {
    return command->add_option(name, list, help)
        ->option_text(text)
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  command
      ->add_option("--from-alert", arguments->alerts.file,
                   "False alarms as they were published, one a line (weir alerts list --json); - is standard input")
      ->option_text("FILE");
  add_list("--alert", arguments->alerts.ids, "A false alarm by its id, or the beginning of it; may be repeated", "ID");
  command->add_option("--topic", arguments->alerts.topic, "Where it stands, instead of kafka.topics.alerts")
      ->option_text("NAME");
  add_list("--from-record", arguments->record_files,
           "Requests that were false alarms, a line each; may be repeated. They are judged again with the exclusions",
           "FILE");
  add_list("--against", arguments->range_files,
           "Requests with attacks, all of which must still be found; may be repeated. False alarms among them are "
           "known again",
           "FILE");
  command->add_option("--at-most", arguments->exclusions_max, "Rather a wider exclusion than more than so many (8)")
      ->check(CLI::Range(size_t{1}, size_t{1000}))
      ->option_text("NUMBER");
  command->add_option("--days", arguments->days, "How long they hold from today on (90)")
      ->check(CLI::Range(1, kDaysMax))
      ->option_text("DAYS");
  command->add_option("--comment", arguments->comment, "Who needs it and why; without it which false alarm it was")
      ->option_text("TEXT");
  command->add_flag("--json", arguments->as_json, "All proposals and what they would do as JSON");
  command->footer(
      "Tried in this order: the rule on the route, in the parameter and place of the hit; the rule on the route; the "
      "rule "
      "on\nthe host; the first for the alarm's client only. The first that ends every false alarm and loses no attack "
      "is "
      "taken.\n"
      "Examples: weir rules tune -c weir.yaml --alert 0f4f0d1c --against yesterday.log > policy.d/editor.yaml\n"
      "          weir rules tune --from-record false.ndjson --against attacks.ndjson --json | jq .proposals\n"
      "Exit codes: 0 fine, 1 no exclusion does it or something could not be read, 2 wrong usage or configuration.");
  command->callback([arguments, &exit_code] { exit_code = run_rules_tune(*arguments); });
}

}  // namespace weir
