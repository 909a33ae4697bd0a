#include "app/commands/rules/tuning.h"

#include <algorithm>
#include <chrono>

#include "app/alerts/alert_hits.h"
#include "app/commands/rules/draft_neighbours.h"
#include "app/setup/policy_additions.h"
#include "app/setup/report.h"
#include "app/terminal/terminal.h"
#include "base/siphash.h"
#include "config/policy/policy_writer.h"
#include "rules/loader.h"
#include "workbench/draft/draft_request.h"
#include "workbench/draft/rule_draft.h"
#include "workbench/flat_profile.h"
#include "workbench/tune/false_alarm.h"
#include "workbench/tune/filter_draft.h"

namespace weir {
namespace {

constexpr size_t kTextsMax = 64;  // of false alarms, for a filter

/// Of all that was sent, so that no other request is taken for it.
std::pair<uint64_t, uint64_t> digest_of(const Event& event) {
  const DraftRequest request(event);
  std::string text;
  for (const auto* part : {&request.method, &request.host, &request.path, &request.query, &request.body,
                           &request.content_type, &request.cookie, &request.user_agent, &request.referer})
    text += *part + '\0';
  for (const auto& [name, value] : request.headers)
    text += name + '\0' + value + '\0';
  return {siphash({1, 2}, text), siphash({3, 4}, text)};
}

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

}  // namespace

bool FalseAlarms::holds(const Event& event) const {
  if (requests.contains(digest_of(event))) return true;
  // Clients may choose the id, so that alone it says too little; a masked path cannot be compared.
  const auto known = paths.find(std::string(event.request_id));
  return known != paths.end() && (known->second == event.path || known->second.find("***") != std::string::npos);
}

Status Tuning::gather() {
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

bool Tuning::propose() {
  if (alarms_.hits.empty()) return false;
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  const EventTime expires(today + std::chrono::days(arguments_.days + 1));
  for (const ExclusionWidth width :
       {ExclusionWidth::kParameter, ExclusionWidth::kRoute, ExclusionWidth::kHost, ExclusionWidth::kClientParameter})
    if (!add_proposal(width, expires)) return false;
  put_many_exclusions_behind();
  return true;
}

Status Tuning::try_all() {
  std::vector<Judgement> proposals;
  for (const auto& proposal : findings_.proposals)
    proposals.emplace_back(setup_.rules, proposal.compiled);
  auto trial = ExclusionTrial::create(analyzer_options(setup_.config), in_force(), proposals);
  if (!trial) return tl::unexpected<Error>(trial.error());
  Diagnostics findings;  // the rules were loaded before
  const auto rules = load_rules(setup_.rule_directories, findings);
  std::set<std::string> ids;
  for (const FalseHit& hit : alarms_.hits)
    ids.insert(hit.rule);
  if (Status tried = trial->try_examples(rules, ids); !tried) return tried;
  if (Status tried = try_on_requests(*trial); !tried) return tried;
  findings_.effects = trial->effects();
  for (size_t i = 0; i < findings_.effects.size() && !findings_.chosen; ++i)
    if (findings_.effects[i].is_fine()) findings_.chosen = i;
  return findings_.chosen ? Status() : try_filter(rules, ids);
}

bool Tuning::has_unproven_alerts() const {
  return arguments_.has_alerts() && findings_.alarms_again == 0 && arguments_.record_files.empty();
}

Status Tuning::gather_alerts() {
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

bool Tuning::range_can_be_read_twice() const {
  const auto& files = arguments_.range_files;
  return !files.empty() && std::find(files.begin(), files.end(), "-") == files.end();
}

void Tuning::gather_record(RecordJudge& judge, JudgedRecord& record, const RecordPlace& place) {
  const FalseAlarm alarm = find_false_hits(judge, record);
  const std::string where = printable(place.text());
  if (!alarm.is_malicious) {
    findings_.notes.push_back(where +
                              " is not malicious by the rules and the policy in force: there is nothing to end");
    return;
  }
  ++findings_.alarms;
  alarms_.requests.insert(digest_of(record.event));
  alarms_.methods.emplace(record.event.method);
  alarms_.hosts.emplace(record.event.host);
  alarms_.hides_host = alarms_.hides_host || judge.masker().hides_part_of(record.event.host);
  if (alarms_.texts.size() < kTextsMax) alarms_.texts.push_back(texts_of(record.decoded, judge.masker()));
  if (!alarm.is_ended)
    findings_.notes.push_back(
        where + " is malicious by violations of the policy, which no exclusion of rules ends: change its route");
  for (FalseHit hit : alarm.hits) {
    hit.comment = arguments_.comment.empty() ? "false alarm " + where : arguments_.comment;
    alarms_.hits.push_back(std::move(hit));
  }
}

bool Tuning::add_proposal(ExclusionWidth width, EventTime expires) {
  ExclusionDraft draft(setup_.config.policy, width, expires);
  for (const FalseHit& hit : alarms_.hits)
    draft.add(hit);
  TuneProposal proposal{std::string(to_string(width)), draft.spec(), print_policy(draft.spec()), nullptr};
  proposal.is_of_client = width == ExclusionWidth::kClientParameter;
  const auto is_same = [&](const TuneProposal& other) { return other.text == proposal.text; };
  if (std::any_of(findings_.proposals.begin(), findings_.proposals.end(), is_same)) return true;
  proposal.compiled = with_additions(setup_.config.policy.get(), proposal.text, "the exclusions",
                                     setup_.config.rules.options.security_level);
  if (!proposal.compiled) return false;
  findings_.proposals.push_back(std::move(proposal));
  return true;
}

/// What needs more exclusions than a person reads comes after what is wider and needs fewer; those of single clients come last.
void Tuning::put_many_exclusions_behind() {
  const auto is_short = [&](const TuneProposal& proposal) {
    return !proposal.is_of_client && proposal.spec.exclusions.size() <= arguments_.exclusions_max;
  };
  std::stable_partition(findings_.proposals.begin(), findings_.proposals.end(), is_short);
}

Status Tuning::try_on_requests(ExclusionTrial& trial) {
  const auto take = [&trial](RecordJudge& judge, JudgedRecord& record, const RecordPlace& place) {
    judge.judge(record);
    if (record.detection.malicious) trial.take_false_alarm(record, place.text());
  };
  if (!arguments_.record_files.empty())
    if (Status tried = read_files(arguments_.record_files, take); !tried) return tried;
  return try_range(trial);
}

Status Tuning::try_range(ExclusionTrial& trial) {
  findings_.has_range = !arguments_.range_files.empty();
  if (!findings_.has_range) return {};
  findings_.requests = findings_.attacks = findings_.alarms_again = 0;
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

/// Which requests of the range that are attacks, and which positive examples of the rules concerned, hold the clues.
Status Tuning::count_attacks(const std::vector<Rule>& rules, const std::set<std::string>& ids, Matcher& clues,
                             NeighbourCounts& counts) {
  Detection detection;
  auto judge = RecordJudge::create(flat_profile(), in_force());
  if (!judge) return tl::unexpected<Error>(judge.error());
  JudgedRecord example_record;
  Arena arena;
  for (const Rule& rule : rules) {
    if (!ids.contains(rule.id)) continue;
    for (const RuleExample& example : rule.positive_examples) {
      arena.clear();
      if (!judge->judge_alone(example.record_json, arena, example_record).ok()) continue;
      counts.add(clues_in(clues, example_record.event, example_record.decoded, detection), rule.title);
    }
  }
  return read_files(arguments_.range_files, [&](RecordJudge& in_range, JudgedRecord& record, const RecordPlace& place) {
    in_range.judge(record);
    if (record.detection.malicious && !alarms_.holds(record.event))
      counts.add(clues_in(clues, record.event, record.decoded, detection), place.text());
  });
}

/// What the false alarms share and no attack holds; empty: nothing.
Result<std::vector<Clue>> Tuning::clues_of_filter(const std::vector<Rule>& rules, const std::set<std::string>& ids) {
  std::vector<Clue> clues = find_clues(alarms_.texts);
  if (clues.empty()) return clues;
  sort_for_filter(clues);
  const auto set = compile_clues(clues);
  if (!set) return tl::unexpected<Error>(set.error());
  auto matcher = Matcher::create(*set);
  if (!matcher) return tl::unexpected<Error>(matcher.error());
  NeighbourCounts attacks;
  if (Status counted = count_attacks(rules, ids, *matcher, attacks); !counted)
    return tl::unexpected<Error>(counted.error());
  const ClueChoice choice = choose_clues(clues, attacks);
  std::vector<Clue> chosen;
  for (const size_t clue : choice.clues)
    if (choice.neighbours == 0) chosen.push_back(clues[clue]);
  return chosen;
}

/// Where attacks come in the same place as false alarms, only what they say tells them apart.
Status Tuning::try_filter(const std::vector<Rule>& rules, const std::set<std::string>& ids) {
  if (alarms_.texts.empty() || !range_can_be_read_twice()) return {};
  auto clues = clues_of_filter(rules, ids);
  if (!clues) return tl::unexpected<Error>(clues.error());
  if (clues->empty()) return {};
  FilterDraft draft;
  draft.title = arguments_.comment.empty() ? alarms_.hits.front().comment : arguments_.comment;
  draft.rules.assign(ids.begin(), ids.end());
  if (alarms_.methods.size() == 1) draft.method = *alarms_.methods.begin();
  if (alarms_.hosts.size() == 1 && !alarms_.hides_host) draft.host = *alarms_.hosts.begin();
  draft.clues = std::move(*clues);
  TuneProposal proposal{"filter", {}, print_filter(draft), setup_.config.policy};
  proposal.is_filter = true;
  Diagnostics diagnostics;
  const auto documents = load_rule_documents_with(setup_.rule_directories, proposal.text, "the filter", diagnostics);
  auto narrowed = has_errors(diagnostics)
                      ? Result<std::shared_ptr<const RuleSet>>(fail(ErrorCode::kInternal, "filter", "it is no filter"))
                      : RuleSet::compile(documents.rules, documents.correlations, setup_.rules->options(), diagnostics);
  if (!narrowed) {
    print_findings(diagnostics);
    return tl::unexpected<Error>(narrowed.error());
  }
  auto trial =
      ExclusionTrial::create(analyzer_options(setup_.config), in_force(), {Judgement(*narrowed, setup_.config.policy)});
  if (!trial) return tl::unexpected<Error>(trial.error());
  if (Status tried = trial->try_examples(rules, ids); !tried) return tried;
  if (Status tried = try_on_requests(*trial); !tried) return tried;
  findings_.proposals.push_back(std::move(proposal));
  findings_.effects.push_back(trial->effects().front());
  if (findings_.effects.back().is_fine()) findings_.chosen = findings_.effects.size() - 1;
  return {};
}

Status Tuning::read_files(const std::vector<std::string>& files, JudgedRequests::Take take) {
  JudgedRequests requests(in_force(), std::move(take));
  Interruption interruption;
  ProgressBar progress;
  FileFeed feed("rules tune", setup_.config, analyzer_options(setup_.config), {}, Reading::kToEnd, requests,
                interruption, progress);
  feed.tell_forms_once(told_);
  feed.run(files);
  progress.finish();
  if (feed.something_was_read(0) && !feed.has_failed() && !interruption.requested()) return {};
  return fail(ErrorCode::kIo, "input", "not all of it could be read, so nothing is proposed");
}

}  // namespace weir
