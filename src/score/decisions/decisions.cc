#include "score/decisions/decisions.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "score/alert_id.h"
#include "score/client_check.h"

namespace weir {
namespace {

constexpr int64_t kMinuteMs = 60'000;

int64_t milliseconds(EventTime time) {
  return time.time_since_epoch().count();
}

template <NamedBits Bit>
void append_names(unsigned bits, std::string& out) {
  for (; bits != 0; bits &= bits - 1) {
    out += ' ';
    out += to_string(static_cast<Bit>(1U << std::countr_zero(bits)));
  }
}

/// "attack sqli rce, critical", "burst scanning, high".
std::string reason_of(const Alert& alert) {
  std::string text(to_string(alert.kind));
  switch (alert.kind) {
    case AlertKind::kAttack:
      for (unsigned bits = alert.categories; bits != 0; bits &= bits - 1) {
        text += ' ';
        text += to_string(static_cast<Category>(std::countr_zero(bits)));
      }
      break;
    case AlertKind::kAbuse:
      append_names<AbuseReason>(alert.verdict.reasons, text);
      break;
    case AlertKind::kBurst:
      append_names<BurstReason>(alert.burst.reasons, text);
      break;
    case AlertKind::kCorrelation:
    case AlertKind::kCount:
      break;
  }
  return text + ", " + std::string(to_string(alert.severity));
}

}  // namespace

Decisions::Decisions(std::shared_ptr<const DecisionPolicy> policy, uint32_t chunks)
    : policy_(std::move(policy)), chunks_(chunks) {
  if (!policy_) return;
  policy_digest_ = policy_->digest();
  chunk_clients_max_ = std::max<size_t>(1, (policy_->clients_max + chunks - 1) / chunks);
  budget_step_ms_ = kMinuteMs * chunks / std::max<uint32_t>(1, policy_->per_minute_max);
  budget_held_ms_ = std::max<int64_t>(kMinuteMs - budget_step_ms_, 0);
}

// --- which rule

bool Decisions::fits_any(const Alert& alert) const {
  return std::any_of(policy_->rules.begin(), policy_->rules.end(),
                     [&](const DecisionRule& rule) { return rule.fits(alert); });
}

/// True if so many came within the time.
bool Decisions::count(Counted& counted, const DecisionRule& rule, int64_t time_ms) {
  auto& times = counted.times;
  times.insert(std::upper_bound(times.begin(), times.end(), time_ms), time_ms);
  if (times.size() > rule.alerts_min) times.erase(times.begin());
  return times.size() == rule.alerts_min && times.back() - times.front() <= rule.within.count();
}

/// The first that fits and has counted enough; all that count do, whichever decides.
const DecisionRule* Decisions::rule_for(const Alert& alert, Client& client) const {
  const DecisionRule* first = nullptr;
  for (size_t i = 0; i < policy_->rules.size(); ++i) {
    const DecisionRule& rule = policy_->rules[i];
    if (!rule.fits(alert)) continue;
    bool is_ready = true;
    if (rule.alerts_min > 1) {
      const auto same = [&](const Counted& counted) { return counted.rule == i; };
      auto counted = std::find_if(client.counted.begin(), client.counted.end(), same);
      if (counted == client.counted.end()) counted = client.counted.insert(counted, {static_cast<uint16_t>(i), {}});
      is_ready = count(*counted, rule, milliseconds(alert.time));
      client.forget_ms = std::max(client.forget_ms, milliseconds(alert.time) + rule.within.count());
    }
    if (is_ready && first == nullptr) first = &rule;
  }
  return first;
}

// --- what it does

void Decisions::take(const Alert& alert, Subject subject, int64_t now_ms, int64_t budget_ms) {
  if (!policy_ || alert.phase == EpisodePhase::kClosed || !fits_any(alert)) return;
  auto acts_on = policy_->subject_of(alert.client_kind, alert.client);
  const bool is_shared = alert.client_kind == ClientKind::kAddress && is_crowded(subject, milliseconds(alert.time));
  if (!acts_on || is_shared) {
    ++counts_.spared;
    return;
  }
  Client* client = client_of(subject, alert.client_kind, alert.client);
  if (client == nullptr) {
    ++counts_.no_room;
    return;
  }
  if (const DecisionRule* rule = rule_for(alert, *client))
    answer(*client, subject, {*rule, alert, std::move(*acts_on), now_ms, budget_ms});
  if (!client->decision && client->forget_ms <= now_ms) return remove(subject);
  schedule(*client, subject);
}

/// Null if it has none.
Decisions::Client* Decisions::known_client(Subject subject, ClientKind kind, std::string_view name) {
  const auto& clients = chunks_[subject.chunk].clients;
  const auto known = clients.find(subject.client_hash);
  const bool is_same = known != clients.end() && known->second->kind == kind && known->second->name == name;
  return is_same ? known->second.get() : nullptr;
}

/// The client's entry, made if need be; null if there is no room, or if another client has the same hash.
Decisions::Client* Decisions::client_of(Subject subject, ClientKind kind, std::string_view name) {
  Chunk& chunk = chunks_[subject.chunk];
  if (chunk.clients.contains(subject.client_hash)) return known_client(subject, kind, name);
  if (chunk.clients.size() >= chunk_clients_max_ && !make_room(chunk, subject.chunk)) return nullptr;
  auto client = std::make_unique<Client>();
  client->kind = kind;
  client->name = name;
  client->due_ms = std::numeric_limits<int64_t>::min();
  ++clients_;
  return chunk.clients.emplace(subject.client_hash, std::move(client)).first->second.get();
}

/// Forgets the client without a decision in force that would be forgotten first. False if there is none.
bool Decisions::make_room(Chunk& chunk, uint32_t number) {
  std::optional<std::pair<int64_t, uint64_t>> first;
  for (const auto& [hash, client] : chunk.clients) {
    if (client->decision) continue;
    const std::pair candidate(client->forget_ms, hash);
    if (!first || candidate < *first) first = candidate;
  }
  if (!first) return false;
  ++counts_.no_room;
  remove({first->second, number});
  return true;
}

void Decisions::answer(Client& client, Subject subject, const Answer& answer) {
  const int64_t time_ms = milliseconds(answer.alert.time);
  // By the client's own times it is over, however far the traffic of others has driven the clock.
  if (client.decision && time_ms >= client.decision->until_ms) end(client, DecisionChange::What::kEnded);
  if (client.decision) {
    if (!client.decision->caller.empty()) return;  // a person's
    if (answer.rule.action > client.decision->action) return make(client, answer, DecisionChange::What::kReplaced);
    if (answer.rule.action == client.decision->action) prolong(client, answer);
    return;
  }
  if (client.times > 0 && time_ms >= client.last_until_ms + policy_->remember.count()) client.times = 0;
  if (time_ms + answer.rule.length(client.times + 1).count() <= answer.now_ms) {
    ++counts_.late;
    return;
  }
  if (!take_budget(chunks_[subject.chunk], answer.budget_ms)) {
    ++counts_.over_budget;
    return;
  }
  ++client.times;
  make(client, answer, DecisionChange::What::kMade);
}

/// In the second half of its time alone: a client that goes on is told of twice in that time at most.
void Decisions::prolong(Client& client, const Answer& answer) {
  Decision& decision = *client.decision;
  const int64_t time_ms = milliseconds(answer.alert.time);
  const int64_t length_ms = answer.rule.length(client.times).count();
  if (decision.until_ms - time_ms > length_ms / 2 || time_ms + length_ms <= decision.until_ms) return;
  decision.until_ms = time_ms + length_ms;
  client.last_until_ms = decision.until_ms;
  tell(DecisionChange::What::kRenewed, decision);
}

void Decisions::make(Client& client, const Answer& answer, DecisionChange::What what) {
  const auto& [rule, alert, subject, now_ms, budget_ms] = answer;
  Decision decision;
  std::string origin = alert.id;
  origin.append(1, '\0').append(rule.name).append(1, '\0').append(to_string(rule.action));
  decision.id = uuid_of(origin);
  decision.client_kind = alert.client_kind;
  decision.client = alert.client;
  decision.subject = subject;
  decision.action = rule.action;
  decision.rule = rule.name;
  decision.reason = reason_of(alert);
  decision.alert_id = alert.id;
  decision.from_ms = milliseconds(alert.time);
  decision.until_ms = decision.from_ms + rule.length(client.times).count();
  // What is stricter is no shorter than what it replaces: it must not free the client earlier.
  if (client.decision) decision.until_ms = std::max(decision.until_ms, client.decision->until_ms);
  decision.retry_after = rule.retry_after;
  decision.times = client.times;
  decision.is_simulated = policy_->simulate == Simulate::kOn;
  put(client, std::move(decision), what);
}

void Decisions::put(Client& client, Decision decision, DecisionChange::What what) {
  if (!client.decision) ++counts_.active;
  client.last_until_ms = decision.until_ms;
  client.decision = std::move(decision);
  tell(what, *client.decision);
}

/// A bucket of one decision, or of a minute's, that refills evenly: the number of chunks does not raise what is made in the long run.
bool Decisions::take_budget(Chunk& chunk, int64_t budget_ms) const {
  // The time may have gone back, once (PartitionClock::budget_ms): what is spent reaches no further than one decision.
  const int64_t spent_ms =
      is_spent(chunk, budget_ms) ? std::min(chunk.spent_ms, budget_ms + budget_step_ms_) : budget_ms - budget_held_ms_;
  const bool is_left = spent_ms <= budget_ms;
  chunk.spent_ms = spent_ms + (is_left ? budget_step_ms_ : 0);
  return is_left;
}

void Decisions::tell(DecisionChange::What what, const Decision& decision) {
  ++counts_.changes[static_cast<size_t>(what)];
  changes_.push_back({what, decision});
}

// --- who stands behind an address

void Decisions::note_customer(Subject address, uint64_t customer_hash, int64_t time_ms, int64_t now_ms) {
  Chunk& chunk = chunks_[address.chunk];
  auto known = chunk.companies.find(address.client_hash);
  if (known == chunk.companies.end()) {
    const bool may_sweep = chunk.swept_ms == kUnspent || now_ms - chunk.swept_ms >= kMinuteMs;
    if (chunk.companies.size() >= kCompaniesMax && may_sweep) {
      absl::erase_if(chunk.companies,
                     [&](const auto& item) { return now_ms - item.second.newest_ms >= kCompanyKeptMs; });
      chunk.swept_ms = now_ms;
    }
    if (chunk.companies.size() >= kCompaniesMax) {
      ++counts_.no_room;
      return;
    }
    known = chunk.companies.emplace(address.client_hash, Company{{}, time_ms}).first;
  }
  Company& company = known->second;
  if (time_ms - company.newest_ms >= kCompanyKeptMs) company.customers.clear();
  company.newest_ms = std::max(company.newest_ms, time_ms);
  const auto customer = static_cast<uint32_t>(customer_hash);
  auto& customers = company.customers;
  if (customers.size() > policy_->customers_max) return;
  if (std::find(customers.begin(), customers.end(), customer) == customers.end()) customers.push_back(customer);
}

bool Decisions::is_crowded(Subject address, int64_t time_ms) const {
  if (policy_->customers_max == 0) return false;
  const auto& companies = chunks_[address.chunk].companies;
  const auto known = companies.find(address.client_hash);
  return known != companies.end() && known->second.customers.size() > policy_->customers_max &&
         time_ms - known->second.newest_ms < kCompanyKeptMs;
}

std::optional<ClientDecisions> Decisions::of(Subject subject, uint64_t check) const {
  const auto& clients = chunks_[subject.chunk].clients;
  const auto known = clients.find(subject.client_hash);
  if (known == clients.end()) return std::nullopt;
  const Client& client = *known->second;
  const bool had_any = client.decision || client.times > 0;
  if (!had_any || client_check(client.kind, client.name) != check) return std::nullopt;
  return ClientDecisions{client.decision, client.times, client.last_until_ms};
}

// --- how it ends

void Decisions::end(Client& client, DecisionChange::What what) {
  tell(what, *client.decision);
  client.decision.reset();
  --counts_.active;
  const int64_t remember_ms = policy_ ? policy_->remember.count() : 0;
  client.forget_ms = std::max(client.forget_ms, client.last_until_ms + remember_ms);
}

/// By time, then chunk, then client, so that it does not matter how they came in.
void Decisions::end_due(int64_t now_ms) {
  while (!due_.empty() && std::get<0>(*due_.begin()) <= now_ms) {
    const auto [due_ms, chunk, hash] = *due_.begin();
    Client& client = *chunks_[chunk].clients.at(hash);
    if (client.decision) end(client, DecisionChange::What::kEnded);
    if (client.forget_ms <= now_ms)
      remove({hash, chunk});
    else
      schedule(client, {hash, chunk});
  }
}

void Decisions::impose(Decision decision, Subject subject, int64_t now_ms) {
  if (!policy_ || decision.until_ms <= now_ms) return;
  auto acts_on = policy_->subject_of(decision.client_kind, decision.client);
  if (!acts_on) {
    ++counts_.spared;
    return;
  }
  Client* client = client_of(subject, decision.client_kind, decision.client);
  if (client == nullptr) {
    ++counts_.no_room;
    return;
  }
  decision.subject = std::move(*acts_on);
  decision.times = client->times;
  const auto what = client->decision ? DecisionChange::What::kReplaced : DecisionChange::What::kMade;
  put(*client, std::move(decision), what);
  schedule(*client, subject);
}

void Decisions::lift(Subject subject, ClientKind kind, std::string_view name) {
  Client* client = known_client(subject, kind, name);
  if (client == nullptr || !client->decision) return;
  end(*client, DecisionChange::What::kDeleted);
  schedule(*client, subject);
}

void Decisions::forget(Subject subject, ClientKind kind, std::string_view name) {
  Client* client = known_client(subject, kind, name);
  if (client == nullptr) return;
  if (client->decision) end(*client, DecisionChange::What::kDeleted);
  remove(subject);
}

void Decisions::schedule(Client& client, Subject subject) {
  const int64_t due_ms = client.decision ? client.decision->until_ms : client.forget_ms;
  if (due_ms == client.due_ms) return;
  due_.erase({client.due_ms, subject.chunk, subject.client_hash});
  due_.emplace(due_ms, subject.chunk, subject.client_hash);
  client.due_ms = due_ms;
}

void Decisions::remove(Subject subject) {
  const auto found = chunks_[subject.chunk].clients.find(subject.client_hash);
  due_.erase({found->second->due_ms, subject.chunk, subject.client_hash});
  chunks_[subject.chunk].clients.erase(found);
  --clients_;
}

void Decisions::clear() {
  for (Chunk& chunk : chunks_)
    chunk = {};
  clients_ = 0;
  due_.clear();
  changes_.clear();
  counts_.active = 0;
}

}  // namespace weir
