#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace weir::testing {

/// Where a record is large.
enum class WorstPlace : uint8_t { kQuery, kManyParameters, kPath, kForm, kJsonBody, kTextBody, kHeader, kUserAgent };
inline constexpr std::array<const char*, 8> kWorstPlaceNames{"query", "parameters", "path",   "form",
                                                             "json",  "text",       "header", "user agent"};

/// A unit that fills a record, again and again.
struct WorstRecord {
  WorstPlace place = WorstPlace::kQuery;
  std::string unit;
};

inline constexpr size_t kWorstBytes = 64 << 10;

inline std::string json_escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

/// Of the flat profile. No two lines of records with different numbers are the same.
inline std::string payload_of(const WorstRecord& record, uint64_t number) {
  const std::string mark = std::to_string(number);
  std::string text = mark;
  if (record.place == WorstPlace::kManyParameters) {
    text.clear();
    for (size_t i = 0; text.size() < kWorstBytes; ++i) {
      text.append(text.empty() ? "" : "&").append("p").append(std::to_string(i)).append("_").append(mark).append("=");
      for (int k = 0; k < 4; ++k)
        text += record.unit;
    }
  }
  while (text.size() < kWorstBytes)
    text += record.unit;
  const std::string value = json_escaped(text);
  std::string out = R"({"ts":"2025-01-15T00:00:00.000Z","ip":"203.0.113.77","method":"POST","host":"shop.example.com")";
  const auto field = [&](const char* name, const std::string& content) {
    out.append(",\"").append(name).append("\":\"").append(content).append("\"");
  };
  field("path", record.place == WorstPlace::kPath ? "/" + value : "/items");
  if (record.place == WorstPlace::kQuery) field("query", "q=" + value);
  if (record.place == WorstPlace::kManyParameters) field("query", value);
  if (record.place == WorstPlace::kUserAgent) field("user_agent", value);
  if (record.place == WorstPlace::kHeader) out.append(R"(,"headers":{"x-custom":")").append(value).append("\"}");
  if (record.place == WorstPlace::kForm) {
    field("content_type", "application/x-www-form-urlencoded");
    field("body", "q=" + value);
  }
  if (record.place == WorstPlace::kJsonBody) {
    field("content_type", "application/json");
    field("body", json_escaped("{\"q\":\"" + value + "\"}"));
  }
  if (record.place == WorstPlace::kTextBody) {
    field("content_type", "text/plain");
    field("body", value);
  }
  return out + "}";
}

}  // namespace weir::testing
