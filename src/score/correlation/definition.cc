#include "score/correlation/definition.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace weir {
namespace {

constexpr size_t kTextsMax = 64;
constexpr size_t kTextBytesMax = 4'096;
constexpr int64_t kTimespanMaxMs = int64_t{366} * 86'400'000;

bool is_lower_bound(const CorrelationBound& bound) {
  return bound.op == CorrelationOperator::kGreater || bound.op == CorrelationOperator::kGreaterEqual;
}

void write_texts(BinaryWriter& out, const std::vector<std::string>& texts) {
  const size_t count = std::min(texts.size(), kTextsMax);
  out.varint(count);
  for (size_t i = 0; i < count; ++i)
    out.text(std::string_view(texts[i]).substr(0, kTextBytesMax));
}

bool read_texts(BinaryReader& in, std::vector<std::string>& texts) {
  const auto count = in.number<uint32_t>();
  if (count > kTextsMax) return false;
  for (uint32_t i = 0; i < count && in.ok(); ++i)
    texts.emplace_back(in.text());
  return in.ok();
}

bool read_bounds(BinaryReader& in, std::vector<CorrelationBound>& bounds) {
  const auto count = in.number<uint32_t>();
  if (count == 0 || count > Correlation::kBoundsMax) return false;
  for (uint32_t i = 0; i < count; ++i) {
    CorrelationBound& bound = bounds.emplace_back();
    bound.op = in.enumerator<CorrelationOperator>(static_cast<unsigned>(CorrelationOperator::kCount));
    bound.number = std::bit_cast<double>(in.fixed64());
    if (!in.ok() || !std::isfinite(bound.number)) return false;
  }
  return true;
}

bool read_feeds(BinaryReader& in, std::span<const std::unique_ptr<CorrelationDefinition>> known,
                std::vector<CorrelationDefinition::Feed>& feeds) {
  const auto count = in.number<uint32_t>();
  if (count > CorrelationDefinition::kFeedsMax) return false;
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t hash = in.fixed64();
    const uint8_t source = in.byte();
    const auto fed = std::find_if(known.begin(), known.end(), [&](const auto& item) { return item->hash == hash; });
    if (fed == known.end() || source >= (*fed)->sources) return false;
    feeds.push_back({fed->get(), source});
  }
  return in.ok();
}

}  // namespace

bool CorrelationDefinition::judged_at_end() const {
  if (type == CorrelationType::kValueAverage || type == CorrelationType::kValuePercentile) return true;
  return !std::all_of(bounds.begin(), bounds.end(), is_lower_bound);
}

uint64_t CorrelationDefinition::least() const {
  double least = 0;
  for (const auto& bound : bounds)
    least = std::max(least, bound.op == CorrelationOperator::kGreater ? std::floor(bound.number) + 1 : bound.number);
  return static_cast<uint64_t>(std::clamp(least, 1.0, 1e15));
}

void CorrelationDefinition::set_hash() {
  std::string bytes;
  BinaryWriter writer(bytes);
  write_definition(writer, *this);
  hash = XXH3_64bits(bytes.data(), bytes.size());
}

void write_definition(BinaryWriter& out, const CorrelationDefinition& definition) {
  out.text(definition.id);
  out.text(std::string_view(definition.title).substr(0, kTextBytesMax));
  write_texts(out, definition.tags);
  out.byte(static_cast<uint8_t>(definition.level));
  out.byte(static_cast<uint8_t>(definition.type));
  out.varint(definition.bounds.size());
  for (const auto& bound : definition.bounds) {
    out.byte(static_cast<uint8_t>(bound.op));
    out.fixed64(std::bit_cast<uint64_t>(bound.number));
  }
  out.fixed64(std::bit_cast<uint64_t>(definition.percentile));
  out.varint(static_cast<uint64_t>(definition.timespan_ms));
  out.byte(definition.sources);
  write_texts(out, definition.group_by);
  out.byte(definition.alerts ? 1 : 0);
  out.varint(definition.feeds.size());
  for (const auto& feed : definition.feeds) {
    out.fixed64(feed.definition->hash);
    out.byte(feed.source);
  }
}

void append_with_fed(const CorrelationDefinition& definition, std::vector<const CorrelationDefinition*>& ordered) {
  const auto is_same = [&](const CorrelationDefinition* correlation_definition) {
    return correlation_definition->hash == definition.hash;
  };
  if (std::any_of(ordered.begin(), ordered.end(), is_same)) return;
  for (const auto& feed : definition.feeds)
    append_with_fed(*feed.definition, ordered);
  ordered.push_back(&definition);
}

std::unique_ptr<CorrelationDefinition> read_definition(BinaryReader& in,
                                                       std::span<const std::unique_ptr<CorrelationDefinition>> known) {
  auto out = std::make_unique<CorrelationDefinition>();
  CorrelationDefinition& read = *out;
  read.id = in.text();
  read.title = in.text();
  if (!read_texts(in, read.tags)) return nullptr;
  read.level = in.enumerator<Level>(static_cast<unsigned>(Level::kCritical) + 1);
  read.type = in.enumerator<CorrelationType>(static_cast<unsigned>(CorrelationType::kCount));
  if (!in.ok() || !read_bounds(in, read.bounds)) return nullptr;
  read.percentile = std::bit_cast<double>(in.fixed64());
  if (!(read.percentile >= 0 && read.percentile < 100)) return nullptr;
  const uint64_t timespan = in.varint();
  if (timespan == 0 || timespan > static_cast<uint64_t>(kTimespanMaxMs)) return nullptr;
  read.timespan_ms = static_cast<int64_t>(timespan);
  read.sources = in.byte();
  if (read.sources == 0 || read.sources > Correlation::kSourcesMax) return nullptr;
  if (!read_texts(in, read.group_by) || read.group_by.size() > Correlation::kGroupFieldsMax) return nullptr;
  read.alerts = in.enumerator<uint8_t>(2) == 1;
  if (!read_feeds(in, known, read.feeds) || !in.ok()) return nullptr;
  read.set_hash();
  return out;
}

}  // namespace weir
