#include <algorithm>
#include <tuple>
#include <vector>

#include "score/decisions/decisions.h"
#include "score/saved_client.h"

// Decisions as they stand in a saved chunk (docs/state-chunk.md).
namespace weir {
namespace {

constexpr uint8_t kSimulated = 1 << 0;
constexpr size_t kRulesMax = 1024;

void write_decision(const Decision& decision, BinaryWriter& out) {
  out.byte(static_cast<uint8_t>(decision.action));
  out.byte(decision.is_simulated ? kSimulated : 0);
  for (const std::string* text :
       {&decision.id, &decision.subject, &decision.rule, &decision.reason, &decision.alert_id, &decision.caller})
    out.text(*text);
  out.zigzag(decision.from_ms);
  out.zigzag(decision.until_ms);
  out.varint(static_cast<uint64_t>(decision.retry_after.count()));
  out.varint(decision.times);
}

bool read_decision(BinaryReader& in, Decision& decision) {
  decision.action = in.enumerator<DecisionAction>(static_cast<unsigned>(DecisionAction::kCount));
  decision.is_simulated = (in.byte() & kSimulated) != 0;
  for (std::string* text :
       {&decision.id, &decision.subject, &decision.rule, &decision.reason, &decision.alert_id, &decision.caller})
    *text = in.text();
  decision.from_ms = in.signed_number<int64_t>();
  decision.until_ms = in.signed_number<int64_t>();
  decision.retry_after = Milliseconds{in.number<uint32_t>()};
  decision.times = in.number<uint32_t>();
  return in.ok() && is_plausible_time(decision.from_ms) && is_plausible_time(decision.until_ms);
}

}  // namespace

bool Decisions::any(uint32_t chunk, int64_t now_ms) const {
  return !chunks_[chunk].clients.empty() || !chunks_[chunk].companies.empty() || is_spent(chunks_[chunk], now_ms);
}

void Decisions::save(uint32_t chunk, int64_t now_ms, BinaryWriter& out) const {
  const Chunk& own = chunks_[chunk];
  out.fixed64(policy_digest_);
  const bool has_budget = is_spent(own, now_ms);
  out.byte(has_budget ? 1 : 0);
  if (has_budget) out.zigzag(own.spent_ms);
  std::vector<std::pair<uint64_t, const Client*>> clients;
  for (const auto& [hash, client] : own.clients)
    clients.emplace_back(hash, client.get());
  std::sort(clients.begin(), clients.end());
  out.varint(clients.size());
  for (const auto& [hash, client] : clients) {
    out.fixed64(hash);
    save_client(*client, out);
  }
  save_companies(own, out);
}

void Decisions::save_companies(const Chunk& chunk, BinaryWriter& out) const {
  out.byte(chunk.swept_ms == kUnspent ? 0 : 1);
  if (chunk.swept_ms != kUnspent) out.zigzag(chunk.swept_ms);
  std::vector<uint64_t> addresses;
  for (const auto& [address, company] : chunk.companies)
    addresses.push_back(address);
  std::sort(addresses.begin(), addresses.end());
  out.varint(addresses.size());
  for (const uint64_t address : addresses) {
    const Company& company = chunk.companies.at(address);
    out.fixed64(address);
    out.zigzag(company.newest_ms);
    out.varint(company.customers.size());
    for (const uint32_t customer : company.customers)
      out.varint(customer);
  }
}

/// Where they are not counted any more they are left out.
bool Decisions::load_companies(Chunk& chunk, BinaryReader& in, const HashFilter& has) const {
  const bool keeps = policy_ && policy_->customers_max > 0;
  int64_t swept_ms = kUnspent;
  if (in.byte() != 0) swept_ms = in.signed_number<int64_t>();
  if (swept_ms != kUnspent && !is_plausible_time(swept_ms)) return false;
  if (keeps) chunk.swept_ms = std::max(chunk.swept_ms, swept_ms);
  const auto addresses = in.number<uint32_t>();
  if (addresses > kCompaniesMax) return false;
  for (uint32_t i = 0; i < addresses; ++i) {
    const uint64_t address = in.fixed64();
    Company company;
    company.newest_ms = in.signed_number<int64_t>();
    const auto customers = in.number<uint32_t>();
    if (!in.ok() || customers > DecisionPolicy::kCustomersMax + 1 || !is_plausible_time(company.newest_ms))
      return false;
    for (uint32_t j = 0; j < customers; ++j)
      company.customers.push_back(in.number<uint32_t>());
    if (!keeps || (has && !has(address)) || chunk.companies.size() == kCompaniesMax) continue;
    if (!chunk.companies.emplace(address, std::move(company)).second) return false;
  }
  return in.ok();
}

void Decisions::save_client(const Client& client, BinaryWriter& out) {
  out.byte(static_cast<uint8_t>(client.kind));
  out.text(client.name);
  out.varint(client.times);
  out.zigzag(client.times > 0 ? client.last_until_ms : 0);
  out.zigzag(client.forget_ms);
  auto counted = client.counted;
  std::sort(counted.begin(), counted.end(), [](const Counted& a, const Counted& b) { return a.rule < b.rule; });
  out.varint(counted.size());
  for (const Counted& of_rule : counted) {
    out.varint(of_rule.rule);
    out.varint(of_rule.times.size());
    for (const int64_t time_ms : of_rule.times)
      out.zigzag(time_ms);
  }
  out.byte(client.decision ? 1 : 0);
  if (client.decision) write_decision(*client.decision, out);
}

bool Decisions::load_client(Client& client, BinaryReader& in, bool keeps_counted) const {
  client.kind = in.enumerator<ClientKind>(static_cast<unsigned>(ClientKind::kGroup));
  client.name = in.text();
  client.times = in.number<uint32_t>();
  client.last_until_ms = in.signed_number<int64_t>();
  client.forget_ms = in.signed_number<int64_t>();
  const auto rules = in.number<uint32_t>();
  if (!in.ok() || rules > kRulesMax || !is_plausible_time(client.last_until_ms) || !is_plausible_time(client.forget_ms))
    return false;
  for (uint32_t i = 0; i < rules; ++i) {
    Counted counted;
    counted.rule = in.number<uint16_t>();
    const auto times = in.number<uint32_t>();
    if (!in.ok() || times > DecisionRule::kAlertsMax) return false;
    for (uint32_t j = 0; j < times; ++j) {
      counted.times.push_back(in.signed_number<int64_t>());
      if (!is_plausible_time(counted.times.back())) return false;
    }
    if (!std::is_sorted(counted.times.begin(), counted.times.end())) return false;
    if (keeps_counted && counted.rule < policy_->rules.size()) client.counted.push_back(std::move(counted));
  }
  const uint8_t has_decision = in.byte();
  if (!in.ok() || has_decision > 1) return false;
  if (has_decision == 0) return true;
  client.decision.emplace();
  client.decision->client_kind = client.kind;
  client.decision->client = client.name;
  return read_decision(in, *client.decision);
}

bool Decisions::load(uint32_t chunk, BinaryReader& in, const HashFilter& has) {
  Chunk& own = chunks_[chunk];
  const bool keeps_counted = in.fixed64() == policy_digest_ && policy_ != nullptr;
  if (in.byte() != 0) own.spent_ms = std::max(own.spent_ms, in.signed_number<int64_t>());
  if (own.spent_ms != kUnspent && !is_plausible_time(own.spent_ms)) return false;
  const auto clients = in.number<uint32_t>();
  for (uint32_t i = 0; i < clients && in.ok(); ++i) {
    const uint64_t hash = in.fixed64();
    auto client = std::make_unique<Client>();
    if (!load_client(*client, in, keeps_counted)) return false;
    if (has && !has(hash)) continue;
    client->due_ms = std::numeric_limits<int64_t>::min();
    const auto [added, is_new] = own.clients.emplace(hash, std::move(client));
    if (!is_new) return false;
    ++clients_;
    counts_.active += added->second->decision ? 1 : 0;
    schedule(*added->second, {hash, chunk});
  }
  return in.ok() && load_companies(own, in, has);
}

}  // namespace weir
