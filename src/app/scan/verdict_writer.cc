#include "app/scan/verdict_writer.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <string_view>

#include "app/scan/scan_findings.h"

namespace weir {
namespace {

/// One object and its line end.
class JsonLine {
 public:
  explicit JsonLine(const RecordPlace& place) : json_(buffer_) {
    json_.StartObject();
    if (place.partition) {
      text("topic", place.name);
      json_.Key("partition");
      json_.Int(*place.partition);
      json_.Key("offset");
      json_.Int64(place.number);
      return;
    }
    json_.Key("line");
    json_.Int64(place.number);
    text("file", place.name);
  }

  void text(const char* key, std::string_view value) {
    json_.Key(key);
    string(value);
  }
  void string(std::string_view value) { json_.String(value.data(), static_cast<rapidjson::SizeType>(value.size())); }
  rapidjson::Writer<rapidjson::StringBuffer>& json() { return json_; }

  void end(std::string& out) {
    json_.EndObject();
    out.append(buffer_.GetString(), buffer_.GetSize());
    out += '\n';
  }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> json_;
};

void write_findings(const RecordVerdict& verdict, const RuleSet& rules, JsonLine& object) {
  auto& json = object.json();
  json.Key("categories");
  json.StartArray();
  for (size_t i = 0; i < static_cast<size_t>(Category::kCount); ++i) {
    const auto category = static_cast<Category>(i);
    if (verdict.categories & mask_of(category)) object.string(to_string(category));
  }
  json.EndArray();
  json.Key("rules");
  json.StartArray();
  for (const uint32_t rule : verdict.rules)
    object.string(rules.rules()[rule].id);
  for (size_t i = 0; i < verdict.violations.size(); ++i) {
    const auto begin = verdict.violations.begin(), at = begin + static_cast<std::ptrdiff_t>(i);
    if (std::find(begin, at, *at) == at) object.string(info_of(*at).id);
  }
  json.EndArray();
  json.Key("titles");
  json.StartArray();
  for (const std::string_view title : titles_of(verdict, rules))
    object.string(title);
  json.EndArray();
}

}  // namespace

void write_verdict(const RejectedRecord& rejected, const RecordPlace& place, std::string& out) {
  JsonLine object(place);
  object.text("request_id", "");
  // null, not false: a record that could not be read was not found clean.
  object.json().Key("malicious");
  object.json().Null();
  object.text("rejected", to_string(rejected.reason));
  object.text("detail", rejected.detail);
  object.end(out);
}

void write_verdict(const RecordVerdict& verdict, const RuleSet& rules, const RecordPlace& place, std::string& out) {
  JsonLine object(place);
  object.text("client", verdict.client);
  object.text("host", verdict.host);
  object.text("target", verdict.target);
  object.text("request_id", verdict.request_id);
  object.json().Key("malicious");
  object.json().Bool(verdict.malicious);
  object.json().Key("score");
  object.json().Int(verdict.score);
  write_findings(verdict, rules, object);
  object.end(out);
}

}  // namespace weir
