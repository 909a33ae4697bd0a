#include "score/orders/silences.h"

#include <algorithm>

#include "score/client_check.h"
#include "score/saved_client.h"

namespace weir {

void Silences::take(uint32_t chunk, const ClientOrder& order, int64_t now_ms) {
  std::vector<Silence>& own = chunks_[chunk];
  count_ -= std::erase_if(own, [&](const Silence& silence) {
    return silence.client_kind == order.client_kind && silence.client == order.client &&
           silence.episode == order.episode;
  });
  if (order.until_ms <= now_ms) return index(chunk);
  if (own.size() == kOfChunkMax) forget_first(own);
  own.push_back({order.client_kind, std::string(order.client), std::string(order.episode), order.until_ms,
                 std::string(order.reason), std::string(order.caller)});
  ++count_;
  index(chunk);
}

void Silences::forget_first(std::vector<Silence>& own) {
  own.erase(std::min_element(own.begin(), own.end(),
                             [](const Silence& a, const Silence& b) { return a.until_ms < b.until_ms; }));
  --count_;
}

size_t Silences::make_room(uint32_t chunk) {
  size_t forgotten = 0;
  for (; chunks_[chunk].size() > kOfChunkMax; ++forgotten)
    forget_first(chunks_[chunk]);
  if (forgotten > 0) index(chunk);
  return forgotten;
}

bool Silences::cover(const Alert& alert) const {
  const auto found = chunk_of_.find(client_check(alert.client_kind, alert.client));
  if (found == chunk_of_.end()) return false;
  const auto& own = chunks_[found->second];
  return std::any_of(own.begin(), own.end(), [&](const Silence& silence) {
    return alert.time < EventTime{Milliseconds{silence.until_ms}} && silence.client_kind == alert.client_kind &&
           silence.client == alert.client && (silence.episode.empty() || silence.episode == alert.episode_id);
  });
}

void Silences::expire(uint32_t chunk, int64_t horizon_ms) {
  const size_t gone =
      std::erase_if(chunks_[chunk], [&](const Silence& silence) { return silence.until_ms < horizon_ms; });
  count_ -= gone;
  if (gone > 0) index(chunk);
}

void Silences::index(uint32_t chunk) {
  absl::erase_if(chunk_of_, [&](const auto& item) { return item.second == chunk; });
  for (const Silence& silence : chunks_[chunk])
    chunk_of_[client_check(silence.client_kind, silence.client)] = chunk;
}

void Silences::clear() {
  for (auto& own : chunks_)
    own.clear();
  chunk_of_.clear();
  count_ = 0;
}

void Silences::save(uint32_t chunk, BinaryWriter& out) const {
  out.varint(chunks_[chunk].size());
  for (const Silence& silence : chunks_[chunk]) {
    out.byte(static_cast<uint8_t>(silence.client_kind));
    out.text(silence.client);
    out.text(silence.episode);
    out.zigzag(silence.until_ms);
    out.text(silence.reason);
    out.text(silence.caller);
  }
}

bool Silences::load(uint32_t chunk, BinaryReader& in, const std::function<bool(const Silence&)>& takes) {
  const auto size = in.number<uint32_t>();
  if (size > kOfChunkMax) return false;
  for (uint32_t i = 0; i < size && in.ok(); ++i) {
    Silence silence;
    silence.client_kind = in.enumerator<ClientKind>(static_cast<unsigned>(ClientKind::kGroup));
    silence.client = in.text();
    silence.episode = in.text();
    silence.until_ms = in.signed_number<int64_t>();
    silence.reason = in.text();
    silence.caller = in.text();
    if (!is_plausible_time(silence.until_ms)) return false;
    if (!in.ok() || !takes(silence)) continue;
    chunks_[chunk].push_back(std::move(silence));
    ++count_;
  }
  index(chunk);
  return in.ok();
}

}  // namespace weir
