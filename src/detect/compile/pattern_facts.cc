#include "detect/compile/pattern_facts.h"

#include <xxhash.h>

#include "base/binary_format.h"

namespace weir {
namespace {

constexpr std::string_view kFactsKind = "patterns";

uint64_t hash_of(const Pattern& pattern) {
  return XXH3_64bits_withSeed(pattern.regex.data(), pattern.regex.size(),
                              pattern.letter_case == LetterCase::kIgnored ? 1 : 0);
}

}  // namespace

PatternFacts::PatternFacts(const std::string& cache_directory, std::string_view rules)
    : cache_(cache_directory), key_(library_and_processor() + "\n" + std::string(rules)) {
  const auto content = cache_.find(kFactsKind, key_);
  if (content && !read(*content)) facts_.clear();
}

bool PatternFacts::read(std::string_view content) {
  BinaryReader reader(content);
  while (reader.ok() && reader.left() > 0) {
    const uint64_t hash = reader.fixed64();
    Facts facts;
    facts.min_width = reader.number<uint32_t>();
    facts.max_width = reader.number<uint32_t>();
    facts.prefilter = reader.enumerator<uint8_t>(2) != 0;
    facts_.emplace(hash, facts);
  }
  return reader.ok();
}

Status PatternFacts::inspect(Pattern& pattern) {
  const uint64_t hash = hash_of(pattern);
  if (const auto known = facts_.find(hash); known != facts_.end()) {
    pattern.min_width = known->second.min_width;
    pattern.max_width = known->second.max_width;
    pattern.prefilter = known->second.prefilter;
    return {};
  }
  asked_ = true;
  if (Status status = inspect_pattern(pattern); !status) return status;
  facts_.emplace(hash, Facts{pattern.min_width, pattern.max_width, pattern.prefilter});
  return {};
}

void PatternFacts::keep() const {
  if (!asked_) return;
  std::string content;
  BinaryWriter writer(content);
  for (const auto& [hash, facts] : facts_) {
    writer.fixed64(hash);
    writer.varint(facts.min_width);
    writer.varint(facts.max_width);
    writer.byte(facts.prefilter ? 1 : 0);
  }
  cache_.keep(kFactsKind, key_, content);
}

}  // namespace weir
